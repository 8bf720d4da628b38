// tombolo plan: what `up` would do, and nothing done.
#include <ostream>

#include "cli/commands.hpp"
#include "cli/plan_text.hpp"
#include "cli/runtime.hpp"

namespace tombolo::cli {
namespace {

Result<Exit> run_plan(Invocation& call) {
  const auto file = TRY(load_cluster_file(call));
  const auto runtime = TRY(make_runtime(call));
  const auto session =
      TRY(runtime->open(file.cluster, cluster::Access::kLook, "plan", nullptr, !call.args.flag("--no-wait")));
  const bool offline = call.args.flag("--offline");
  const auto planned = TRY(cluster::make_plan(*session, {offline, {}}, call.stop));
  const auto& plan = planned.plan;
  if (call.console.json) {
    auto json = engine::to_json(plan);
    json.as_object()["cluster"] = file.cluster.name;
    json.as_object()["region"] = file.cluster.region;
    json.as_object()["offline"] = offline;
    if (const auto cost = cluster::standing_cost(file.cluster)) json.as_object()["dollarsPerHour"] = *cost;
    call.console.print(json);
  } else {
    call.console.out << "Cluster " << file.cluster.name << " in " << file.cluster.region;
    if (planned.facts)
      call.console.out << ", account " << planned.facts->account;
    else
      call.console.out << ", planned offline: AWS as it was last seen";
    call.console.out << "\n\n"
                     << plan_text(plan, call.console.colour) << "\n"
                     << plan_summary(plan) << "\n"
                     << cost_text(file.cluster) << "\n";
  }
  if (!plan.refusals.empty()) return fail(plan.refusals.front());
  return call.args.flag("--detailed-exitcode") && !plan.empty() ? Exit::kChangesPending : Exit::kDone;
}

}  // namespace

Command make_plan() {
  Command command;
  command.path = "plan";
  command.summary = "Show what `tombolo up` would change";
  command.description =
      "Reads AWS, this machine's keys and certificates and the journal, compares them with the cluster file, and "
      "prints the "
      "difference. Changes nothing.\n\n"
      "With --offline it needs neither credentials nor a network: AWS is taken to be as the journal last saw it.";
  command.example =
      "tombolo plan\ntombolo plan --offline -o json\ntombolo plan --detailed-exitcode || echo \"something would "
      "change\"";
  command.options = {{"--offline", "", "Ask nobody: plan against what the journal last saw"},
                     {"--detailed-exitcode", "", "Exit with 2 when something would change"},
                     {"--no-wait", "", "Plan as for `tombolo up --no-wait`"}};
  for (auto& option : aws_options()) command.options.push_back(option);
  command.prints_data = true;
  command.run = run_plan;
  return command;
}

}  // namespace tombolo::cli
