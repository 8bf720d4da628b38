// tombolo up: from the cluster file to two clusters on one mesh.
#include <fmt/format.h>

#include <ostream>
#include <set>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/plan_text.hpp"
#include "cli/report.hpp"
#include "cli/runtime.hpp"

namespace tombolo::cli {
namespace {

Result<std::set<engine::Address>> recreated(const Invocation& call) {
  std::set<engine::Address> out;
  for (const auto& what : call.args.values("--recreate")) {
    if (what != "lighthouse")
      return fail(Code::kBadInput, fmt::format("--recreate {}: there is nothing of that name to recreate", what),
                  "It can be: lighthouse.");
    out.insert({std::string(cluster::kInstanceKind), what});
  }
  return out;
}

// What the next thing to do is, when everything is made.
void print_outcome(Invocation& call, const spec::Cluster& file, const engine::State& state, bool changed) {
  auto& out = call.console.out;
  const auto outputs = [&](std::string_view kind, const std::string& name) {
    const auto it = state.find({std::string(kind), name});
    return it == state.end() ? engine::Json() : it->second.outputs;
  };
  const auto machine = outputs(cluster::kInstanceKind, "lighthouse");
  out << (changed ? "\nDone. " : "Nothing to do. ") << "Lighthouse " << codec::text_at(machine, "id") << " at "
      << codec::text_at(outputs(cluster::kAddressKind, "lighthouse"), "ip") << ", UDP " << file.mesh.listen_port
      << ".\n";
  if (const auto node = codec::text_at(outputs(cluster::kPeeringKind, "cloud"), "node"); !node.empty())
    out << "The virtual node " << node << " is Ready at home. `tombolo test` runs a pod on it.\n";
}

Result<Exit> run_up(Invocation& call) {
  const auto file = TRY(load_cluster_file(call));
  TRY(cluster::check_limits(file.cluster));
  const bool dry = call.args.flag("--dry-run");
  const auto runtime = TRY(make_runtime(call));
  Progress progress(call.console);
  const auto session = TRY(runtime->open(file.cluster, dry ? cluster::Access::kLook : cluster::Access::kChange, "up",
                                         &progress, !call.args.flag("--no-wait")));
  if (call.args.flag("--lighthouse-only")) session->leave_clusters_out();
  if (call.args.flag("--skip-peering")) session->leave_peering_out();
  auto planned = TRY(cluster::make_plan(*session, {false, TRY(recreated(call))}, call.stop));
  const bool nothing = planned.plan.empty();
  if (dry && call.console.json) {
    call.console.print(engine::to_json(planned.plan));
    return Exit::kDone;
  }
  if (!call.console.json && (dry || !nothing))
    call.console.out << plan_text(planned.plan, call.console.colour) << "\n"
                     << plan_summary(planned.plan) << "\n"
                     << cost_text(file.cluster) << "\n"
                     << std::flush;
  if (!planned.plan.refusals.empty()) return fail(planned.plan.refusals.front());
  if (dry) return Exit::kDone;
  if (!nothing && !call.args.flag("--yes") && !TRY(confirm(call.console, "Carry this out?", "--yes")))
    return fail(Code::kCancelled, "nothing was changed");

  const auto report = TRY([&] {
    const auto drawing = call.console.terminal ? keep_redrawing(progress, runtime->clock()) : std::jthread();
    return cluster::up(*session, std::move(planned), call.stop);
  }());
  // A full disk stops every step with the same words: they are said once.
  std::set<std::string> said;
  for (const auto& error : report.applied.errors())
    if (said.insert(error.sentence()).second) cli::report(call.console, error);
  if (report.applied.cancelled)
    return fail(Code::kCancelled, "stopped; what was begun is in the journal",
                "Run `tombolo up` again to go on, or `tombolo down` to remove what there is.");
  if (!report.applied.ok())
    return fail(Code::kBroken, "not everything could be done; what was done stays",
                "Mend the cause and run `tombolo up` again: it goes on where this run ended.");
  if (!report.left.empty())
    return fail(Code::kBroken, "the cluster does not come to rest: something undoes what `up` does",
                "Run `tombolo plan` to see what keeps changing.");
  if (!call.console.json) print_outcome(call, file.cluster, session->state(), report.changed);
  return Exit::kDone;
}

}  // namespace

Command make_up() {
  Command command;
  command.path = "up";
  command.summary = "Make the cluster as the cluster file says";
  command.description =
      "Certificates, security group, key pair, elastic address and the lighthouse: makes what is missing, changes what "
      "differs, and "
      "waits until a packet came back over the mesh; then k3s and Liqo in the cloud, Nebula and Liqo in the home "
      "cluster, "
      "until both installations could be used; then it peers them, until the virtual node is Ready, and offloads the "
      "namespaces of the file. The lighthouse's SSH host keys are proven before anything is "
      "trusted, it makes its own Nebula key, and its certificate goes out over that connection. Run it again at any "
      "time: after an interruption, a reboot or a half-run bootstrap it finishes what was begun, and with nothing to "
      "do "
      "it does nothing.\n\n"
      "The first Ctrl-C lets the calls in flight end and stops; nothing is lost.";
  command.example = "tombolo up\ntombolo up --yes --no-wait\ntombolo up --recreate lighthouse";
  command.options = {
      {"-y,--yes", "", "Do not ask before carrying the plan out"},
      {"--dry-run", "", "Show the plan and stop"},
      {"--lighthouse-only", "", "Stop when the lighthouse is in the mesh; leave both Kubernetes clusters as they are"},
      {"--skip-peering", "", "Stop when both clusters have Liqo ready; leave a peering as it is"},
      {"--recreate",
       "WHAT",
       "Remove it first and make it anew, whatever its state; `lighthouse` keeps its elastic address",
       "",
       {},
       true},
      {"--no-wait", "", "Be content when AWS has everything running; do not wait for the machine's bootstrap"}};
  for (auto& option : aws_options()) command.options.push_back(option);
  command.prints_data = true;
  command.run = run_up;
  return command;
}

}  // namespace tombolo::cli
