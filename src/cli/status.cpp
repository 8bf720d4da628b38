// tombolo status: what there is, and what differs from the cluster file.
#include <fmt/format.h>

#include <ostream>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/plan_text.hpp"
#include "cli/runtime.hpp"
#include "cli/table.hpp"

namespace tombolo::cli {
namespace {

using engine::Action;

std::string_view word(const engine::Change& c) {
  switch (c.action) {
    case Action::kNone:
    case Action::kAdopt: return "ready";
    case Action::kCreate: return "missing";
    case Action::kUpdate:
    case Action::kReplace: return "differs";
    case Action::kWait: return "not ready";
    case Action::kDelete: return "surplus";
    case Action::kSettle:
    case Action::kForget: return "unsettled";
  }
  return "";
}

Colour colour_of(std::string_view state) {
  if (state == "ready") return Colour::kGreen;
  return state == "missing" || state == "surplus" ? Colour::kRed : Colour::kYellow;
}

// What is worth knowing of one resource in one line.
std::string detail(const engine::Change& c) {
  if (!c.observed) return c.reason;
  const auto& out = c.observed->outputs;
  std::string text;
  const auto add = [&](const std::string& more) {
    if (!more.empty()) text += (text.empty() ? "" : ", ") + more;
  };
  add(codec::text_at(out, "ip"));
  add(codec::text_at(out, "zone"));
  if (const auto end = codec::text_at(out, "notAfter"); !end.empty()) add("valid until " + end.substr(0, 10));
  add(c.reason);
  for (const auto& f : c.fields) add(f.field + " differs");
  return text;
}

engine::Json to_json(const spec::Cluster& file, const cluster::StatusReport& status) {
  codec::JsonArray resources;
  for (const auto& c : status.drift.changes) {
    const engine::Json outputs = c.observed ? c.observed->outputs : engine::Json();
    resources.push_back({{"address", c.address.text()},
                         {"state", word(c)},
                         {"id", c.observed ? c.observed->id : ""},
                         {"generation", c.observed ? c.observed->generation : 0},
                         {"detail", detail(c)},
                         {"outputs", outputs}});
  }
  return {{"cluster", file.name},
          {"region", file.region},
          {"account", status.facts.account},
          {"asWished", status.drift.empty()},
          {"resources", std::move(resources)}};
}

Result<Exit> run(Invocation& call) {
  const auto file = TRY(load_cluster_file(call));
  const auto runtime = TRY(make_runtime(call));
  const auto session =
      TRY(runtime->open(file.cluster, cluster::Access::kLook, "status", nullptr, !call.args.flag("--no-wait")));
  const auto status = TRY(cluster::status(*session, call.stop));
  if (call.console.json) {
    call.console.print(to_json(file.cluster, status));
    return Exit::kDone;
  }
  auto& out = call.console.out;
  out << "Cluster " << file.cluster.name << " in " << file.cluster.region << ", account " << status.facts.account
      << "\n\n";
  Table table({"RESOURCE", "STATE", "ID", ""});
  for (const auto& c : status.drift.changes)
    table.add({c.address.text(), paint(word(c), colour_of(word(c)), call.console.colour),
               c.observed ? cut(c.observed->id, 28) : "", detail(c)});
  out << table.render(2) << "\n";
  Table members({"MEMBER", "MESH ADDRESS", "GROUPS"});
  for (const auto& m : file.cluster.mesh.members)
    members.add({m.name, m.address.text(), fmt::format("{}", fmt::join(m.groups, ","))});
  out << members.render(2) << "\n";
  if (const auto holder = store::lock_holder(session->folder()))
    out << "A run of `tombolo " << holder->command << "` is under way (process " << holder->pid << ").\n";
  out << (status.drift.empty() ? "Everything is as the cluster file says.\n"
                               : plan_summary(status.drift) + " Run `tombolo up`.\n");
  return Exit::kDone;
}

}  // namespace

Command make_status() {
  Command command;
  command.path = "status";
  command.summary = "Show every resource, its state, and what differs from the cluster file";
  command.description = "Reads AWS and this machine; changes nothing. `ready` means that its user could use it.";
  command.example = "tombolo status\ntombolo status -o json";
  command.options = {{"--no-wait", "", "Count a lighthouse as ready that AWS calls running"}};
  for (auto& option : aws_options()) command.options.push_back(option);
  command.prints_data = true;
  command.run = run;
  return command;
}

}  // namespace tombolo::cli
