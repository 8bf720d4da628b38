#include "cluster/home_gate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/peering_kinds.hpp"

namespace tombolo::cluster {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

engine::Change change(std::string_view kind, std::string name, engine::Action action) {
  engine::Change out;
  out.address = {std::string(kind), std::move(name)};
  out.action = action;
  return out;
}

TEST(HomeWork, IsWhatThePlanWritesThere) {
  engine::Plan plan;
  plan.changes = {change(kHomeNebulaKind, "home", engine::Action::kNone),
                  change(kLiqoKind, "cloud", engine::Action::kCreate),
                  change(kOffloadingKind, "default", engine::Action::kDelete)};
  EXPECT_FALSE(home_work(plan).any()) << "a run that changes nothing at home asks nothing";
  plan.changes[0].action = engine::Action::kWait;
  EXPECT_TRUE(home_work(plan).nebula);
  EXPECT_FALSE(home_work(plan).liqo || home_work(plan).peering);
}

TEST(HomeWork, LiqoOfSomebodyElseIsNotOurs) {
  engine::Plan plan;
  plan.changes = {change(kLiqoKind, "home", engine::Action::kWait)};
  EXPECT_TRUE(home_work(plan).liqo);
  plan.changes[0].observed = engine::Observed{};
  plan.changes[0].observed->id = "a-cluster";
  EXPECT_FALSE(home_work(plan).liqo);
}

std::vector<std::string> rights(const spec::Cluster& cluster, const HomeWork& work, bool flux = false) {
  return kube::in_words(home_rights(cluster, work, flux));
}

TEST(HomeRights, OfNebulaAreThoseOfItsNamespace) {
  spec::Cluster cluster;
  cluster.home.nebula_namespace = "mesh";
  const auto all = rights(cluster, {true, false, false});
  EXPECT_THAT(all, Contains("get, list, create, patch, delete secrets, configmaps, daemonsets.apps in mesh"));
  EXPECT_THAT(all, Contains("get pods/log in mesh"));
  EXPECT_THAT(all, Not(Contains(HasSubstr("clusterroles"))));
  cluster.home.manage = spec::Manage::kGitops;
  EXPECT_THAT(rights(cluster, {true, true, false}), Not(Contains(HasSubstr("patch, delete secrets, configmaps"))));
}

TEST(HomeRights, OfLiqoIncludeHandingRightsOut) {
  EXPECT_THAT(rights({}, {false, true, false}),
              Contains("get, list, create, patch, delete, escalate, bind clusterroles.rbac.authorization.k8s.io"));
  EXPECT_THAT(rights({}, {false, true, false}, true), Not(Contains(HasSubstr("clusterroles"))));
}

}  // namespace
}  // namespace tombolo::cluster
