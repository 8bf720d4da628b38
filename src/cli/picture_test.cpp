#include "cli/picture.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "cli/table.hpp"
#include "cli/test_support.hpp"
#include "spec/load.hpp"

namespace tombolo::cli {
namespace {

constexpr std::string_view kFile = R"(
apiVersion: tombolo/v1
kind: HybridCluster
metadata: {name: homelab}
region: us-west-2
mesh:
  members:
    - {name: lighthouse, role: lighthouse, address: 10.42.0.1, groups: [lighthouse, infrastructure]}
    - {name: talos-homelab, role: home, address: 10.42.1.1, groups: [kubernetes, homelab]}
lighthouse: {sshAllowedFrom: 198.51.100.0/24}
workers:
  - {name: gpus, instanceTypes: [g4dn.xlarge], max: 2}
)";

// Everything that `status` reads, as it is when all is well.
struct Scene {
  spec::Cluster file;
  cluster::StatusReport status;
  cluster::MeshStatus mesh;
  cluster::ClustersStatus clusters;

  Scene() {
    Diagnostics diagnostics;
    file = *spec::load(kFile, "tombolo.yaml", diagnostics);
    const auto there = [&](std::string_view kind, const char* name, engine::Json outputs) {
      status.world.push_back(
          {{std::string(kind), name}, "", 1, "", engine::Status::kReady, "", {}, std::move(outputs)});
    };
    there(cluster::kAuthorityKind, "home", {});
    there(cluster::kInstanceKind, "lighthouse", {{"id", "i-0123456789abcdef0"}});
    there(cluster::kAddressKind, "lighthouse", {{"ip", "203.0.113.7"}});
    there(cluster::kHomeNebulaKind, "home", {});
    cluster::MemberStatus home;
    home.name = "talos-homelab";
    home.address = *codec::Address::parse("10.42.1.1");
    home.round_trip = std::chrono::microseconds(18400);
    mesh.members.push_back(home);
    clusters.home.version = "v1.35.4";
    clusters.cloud.version = "v1.35.4+k3s1";
    for (const auto* name : {"home-1", "homelab-cloud"}) clusters.home.nodes.emplace_back().name = name;
    clusters.home.liqo.emplace();
    clusters.home.liqo->version = "v1.2.0";
    clusters.home.liqo->name_space = "liqo";
    clusters.home.liqo->installer = "Flux";
    clusters.cloud.liqo = clusters.home.liqo;
    clusters.cloud.liqo->name_space = "liqo-system";
    clusters.cloud.liqo->installer = "Helm";
    auto& p = clusters.peering.emplace();
    p.any = p.has_node = p.node_ready = true;
    p.cloud_id = "homelab-cloud";
    p.api_server = "https://10.42.0.1:6443";
    p.modules = {{"authentication", true, ""}, {"offloading", true, ""}, {"networking", false, ""}};
    p.allocatable = {{"cpu", "10"}, {"memory", "34Gi"}, {"nvidia.com/gpu", "2"}, {"pods", "330"}};
    p.namespaces = {{"llm", "llm-talos-homelab", "Remote", "Ready", "", {"trainer", "server"}}};
  }

  std::string text() const {
    Table table({"COMPONENT", "STATUS", "NOTES"});
    for (const auto& c : components(file, status, mesh, clusters)) table.add({c.name, c.status, c.notes});
    return table.render() + "\n" + topology(file, status, mesh, clusters);
  }
};

TEST(Picture, OfAClusterWhereAllIsWell) { testing::expect_golden("tests/data/cli/picture-well.txt", Scene().text()); }

TEST(Picture, OfAMeshThatIsCut) {
  Scene s;
  s.mesh.members.front().round_trip.reset();
  s.mesh.members.front().trouble = "no answer in 1 s";
  s.clusters.cloud = {};
  s.clusters.cloud.trouble = "10.42.0.1 port 6443 does not answer";
  auto& p = *s.clusters.peering;
  p.node_ready = false;
  p.node_trouble = "Kubelet stopped posting node status.";
  p.api_trouble = "10.42.0.1 port 6443 does not answer";
  p.trouble = "home does not reach the cloud's API server";
  p.namespaces.front().phase = "SomeFailed";
  p.namespaces.front().trouble = "the node is not Ready";
  testing::expect_golden("tests/data/cli/picture-cut.txt", s.text());
}

TEST(Picture, OfNothingYet) {
  Scene s;
  s.status.world.clear();
  s.mesh.members.clear();
  s.clusters = {};
  s.file.workers.clear();
  testing::expect_golden("tests/data/cli/picture-nothing.txt", s.text());
}

TEST(Picture, IsNoWiderThanATerminal) {
  Scene s;
  s.file.workers.front().name = std::string(60, 'w');
  s.clusters.peering->namespaces.front().name = std::string(60, 'n');
  std::istringstream lines(topology(s.file, s.status, s.mesh, s.clusters));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), 78) << line;
}

}  // namespace
}  // namespace tombolo::cli
