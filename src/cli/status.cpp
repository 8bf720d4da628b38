// tombolo status: what there is, and what differs from the cluster file.
#include <fmt/format.h>

#include <ostream>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/picture.hpp"
#include "cli/plan_text.hpp"
#include "cli/runtime.hpp"
#include "cli/table.hpp"
#include "cluster/clusters_status.hpp"
#include "cluster/members.hpp"

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

double in_milliseconds(Duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

std::string age(Duration d) { return format_duration(std::chrono::floor<std::chrono::seconds>(d)) + " ago"; }

engine::Json to_json(const cluster::MeshStatus& mesh) {
  codec::JsonArray members;
  for (const auto& m : mesh.members) {
    codec::JsonObject one{{"name", m.name}, {"role", spec::name(m.role)}, {"address", m.address.text()}};
    one["milliseconds"] = m.round_trip ? engine::Json(in_milliseconds(*m.round_trip)) : engine::Json();
    one["handshakeSeconds"] =
        m.handshake_age ? engine::Json(std::chrono::duration<double>(*m.handshake_age).count()) : engine::Json();
    if (!m.seen_from.empty()) one["from"] = m.seen_from;
    if (!m.trouble.empty()) one["trouble"] = m.trouble;
    members.push_back(std::move(one));
  }
  return members;
}

using Clusters = std::optional<cluster::ClustersStatus>;

engine::Json to_json(const spec::Cluster& file, const cluster::StatusReport& status, const cluster::MeshStatus& mesh,
                     const Clusters& clusters) {
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
          {"resources", std::move(resources)},
          {"members", to_json(mesh)},
          {"clusters", clusters ? cluster::to_json(*clusters) : engine::Json()}};
}

// Nodes, Liqo, and every pod that is not ready with its reason.
void print_side(Console& console, std::string_view side, const cluster::SideStatus& status) {
  auto& out = console.out;
  out << "  " << side << (status.version.empty() ? "" : ", Kubernetes " + status.version) << "\n";
  if (!status.trouble.empty()) out << "    cannot be asked: " << printable(status.trouble) << "\n";
  for (const auto& n : status.nodes)
    out << "    node " << n.name << ": "
        << paint(n.ready ? "Ready" : "not Ready", n.ready ? Colour::kGreen : Colour::kRed, console.colour)
        << (n.why.empty() ? "" : ", " + printable(n.why)) << (n.is_virtual ? ", virtual" : "") << "\n";
  if (const auto& l = status.liqo)
    out << "    Liqo " << l->version << " in " << l->name_space << " as " << l->cluster_id << ": "
        << paint(l->ready() ? "ready" : "not ready", l->ready() ? Colour::kGreen : Colour::kRed, console.colour)
        << "\n";
  else if (status.trouble.empty())
    out << "    no Liqo\n";
  for (const auto& p : status.waiting)
    out << "    pod " << p.name_space << "/" << p.name << ": " << printable(p.why) << "\n";
}

void print_clusters(Console& console, const cluster::ClustersStatus& clusters) {
  print_side(console, "home", clusters.home);
  print_side(console, "cloud", clusters.cloud);
  if (!clusters.skew.empty()) console.out << "  " << clusters.skew << "\n";
  console.out << "\n";
}

Colour colour_of(Health health) {
  switch (health) {
    case Health::kGood: return Colour::kGreen;
    case Health::kWaiting: return Colour::kYellow;
    case Health::kBad: return Colour::kRed;
    case Health::kAbsent: return Colour::kGrey;
  }
  return Colour::kNone;
}

std::string component_table(const std::vector<Component>& list, bool colour) {
  Table table({"COMPONENT", "STATUS", "NOTES"});
  for (const auto& c : list) table.add({c.name, paint(c.status, colour_of(c.health), colour), printable(c.notes)});
  return table.render(2);
}

