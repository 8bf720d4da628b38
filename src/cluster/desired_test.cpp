#include "cluster/desired.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "cluster/identity.hpp"
#include "cluster/kinds.hpp"
#include "cluster/machine_kinds.hpp"
#include "engine/plan.hpp"
#include "spec/load.hpp"

namespace tombolo::cluster {
namespace {

using testing::HasSubstr;
using testing::Not;

spec::Cluster recipe() {
  Diagnostics diagnostics;
  return *spec::load(*read_file(TOMBOLO_SOURCE_DIR "/examples/recipe.yaml"), "recipe.yaml", diagnostics);
}

Facts facts() {
  Facts f;
  f.account = "123456789012";
  f.vpc.id = aws::VpcId("vpc-1");
  f.image.id = aws::ImageId("ami-1");
  f.image.root_device = "/dev/xvda";
  f.zones = {aws::Zone("us-west-2a"), aws::Zone("us-west-2b")};
  f.caller_address = "192.0.2.10";
  return f;
}

const engine::Wish& wish_of(const std::vector<engine::Wish>& wishes, std::string_view kind, const std::string& name) {
  for (const auto& wish : wishes)
    if (wish.address == engine::Address{std::string(kind), name}) return wish;
  throw std::runtime_error("nobody wishes for it");
}

TEST(Desired, EveryNeedIsWishedForToo) {
  for (const auto keys : {spec::KeyOrigin::kMachine, spec::KeyOrigin::kEmbedded}) {
    auto cluster = recipe();
    cluster.bootstrap.keys = keys;
    EXPECT_TRUE(engine::make_plan(desired(cluster, facts()), {}, {}, {}));
    EXPECT_TRUE(engine::make_plan(desired(cluster, std::nullopt), {}, {}, {}));
  }
}

TEST(Desired, NoPortIsOpenButTheMeshAndTheCallersSsh) {
  auto cluster = recipe();
  cluster.lighthouse.ssh_allowed_from = "caller";
  const auto wishes = desired(cluster, facts());
  const auto& ingress = wish_of(wishes, kGroupKind, "lighthouse").inputs.at("ingress").as_array();
  ASSERT_EQ(ingress.size(), 2u);
  EXPECT_EQ(codec::to_text(ingress[0]),
            R"({"protocol":"tcp","from":22,"to":22,"cidr":"192.0.2.10/32","description":"SSH"})");
  EXPECT_EQ(codec::to_text(ingress[1]),
            R"({"protocol":"udp","from":4242,"to":4242,"cidr":"0.0.0.0/0","description":"Nebula"})");
}

TEST(Desired, OfflineTheValuesOfAwsAreUnknown) {
  auto cluster = recipe();
  cluster.lighthouse.image.clear();
  const auto wishes = desired(cluster, std::nullopt);
  EXPECT_TRUE(engine::is_unknown(wish_of(wishes, kInstanceKind, "lighthouse").inputs.at("image")));
  EXPECT_TRUE(engine::is_unknown(wish_of(wishes, kGroupKind, "lighthouse").inputs.at("vpc")));
}

TEST(Desired, WorkersOfTheFileGetNoCertificateFromTheHomeAuthority) {
  for (const auto& wish : desired(recipe(), facts())) EXPECT_NE(wish.address.name, "aws-gpu-worker");
}

TEST(Desired, TheMachinesOwnSideComesAfterAwsAndBeforeTheMesh) {
  const auto wishes = desired(recipe(), facts());
  const auto& access = wish_of(wishes, kAccessKind, "lighthouse");
  EXPECT_TRUE(codec::bool_at(access.inputs, "makesKey"));
  const auto& mesh = wish_of(wishes, kMeshKind, "lighthouse");
  EXPECT_THAT(mesh.needs, testing::Contains(access.address));
  auto embedded = recipe();
  embedded.bootstrap.keys = spec::KeyOrigin::kEmbedded;
  EXPECT_FALSE(codec::bool_at(wish_of(desired(embedded, facts()), kAccessKind, "lighthouse").inputs, "makesKey"));
}

TEST(Desired, WithoutWaitingNothingNeedsTheMachineItself) {
  for (const auto& wish : desired(recipe(), facts(), {false}))
    EXPECT_TRUE(wish.address.kind != kAccessKind && wish.address.kind != kMeshKind) << wish.address.text();
}

TEST(Limits, AMonthThatCostsMoreThanAllowedIsRefused) {
  auto cluster = recipe();
  cluster.limits.dollars = 1000.0;
  EXPECT_TRUE(check_limits(cluster));
  cluster.limits.dollars = 5.0;
  const auto refused = check_limits(cluster);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kBadInput);
}

TEST(LaunchToken, IsAnotherForEveryClusterAddressGenerationAndZone) {
  const engine::Address address{"aws.instance", "lighthouse"};
  const auto token = launch_token("a", address, 1, aws::Zone("us-west-2a"));
  EXPECT_EQ(token, launch_token("a", address, 1, aws::Zone("us-west-2a")));
  EXPECT_EQ(token.text().size(), 64u);
  EXPECT_NE(token, launch_token("b", address, 1, aws::Zone("us-west-2a")));
  EXPECT_NE(token, launch_token("a", {"aws.instance", "other"}, 1, aws::Zone("us-west-2a")));
  EXPECT_NE(token, launch_token("a", address, 2, aws::Zone("us-west-2a")));
  EXPECT_NE(token, launch_token("a", address, 1, aws::Zone("us-west-2b")));
}

TEST(Mark, TagsThatWereTamperedWithAreNotOurs) {
  auto tags = our_tags("homelab", {"aws.instance", "lighthouse"}, 3);
  ASSERT_TRUE(mark_of(tags));
  EXPECT_EQ(mark_of(tags)->generation, 3);
  tags[std::string(kTagGeneration)] = "3x";
  EXPECT_FALSE(mark_of(tags));
  tags[std::string(kTagGeneration)] = "0";
  EXPECT_FALSE(mark_of(tags));
}

}  // namespace
}  // namespace tombolo::cluster
