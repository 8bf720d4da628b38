// tombolo validate: every fault of the cluster file, or the address plan that follows from it. Asks nobody.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "base/files.hpp"
#include "cli/commands.hpp"
#include "cli/report.hpp"
#include "cli/table.hpp"
#include "spec/address_plan.hpp"
#include "spec/load.hpp"
#include "spec/template.hpp"

namespace tombolo::cli {
namespace {

constexpr std::size_t kLargestFile = 1u << 20;  // what the YAML reader takes

std::string counted(std::size_t count, const std::string& what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string written_in(const spec::Cluster& cluster, std::string_view path) {
  const auto place = cluster.source.places.find(path);
  return place == cluster.source.places.end() ? "default" : fmt::format("line {}", place->second.at.line);
}

void print_plan(std::ostream& out, const spec::Cluster& cluster, std::size_t warnings) {
  out << fmt::format("{} is good: cluster {} in {}, {}, {}", cluster.source.file, cluster.name, cluster.region,
                     counted(cluster.mesh.members.size(), "member"), counted(cluster.workers.size(), "worker pool"));
  if (warnings) out << ", " << counted(warnings, "warning");
  out << "\n\n";
  Table table({"network", "addresses", "written in"});
  for (const auto& network : spec::networks(cluster)) {
    table.add({std::string(network.path), network.cidr.text(), written_in(cluster, network.path)});
  }
  out << table.render(2);
  const auto& mtu = cluster.addresses;
  out << fmt::format("\nNo two overlap. MTU: {} on the Internet, {} in the mesh, {} for pods.\n", mtu.underlay_mtu,
                     mtu.mesh_mtu, mtu.pod_mtu);
}

codec::Json as_json(const std::string& file, const Result<spec::Cluster>& cluster, const Diagnostics& diagnostics) {
  codec::JsonObject out{{"file", file}, {"valid", cluster.has_value()}};
  out["diagnostics"] = diagnostics_json(diagnostics).at("diagnostics");
  if (!cluster) return out;
  codec::JsonObject networks;
  for (const auto& network : spec::networks(*cluster)) networks[network.path] = network.cidr.text();
  out["networks"] = std::move(networks);
  const auto& mtu = cluster->addresses;
  out["mtu"] = codec::JsonObject{{"underlay", mtu.underlay_mtu}, {"mesh", mtu.mesh_mtu}, {"pods", mtu.pod_mtu}};
  out["cluster"] = spec::to_json(*cluster);
  return out;
}

Result<Exit> run_validate(Invocation& call) {
  const auto file = call.file();
  auto text = read_file(file, kLargestFile);
  if (!text && text.error().code() == Code::kNotFound) {
    return fail(Code::kBadInput, fmt::format("there is no cluster file {}", file),
                "Make one with `tombolo init`, or name yours with -f.");
  }
  if (!text) return fail(std::move(text.error()));
  Diagnostics diagnostics;
  const auto cluster = spec::load(*text, file, diagnostics);
  if (call.console.json) {
    call.console.print(as_json(file, cluster, diagnostics));
    return cluster ? Exit::kDone : Exit::kBadInput;
  }
  if (!diagnostics.empty()) report(call.console, diagnostics, *text);
  if (!cluster) return fail(cluster.error());
  print_plan(call.console.out, *cluster, diagnostics.list().size());
  return Exit::kDone;
}

}  // namespace

Command make_validate() {
  return {.path = "validate",
          .summary = "Check the cluster file and show its address plan",
          .description =
              "Tells every fault of the file at once, each with its line and what to do, and exits with 3 when there "
              "is one. Of a "
              "good file it shows all networks, which must not overlap, and the MTU of each layer.\n\n"
              "Needs neither credentials nor a network.",
          .example = "tombolo validate\ntombolo validate -f lab.yaml -o json\n",
          .prints_data = true,
          .run = run_validate};
}

}  // namespace tombolo::cli
