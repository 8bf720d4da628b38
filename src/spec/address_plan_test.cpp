#include "spec/address_plan.hpp"

#include <gmock/gmock.h>

#include <random>

#include "spec/load.hpp"
#include "spec/template.hpp"

namespace tombolo::spec {
namespace {

using codec::Cidr;
using testing::HasSubstr;

Cidr cidr(std::string_view text) { return *Cidr::parse(text); }

TEST(AddressPlan, TheRecipesOwnPlanHasNoOverlap) {
  Diagnostics diagnostics;
  check_overlaps(recipe(), diagnostics);
  EXPECT_TRUE(diagnostics.empty());
  EXPECT_EQ(networks(recipe()).size(), 6u);
}

TEST(AddressPlan, EveryPairOfNetworksIsLookedAt) {
  const auto count = networks(recipe()).size();
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = a + 1; b < count; ++b) {
      auto cluster = recipe();
      Cidr* fields[] = {&*cluster.home.lan, &cluster.home.pods,       &cluster.home.services,
                        &cluster.mesh.cidr, &cluster.kubernetes.pods, &cluster.kubernetes.services};
      *fields[a] = cidr("10.200.0.0/16");
      *fields[b] = cidr("10.200.128.0/17");
      Diagnostics diagnostics;
      check_overlaps(cluster, diagnostics);
      ASSERT_EQ(diagnostics.list().size(), 1u) << a << " " << b;
      const auto all = networks(cluster);
      EXPECT_THAT(diagnostics.list()[0].message, HasSubstr(std::string(all[a].path)));
      EXPECT_THAT(diagnostics.list()[0].message, HasSubstr(std::string(all[b].path)));
    }
  }
}

TEST(AddressPlan, WhatIsSuggestedIsFree) {
  std::mt19937 random(11);
  for (int round = 0; round < 2000; ++round) {
    std::vector<Cidr> taken;
    for (unsigned i = 0; i < 1 + random() % 8; ++i) {
      const int prefix = 8 + static_cast<int>(random() % 20);
      const std::uint32_t base = random() % 3 == 0 ? 0xac100000u : 0x0a000000u;
      taken.push_back(Cidr(codec::Address::v4(base | (random() & 0x00ffffffu)), prefix).network());
    }
    const int wanted = 12 + static_cast<int>(random() % 16);
    const auto free = free_network(wanted, taken);
    if (!free) continue;
    EXPECT_EQ(free->prefix(), wanted);
    EXPECT_FALSE(free->has_host_bits());
    const bool is_private = cidr("10.0.0.0/8").contains(*free) || cidr("172.16.0.0/12").contains(*free) ||
                            cidr("192.168.0.0/16").contains(*free);
    EXPECT_TRUE(is_private) << free->text();
    for (const auto& other : taken) EXPECT_FALSE(other.overlaps(*free)) << free->text() << " " << other.text();
    for (const auto* other : {"172.31.0.0/16", "10.42.0.0/15"})
      EXPECT_FALSE(cidr(other).overlaps(*free)) << free->text();
  }
}

TEST(AddressPlan, WhenNothingIsFreeNothingIsSuggested) {
  EXPECT_FALSE(free_network(16, {cidr("10.0.0.0/8"), cidr("172.16.0.0/12"), cidr("192.168.0.0/16")}));
  EXPECT_EQ(free_network(16, {})->text(), "10.52.0.0/16");
  EXPECT_EQ(free_network(16, {cidr("10.52.0.0/16"), cidr("10.53.0.0/16")})->text(), "10.54.0.0/16");
}

TEST(AddressPlan, TheSuggestionMakesTheFileGood) {
  const std::string text =
      "apiVersion: tombolo/v1\nkind: HybridCluster\nmetadata: {name: a}\ncloud: {kubernetes: {podCIDR: "
      "10.42.0.0/16}}\n";
  Diagnostics diagnostics;
  ASSERT_FALSE(load(text, "f", diagnostics));
  ASSERT_THAT(diagnostics.list()[0].hint, HasSubstr("Take 10.52.0.0/16"));
  auto better = text;
  better.replace(better.find("10.42.0.0"), 9, "10.52.0.0");
  Diagnostics none;
  EXPECT_TRUE(load(better, "f", none)) << none.render(better);
}

TEST(AddressPlan, TheVpcIsCheckedWhenItIsKnown) {
  const std::string text =
      "apiVersion: tombolo/v1\nkind: HybridCluster\nmetadata: {name: a}\nmesh:\n  cidr: 10.42.0.0/16\n";
  Diagnostics diagnostics;
  const auto cluster = load(text, "tombolo.yaml", diagnostics).value();
  EXPECT_TRUE(check_vpc(cluster, cidr("172.31.0.0/16")));
  const auto both = check_vpc(cluster, cidr("10.32.0.0/11"));
  ASSERT_FALSE(both);
  EXPECT_EQ(both.error().code(), Code::kBadInput);
  EXPECT_EQ(both.error().sentence(),
            "mesh.cidr 10.42.0.0/16 (tombolo.yaml, line 5) and cloud.kubernetes.podCIDR 10.52.0.0/16 (the default) and "
            "cloud.kubernetes.serviceCIDR 10.53.0.0/16 (the default) overlap the VPC's 10.32.0.0/11");
  EXPECT_THAT(both.error().hint(), HasSubstr("Write mesh.cidr: 10.64.0.0/16 (free in this file and in the VPC)"));
  const auto home = check_vpc(cluster, cidr("10.244.0.0/16"));
  ASSERT_FALSE(home);
  EXPECT_THAT(home.error().sentence(), HasSubstr("home.podCIDR 10.244.0.0/16 (the default) overlaps the VPC's"));
}

TEST(Mtu, FollowsFromWhatEachLayerAdds) {
  EXPECT_EQ(largest_mesh_mtu(1500, false), 1440);
  EXPECT_EQ(largest_mesh_mtu(1500, true), 1408);
  EXPECT_EQ(largest_mesh_mtu(9001, false), 8941);
  const auto plan = plan_mtus(1300);
  EXPECT_EQ(plan.underlay_mtu, 1500);
  EXPECT_EQ(plan.mesh_mtu, 1300);
  EXPECT_EQ(plan.pod_mtu, 1250);
}

TEST(MoveMesh, KeepsThePlacesInside) {
  Mesh mesh;
  ASSERT_TRUE(move_mesh(mesh, cidr("10.99.0.0/16")));
  EXPECT_EQ(mesh.members[1].address.text(), "10.99.1.1");
  EXPECT_EQ(mesh.worker_range.text(), "10.99.2.0/24");
  EXPECT_EQ(mesh.cidr.text(), "10.99.0.0/16");
}

TEST(MoveMesh, ChangesNothingWhenItDoesNotFit) {
  Mesh mesh;
  EXPECT_EQ(move_mesh(mesh, cidr("10.99.0.0/24")).error().code(), Code::kBadInput);
  EXPECT_EQ(mesh.cidr, Mesh{}.cidr);
  EXPECT_EQ(mesh.members[1].address, Mesh{}.members[1].address);
}

}  // namespace
}  // namespace tombolo::spec