void print(Invocation& call, const spec::Cluster& file, const cluster::Session& session,
           const cluster::StatusReport& status, const cluster::MeshStatus& mesh, const Clusters& clusters) {
  auto& out = call.console.out;
  out << "Cluster " << file.name << " in " << file.region << ", account " << status.facts.account << "\n\n";
  Table table({"RESOURCE", "STATE", "ID", ""});
  for (const auto& c : status.drift.changes)
    table.add({c.address.text(), paint(word(c), colour_of(word(c)), call.console.colour),
               c.observed ? cut(c.observed->id, 28) : "", detail(c)});
  out << table.render(2) << "\n";
  Table members({"MEMBER", "MESH ADDRESS", "LATENCY", "HANDSHAKE", "GROUPS", ""});
  for (std::size_t i = 0; i < mesh.members.size(); ++i) {
    const auto& m = mesh.members[i];
    members.add({m.name, m.address.text(),
                 m.round_trip ? fmt::format("{:.1f} ms", in_milliseconds(*m.round_trip)) : "-",
                 m.handshake_age ? age(*m.handshake_age) : "-",
                 fmt::format("{}", fmt::join(file.mesh.members[i].groups, ",")), m.trouble});
  }
  out << members.render(2) << "\n";
  if (clusters) {
    print_clusters(call.console, *clusters);
    out << component_table(components(file, status, mesh, *clusters), call.console.colour) << "\n"
        << topology(file, status, mesh, *clusters) << "\n";
  }
  if (const auto holder = store::lock_holder(session.folder()))
    out << "A run of `tombolo " << holder->command << "` is under way (process " << holder->pid << ").\n";
  out << (status.drift.empty() ? "Everything is as the cluster file says.\n"
                               : plan_summary(status.drift) + " Run `tombolo up`.\n")
      << std::flush;
}

Result<Exit> run_status(Invocation& call) {
  const auto file = TRY(load_cluster_file(call));
  const bool watch = call.args.flag("--watch");
  if (watch && call.simulated())
    return fail(Code::kUnsupported, "--watch has nothing to watch in simulated time",
                "Run `tombolo status --sim` again.");
  const bool machines = !call.args.flag("--no-wait");
  const auto runtime = TRY(make_runtime(call));
  const auto session = TRY(runtime->open(file.cluster, cluster::Access::kLook, "status", nullptr, machines));
  while (true) {
    const auto status = TRY(cluster::status(*session, call.stop));
    const auto mesh = machines ? TRY(cluster::look_at_members(*session, call.stop)) : cluster::MeshStatus{};
    Clusters clusters;
    if (machines && session->has_clusters()) clusters = TRY(cluster::look_at_clusters(*session, call.stop));
    if (watch && call.console.terminal) call.console.out << "\x1b[H\x1b[2J";
    if (call.console.json && watch)
      call.console.out << codec::to_text(to_json(file.cluster, status, mesh, clusters)) << "\n" << std::flush;
    else if (call.console.json)
      call.console.print(to_json(file.cluster, status, mesh, clusters));
    else
      print(call, file.cluster, *session, status, mesh, clusters);
    if (!watch || !runtime->clock().sleep_for(std::chrono::seconds(2), call.stop)) return Exit::kDone;
  }
}

}  // namespace

Command make_status() {
  Command command;
  command.path = "status";
  command.summary = "Show every resource, its state, and what differs from the cluster file";
  command.description =
      "Asks AWS, this machine, the lighthouse, the mesh and both Kubernetes clusters; changes nothing. `ready` means "
      "that its user could use it: "
      "a "
      "member of the mesh is ready when a packet came back. The lighthouse is asked from here, the other members by "
      "the "
      "lighthouse.";
  command.example = "tombolo status\ntombolo status --watch\ntombolo status -o json";
  command.options = {{"-w,--watch", "", "Look again every two seconds until Ctrl-C; with -o json a line each time"},
                     {"--no-wait", "", "Ask AWS only: count a lighthouse as ready that AWS calls running"}};
  for (auto& option : aws_options()) command.options.push_back(option);
  command.prints_data = true;
  command.run = run_status;
  return command;
}

}  // namespace tombolo::cli
