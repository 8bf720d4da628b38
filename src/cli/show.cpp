// tombolo show: the recipe's two tables, "Reference Values" and "File Locations", filled in.
#include <ostream>

#include "base/files.hpp"
#include "cli/commands.hpp"
#include "cli/runtime.hpp"
#include "cli/table.hpp"
#include "cluster/kinds.hpp"
#include "nebula/layout.hpp"

namespace tombolo::cli {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

// From the journal alone: it needs neither credentials nor a network.
Rows values(const spec::Cluster& file, const engine::State& state) {
  const auto output = [&](std::string_view kind, const std::string& name, std::string_view field) {
    const auto it = state.find({std::string(kind), name});
    return it == state.end() || it->second.id.empty() ? std::string() : codec::text_at(it->second.outputs, field);
  };
  Rows rows{{"AWS Region", file.region},
            {"Security Group", output(cluster::kGroupKind, "lighthouse", "id")},
            {"SSH Key", output(cluster::kKeyPairKind, "operator", "name")},
            {"AMI", output(cluster::kInstanceKind, "lighthouse", "image")},
            {"Instance ID", output(cluster::kInstanceKind, "lighthouse", "id")},
            {"Zone", output(cluster::kInstanceKind, "lighthouse", "zone")},
            {"Elastic IP", output(cluster::kAddressKind, "lighthouse", "ip")},
            {"Allocation ID", output(cluster::kAddressKind, "lighthouse", "id")},
            {"Association ID", output(cluster::kAssociationKind, "lighthouse", "id")}};
  for (const auto& member : file.mesh.members) rows.emplace_back("Nebula IP of " + member.name, member.address.text());
  return rows;
}

Rows files(const spec::Cluster& file, const store::StateFolder& folder) {
  const nebula::Layout layout(folder.path());
  Rows rows{{"CA Certificate", layout.home_ca_certificate()},
            {"CA Key", layout.home_ca_key()},
            {"Worker CA Certificate", layout.worker_ca_certificate()},
            {"Worker CA Key", layout.worker_ca_key()},
            {"Certificate Ledger", layout.ledger()}};
  for (const auto& member : file.mesh.members) {
    rows.emplace_back("Certificate of " + member.name, layout.member_certificate(member.name));
    rows.emplace_back("Key of " + member.name, layout.member_key(member.name));
  }
  rows.emplace_back("SSH Key", folder.ssh_key());
  rows.emplace_back("Generated Userdata", folder.path() + "/userdata/");
  rows.emplace_back("Journal", folder.journal());
  return rows;
}

Result<Exit> run_show(Invocation& call) {
  const auto file = TRY(load_cluster_file(call));
  const auto runtime = TRY(make_runtime(call));
  const auto session = TRY(runtime->open(file.cluster, cluster::Access::kLook, "show", nullptr, true));
  const auto reference = values(file.cluster, session->state());
  const auto locations = files(file.cluster, session->folder());
  if (call.console.json) {
    codec::JsonObject first, second;
    for (const auto& [name, value] : reference) first[name] = value.empty() ? engine::Json() : engine::Json(value);
    for (const auto& [name, path] : locations) second[name] = {{"path", path}, {"exists", file_exists(path)}};
    call.console.print(codec::JsonObject{{"referenceValues", std::move(first)}, {"fileLocations", std::move(second)}});
    return Exit::kDone;
  }
  Table values_table({"RESOURCE", "VALUE"}), files_table({"FILE", "PATH"});
  for (const auto& [name, value] : reference) values_table.add({name, value.empty() ? "-" : value});
  for (const auto& [name, path] : locations) files_table.add({name, file_exists(path) ? path : path + " (not there)"});
  call.console.out << "Reference values\n" << values_table.render(2) << "\nFile locations\n" << files_table.render(2);
  return Exit::kDone;
}

}  // namespace

Command make_show() {
  Command command;
  command.path = "show";
  command.summary = "Show ids, addresses and file locations";
  command.description =
      "The recipe's tables \"Reference Values\" and \"File Locations\", filled in from the journal. Asks nobody.";
  command.example = "tombolo show\ntombolo show -o json";
  command.prints_data = true;
  command.run = run_show;
  return command;
}

}  // namespace tombolo::cli
