// tombolo cert status: every authority and certificate, how long it lasts, and what needs doing.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "base/files.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/runtime.hpp"
#include "cli/table.hpp"
#include "cluster/desired.hpp"
#include "cluster/mesh_trust.hpp"
#include "liqo/state.hpp"
#include "nebula/layout.hpp"

namespace tombolo::cli {
namespace {

struct Row {
  std::string name, role, address, groups, fingerprint, authority;
  std::optional<Time> not_after;
  std::string state;  // "valid", or what needs doing
};

std::string comma_list(const std::vector<std::string>& list) { return fmt::format("{}", fmt::join(list, ",")); }

std::string state_of(const nebula::Certificate& certificate, const nebula::Ledger& ledger, Time now,
                     const std::string& home, const std::string& previous) {
  const auto& d = certificate.details();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  if (const auto* entry = ledger.find(certificate.fingerprint()); entry && entry->revoked_at) return "revoked";
  if (d.not_after < seconds) return "expired";
  if (d.not_before > seconds) return "not yet valid";
  if (!d.is_ca && !previous.empty() && d.issuer.text() == previous) return "of the old authority";
  if (!d.is_ca && d.issuer.text() != home) return "of an unknown authority";
  return nebula::due_for_renewal(d, seconds) ? "renew soon" : "valid";
}

Row row_of(const nebula::Certificate& certificate, std::string name, std::string role, std::string state) {
  const auto& d = certificate.details();
  return {std::move(name),
          std::move(role),
          d.networks.empty() ? "" : d.networks.front().address().text(),
          comma_list(d.groups),
          certificate.fingerprint().text(),
          d.is_ca ? "" : d.issuer.text(),
          Time(d.not_after),
          std::move(state)};
}

Result<std::vector<Row>> rows_of(const spec::Cluster& cluster, const store::StateFolder& state, Time now) {
  const nebula::Layout layout(state.path());
  const auto ledger = TRY(cluster::read_ledger(state));
  std::vector<Row> out;
  std::string home, previous;
  const auto authority = [&](const std::string& path, const char* name) -> Result<std::string> {
    if (!file_exists(path)) return std::string();
    const auto certificate = TRY(context(nebula::parse_certificate(TRY(read_file(path))), "reading " + path));
    const bool old = std::string_view(name) == "previous home CA";
    out.push_back(
        row_of(certificate, name, "authority", old ? "being replaced" : state_of(certificate, ledger, now, "", "")));
    return certificate.fingerprint().text();
  };
  home = TRY(authority(layout.home_ca_certificate(), "home CA"));
  previous = TRY(authority(layout.previous_ca_certificate(), "previous home CA"));
  TRY(authority(layout.worker_ca_certificate(), "worker CA"));
  auto members = cluster.mesh.members;
  members.push_back({std::string(spec::kProbeName), spec::Role::kOperator, cluster.mesh.probe_address(), {}});
  for (const auto& member : members) {
    if (member.role == spec::Role::kWorker) continue;
    const auto path = layout.member_certificate(member.name);
    if (!file_exists(path)) {
      out.push_back({member.name,
                     std::string(spec::name(member.role)),
                     member.address.text(),
                     comma_list(member.groups),
                     "",
                     "",
                     {},
                     "not issued"});
      continue;
    }
    const auto certificate = TRY(context(nebula::parse_certificate(TRY(read_file(path))), "reading " + path));
    auto word = state_of(certificate, ledger, now, home, previous);
    // The lighthouse's key is on the lighthouse.
    if (word == "valid" && member.role != spec::Role::kLighthouse && !file_exists(layout.member_key(member.name)))
      word = "valid, its key is elsewhere";
    out.push_back(row_of(certificate, member.name, std::string(spec::name(member.role)), word));
  }
  return out;
}

// The peering's, which home keeps; nothing where the journal knows of no peering.
Result<std::vector<Row>> peering_rows(cluster::Session& session, const std::stop_token& stop) {
  const auto known = session.state().find({std::string(cluster::kPeeringKind), "cloud"});
  if (!session.peers() || known == session.state().end() || known->second.id.empty()) return std::vector<Row>{};
  Row row;
  row.role = "peering";
  const auto home = session.kubernetes().home(stop);
  const auto state = home ? liqo::look_at_peering(**home, nullptr, cluster::cloud_cluster_id(session.cluster()), stop)
                          : fail(home.error());
  if (!state) {
    row.name = known->second.id;
    row.state = "home cannot be asked";
    return std::vector{row};
  }
  std::vector<Row> out;
  for (const auto& c : state->certificates) {
    row.name = c.name;
    row.not_after = c.until;
    row.state = c.until < session.clock().now() ? "expired" : c.due ? "renew soon" : "valid";
    out.push_back(row);
  }
  return out;
}

bool needs_doing(const Row& row) { return !row.state.starts_with("valid"); }

std::int64_t days_left(const Row& row, Time now) {
  return row.not_after ? std::chrono::floor<std::chrono::days>(*row.not_after - now).count() : 0;
}

Result<Exit> run_cert_status(Invocation& call) {
  const auto file = TRY(load_cluster_file(call));
  const auto runtime = TRY(make_runtime(call));
  const auto now = runtime->clock().now();
  auto rows = TRY(rows_of(file.cluster, store::StateFolder(call.state_dir()), now));
  const auto session = TRY(runtime->open(file.cluster, cluster::Access::kLook, "cert status", nullptr, true));
  for (auto& row : TRY(peering_rows(*session, call.stop))) rows.push_back(std::move(row));
  const bool any = std::any_of(rows.begin(), rows.end(), needs_doing);
  if (call.console.json) {
    codec::JsonArray list;
    for (const auto& r : rows)
      list.push_back({{"name", r.name},
                      {"role", r.role},
                      {"address", r.address},
                      {"groups", r.groups},
                      {"fingerprint", r.fingerprint},
                      {"authority", r.authority},
                      {"notAfter", r.not_after ? format_time(*r.not_after) : ""},
                      {"daysLeft", days_left(r, now)},
                      {"state", r.state}});
    call.console.print({{"certificates", std::move(list)}, {"needsDoing", any}});
  } else {
    Table table({"NAME", "ROLE", "MESH ADDRESS", "FINGERPRINT", "VALID UNTIL", "DAYS", "STATE"});
    for (const auto& r : rows)
      table.add({r.name, r.role, r.address, r.fingerprint.substr(0, 12),
                 r.not_after ? format_time(*r.not_after).substr(0, 10) : "-",
                 r.not_after ? std::to_string(days_left(r, now)) : "-",
                 paint(r.state, needs_doing(r) ? Colour::kYellow : Colour::kGreen, call.console.colour)});
    call.console.out << table.render(0);
    if (any)
      call.console.out
          << "\n`tombolo up` issues what is missing and renews what ends; other Nebula hosts get theirs with "
             "`tombolo mesh config`.\n";
  }
  return any && call.args.flag("--detailed-exitcode") ? Exit::kChangesPending : Exit::kDone;
}

}  // namespace

Command make_cert_status() {
  Command command;
  command.path = "cert status";
  command.summary = "Show the authorities and certificates of mesh and peering, and how long they last";
  command.description =
      "Reads the state folder, and asks home for the certificates of the peering when there is one. Liqo renews those "
      "itself after two thirds of their time; what it has not renewed `tombolo up` does. A certificate of the mesh is "
      "renewed by `tombolo up` in the last third of its life, at the "
      "earliest 30 days before it ends.";
  command.example = "tombolo cert status\ntombolo cert status --detailed-exitcode || tombolo up";
  command.options = {{"--detailed-exitcode", "", "Exit with 2 when something needs doing"}};
  command.prints_data = true;
  command.run = run_cert_status;
  return command;
}

}  // namespace tombolo::cli
