#include "spec/load.hpp"

#include <gmock/gmock.h>

#include <chrono>

#include "spec/fields.hpp"
#include "spec/template.hpp"

namespace tombolo::spec {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr std::string_view kSmallest = "apiVersion: tombolo/v1\nkind: HybridCluster\nmetadata: {name: homelab}\n";

Cluster good(const std::string& text) {
  Diagnostics diagnostics;
  auto cluster = load(text, "tombolo.yaml", diagnostics);
  EXPECT_TRUE(cluster) << diagnostics.render(text);
  return cluster.value_or(Cluster{});
}

Cluster with(const std::string& more) { return good(std::string(kSmallest) + more); }

std::string faults(const std::string& text) {
  Diagnostics diagnostics;
  load(text, "tombolo.yaml", diagnostics);
  return diagnostics.render(text);
}

TEST(Load, TheSmallestFileIsTheRecipe) {
  const auto cluster = with("");
  EXPECT_EQ(cluster.name, "homelab");
  EXPECT_EQ(cluster.region, "us-west-2");
  EXPECT_EQ(cluster.home.liqo_namespace, "liqo");
  EXPECT_EQ(cluster.home.pods.text(), "10.244.0.0/16");
  EXPECT_EQ(cluster.home.services.text(), "10.96.0.0/12");
  EXPECT_EQ(cluster.mesh.cidr.text(), "10.42.0.0/16");
  EXPECT_EQ(cluster.mesh.ca_name, "talos-homelab-mesh");
  EXPECT_EQ(cluster.mesh.ca_validity, 87600h);
  ASSERT_EQ(cluster.mesh.members.size(), 3u);
  ASSERT_NE(cluster.mesh.lighthouse(), nullptr);
  EXPECT_EQ(cluster.mesh.lighthouse()->address.text(), "10.42.0.1");
  EXPECT_THAT(cluster.mesh.lighthouse()->groups, ElementsAre("lighthouse", "infrastructure"));
  EXPECT_EQ(cluster.lighthouse.instance_type, "t3.small");
  EXPECT_EQ(cluster.kubernetes.pods.text(), "10.52.0.0/16");
  EXPECT_EQ(cluster.liqo.cloud_namespace, "liqo-system");
  EXPECT_THAT(cluster.liqo.offloaded_namespaces, ElementsAre("default"));
  EXPECT_TRUE(cluster.workers.empty());
  EXPECT_EQ(cluster.addresses.underlay_mtu, 1500);
  EXPECT_EQ(cluster.addresses.mesh_mtu, 1300);
  EXPECT_EQ(cluster.addresses.pod_mtu, 1250);
}

TEST(Load, EveryFieldReachesTheModel) {
  const auto cluster = with(R"(
region: eu-central-1
home: {kubeconfig: /k, context: c, liqoNamespace: l, lanCIDR: 192.168.7.0/24, podCIDR: 10.1.0.0/16, serviceCIDR: 10.2.0.0/16}
mesh:
  cidr: 10.3.0.0/16
  caName: my ca
  caValidity: 8760h
  certificateVersion: 2
  cipher: chachapoly
  listenPort: 4343
  mtu: 1400
  workers: {range: 10.3.9.0/24, groups: [gpu]}
  members:
    - {name: lh, role: lighthouse, address: 10.3.0.1, groups: [a, b]}
    - {name: h, role: home, address: 10.3.0.2}
    - {name: o, role: operator, address: 10.3.0.3}
    - {name: w, role: worker, address: 10.3.9.1, groups: [gpu]}
lighthouse:
  instanceType: t4g.small
  image: ami-0123456789abcdef0
  diskGiB: 30
  sshUser: admin
  sshAllowedFrom: 203.0.113.0/24
  zones: [eu-central-1b, eu-central-1a]
cloud: {kubernetes: {k3sVersion: v1.36.5+k3s1, podCIDR: 10.4.0.0/16, serviceCIDR: 10.5.0.0/16}}
liqo: {version: v1.1.2, cloudNamespace: lc, offloadedNamespaces: [llm, batch], networking: disabled}
workers:
  - {name: gpu, instanceTypes: [g5.xlarge, g4dn.xlarge], gpus: 2, min: 1, max: 3, market: spot, idleTime: 90s}
bootstrap: {keys: embedded, nebulaVersion: "1.10.3", mirror: http://10.0.0.9/files}
secrets: {backup: 1password, target: nebula-ca-key, vault: Homelab}
limits: {hours: 8, dollars: 49.5}
)");
  EXPECT_EQ(cluster.region, "eu-central-1");
  EXPECT_EQ(cluster.home.kubeconfig, "/k");
  EXPECT_EQ(cluster.home.context, "c");
  EXPECT_EQ(cluster.home.liqo_namespace, "l");
  EXPECT_EQ(cluster.home.lan->text(), "192.168.7.0/24");
  EXPECT_EQ(cluster.home.pods.text(), "10.1.0.0/16");
  EXPECT_EQ(cluster.home.services.text(), "10.2.0.0/16");
  EXPECT_EQ(cluster.mesh.cidr.text(), "10.3.0.0/16");
  EXPECT_EQ(cluster.mesh.ca_name, "my ca");
  EXPECT_EQ(cluster.mesh.ca_validity, 8760h);
  EXPECT_EQ(cluster.mesh.certificate_version, 2);
  EXPECT_EQ(cluster.mesh.cipher, "chachapoly");
  EXPECT_EQ(cluster.mesh.listen_port, 4343);
  EXPECT_EQ(cluster.addresses.mesh_mtu, 1400);
  EXPECT_EQ(cluster.addresses.pod_mtu, 1350);
  EXPECT_EQ(cluster.mesh.worker_range.text(), "10.3.9.0/24");
  EXPECT_THAT(cluster.mesh.worker_groups, ElementsAre("gpu"));
  ASSERT_EQ(cluster.mesh.members.size(), 4u);
  EXPECT_EQ(cluster.mesh.members[2].name, "o");
  EXPECT_EQ(cluster.mesh.members[2].role, Role::kOperator);
  EXPECT_TRUE(cluster.mesh.members[2].groups.empty());
  EXPECT_EQ(cluster.mesh.members[3].address.text(), "10.3.9.1");
  EXPECT_EQ(cluster.lighthouse.architecture, "arm64");
  EXPECT_EQ(cluster.lighthouse.image, "ami-0123456789abcdef0");
  EXPECT_EQ(cluster.lighthouse.disk_gib, 30);
  EXPECT_EQ(cluster.lighthouse.ssh_user, "admin");
  EXPECT_EQ(cluster.lighthouse.ssh_allowed_from, "203.0.113.0/24");
  EXPECT_THAT(cluster.lighthouse.zones, ElementsAre("eu-central-1b", "eu-central-1a"));
  EXPECT_EQ(cluster.kubernetes.k3s_version, "v1.36.5+k3s1");
  EXPECT_EQ(cluster.kubernetes.pods.text(), "10.4.0.0/16");
  EXPECT_EQ(cluster.kubernetes.services.text(), "10.5.0.0/16");
  EXPECT_EQ(cluster.liqo.version, "v1.1.2");
  EXPECT_EQ(cluster.liqo.cloud_namespace, "lc");
  EXPECT_THAT(cluster.liqo.offloaded_namespaces, ElementsAre("llm", "batch"));
  ASSERT_EQ(cluster.workers.size(), 1u);
  const auto& pool = cluster.workers[0];
  EXPECT_EQ(pool.name, "gpu");
  EXPECT_THAT(pool.instance_types, ElementsAre("g5.xlarge", "g4dn.xlarge"));
  EXPECT_EQ(pool.gpus, 2);
  EXPECT_EQ(pool.min, 1);
  EXPECT_EQ(pool.max, 3);
  EXPECT_EQ(pool.market, Market::kSpot);
  EXPECT_EQ(pool.idle, 90s);
  EXPECT_EQ(cluster.bootstrap.keys, KeyOrigin::kEmbedded);
  EXPECT_EQ(cluster.bootstrap.nebula_version, "1.10.3");
  EXPECT_EQ(cluster.bootstrap.mirror, "http://10.0.0.9/files");
  EXPECT_EQ(cluster.secrets.backup, BackupKind::kOnePassword);
  EXPECT_EQ(cluster.secrets.backup_target, "nebula-ca-key");
  EXPECT_EQ(cluster.secrets.vault, "Homelab");
  EXPECT_EQ(cluster.limits.hours, 8h);
  EXPECT_DOUBLE_EQ(cluster.limits.dollars.value(), 49.5);
}

TEST(Load, RemembersWhereTheFileSaysWhat) {
  const auto cluster = with("mesh:\n  cidr: 10.42.0.0/16\n");
  EXPECT_EQ(cluster.source.file, "tombolo.yaml");
  ASSERT_TRUE(cluster.source.places.contains("mesh.cidr"));
  EXPECT_EQ(cluster.source.places.at("mesh.cidr").at, (Position{5, 9}));
  EXPECT_FALSE(cluster.source.places.contains("mesh.caName"));
}

TEST(Load, WhenOnlyTheMeshMovesItsDefaultsMoveAlong) {
  const auto cluster = with("mesh: {cidr: 10.200.0.0/16}\n");
  EXPECT_EQ(cluster.mesh.lighthouse()->address.text(), "10.200.0.1");
  EXPECT_EQ(cluster.mesh.members[2].address.text(), "10.200.2.1");
  EXPECT_EQ(cluster.mesh.worker_range.text(), "10.200.2.0/24");
}

TEST(Load, EmptyBlocksAndListsMeanTheirDefaults) {
  const auto cluster = with("home:\nmesh:\n  workers:\nworkers:\nlimits:\n");
  EXPECT_EQ(to_json(cluster), to_json(with("")));
}

TEST(Load, WhatTheTemplateWritesIsReadBack) {
  auto cluster = recipe();
  EXPECT_EQ(to_json(good(template_text(cluster, "s.json"))), to_json(cluster));
  cluster.name = "another";
  cluster.home.context = "admin@home: \"quoted\" # no comment";
  cluster.lighthouse.zones = {"us-west-2b"};
  cluster.workers.clear();
  cluster.secrets = {};
  cluster.limits = {5h, 12.25};
  EXPECT_EQ(to_json(good(template_text(cluster, "s.json"))), to_json(cluster));
}

TEST(Load, AnEmptyListThatDiffersFromTheDefaultSurvivesTheTemplate) {
  auto cluster = recipe();
  cluster.liqo.offloaded_namespaces.clear();
  EXPECT_EQ(to_json(good(template_text(cluster, "s.json"))), to_json(cluster));
}

TEST(Load, CutAnywhereTheFileIsReadOrRefusedButNeverTrusted) {
  const auto whole = template_text(recipe(), "s.json");
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    Diagnostics diagnostics;
    const auto cluster = load(whole.substr(0, size), "tombolo.yaml", diagnostics);
    EXPECT_EQ(cluster.has_value(), !diagnostics.has_errors()) << size;
  }
}

TEST(Load, OneSlipGivesOneMessage) {
  for (const std::string more :
       {"mesh: {cidr: 10.42.0.0}", "mesh: {cidrs: 10.42.0.0/16}",
        "mesh: {members: [{name: a, role: lighthouse, adress: 10.42.0.1}, {name: h, role: home, address: 10.42.1.1}]}",
        "mesh: {workers: {range: 10.42.2.1/24}}", "lighthouse: 5",
        "workers: [{name: gpu, instanceTypes: [x], max: 300}]"}) {
    Diagnostics diagnostics;
    const auto text = std::string(kSmallest) + more + "\n";
    EXPECT_FALSE(load(text, "tombolo.yaml", diagnostics)) << more;
    // A pool of 300 machines is a second slip.
    EXPECT_EQ(diagnostics.list().size(), more.find("300") == std::string::npos ? 1u : 2u) << diagnostics.render(text);
  }
}

TEST(Load, MessagesNameTheFileAsItWasCalled) {
  Diagnostics diagnostics;
  const auto cluster = load("a: b", "/srv/lab.yaml", diagnostics);
  ASSERT_FALSE(cluster);
  EXPECT_EQ(cluster.error().code(), Code::kBadInput);
  EXPECT_THAT(cluster.error().sentence(), testing::HasSubstr("/srv/lab.yaml has 4 faults"));
  EXPECT_THAT(faults("a: b"), testing::StartsWith("tombolo.yaml:1:1: "));
}

TEST(Architecture, FollowsFromTheInstanceType) {
  for (const auto* type : {"t3.small", "g4dn.xlarge", "g5.xlarge", "g6e.12xlarge", "p4d.24xlarge", "m7i-flex.large",
                           "gr6.4xlarge", "u-6tb1.metal"}) {
    EXPECT_EQ(architecture_of(type), "x86_64") << type;
  }
  for (const auto* type : {"t4g.small", "m7gd.large", "c7gn.xlarge", "g5g.xlarge", "im4gn.large", "is4gen.large",
                           "x2gd.large", "a1.large"}) {
    EXPECT_EQ(architecture_of(type), "arm64") << type;
  }
}

TEST(Durations, AreWrittenInTheLargestUnitThatDivides) {
  EXPECT_EQ(duration_text(87600h), "87600h");
  EXPECT_EQ(duration_text(90s), "90s");
  EXPECT_EQ(duration_text(10min), "10m");
  EXPECT_EQ(parse_duration("10m"), 600s);
  for (const auto* text : {"", "h", "10", "-1h", "1.5h", "10 m", "1h30m", "99999999h", "10d"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

}  // namespace
}  // namespace tombolo::spec
