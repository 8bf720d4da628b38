// The peering by itself, through the clients that the program uses, on the simulated clusters in virtual time.
#include <gtest/gtest.h>

#include "campaign/lab.hpp"
#include "cluster/by_hand.hpp"
#include "cluster/peering_kinds.hpp"
#include "kube/workloads.hpp"
#include "liqo/installation.hpp"
#include "liqo/state.hpp"

namespace tombolo::campaign {
namespace {

// A cluster that `up` has made, and what a command by hand has of it.
class Peered : public testing::Test {
 protected:
  void SetUp() override {
    const auto report = lab_.up();
    ASSERT_TRUE(report) << report.error().text();
    ASSERT_TRUE(report->applied.ok()) << report->applied.errors()[0].text();
    session_ = *lab_.session();
    auto* home = *kubernetes().home({});
    home_ = home;
  }
  cluster::Kubernetes& kubernetes() { return session_->kubernetes(); }
  kube::Client& home() { return *home_; }
  kube::Client& cloud() { return **kubernetes().cloud({}); }
  std::string id() const { return cluster::cloud_cluster_id(lab_.cluster); }

  Result<> peer(bool renew = false) {
    auto request = TRY(cluster::peering_request(lab_.cluster, kubernetes()));
    request.renew = renew;
    TRY(by_hand().peer(request, {}));
    return {};
  }
  Result<> unpeer(bool forced = false) { return by_hand().unpeer(id(), forced, {}); }
  cluster::ByHand by_hand() {
    return {kubernetes(), lab_.clock(), [this](const auto&, const auto& detail) { said_ += detail + "\n"; }};
  }
  liqo::PeeringState state() { return *liqo::look_at_peering(home(), &cloud(), id(), {}); }
  std::uint64_t writes() { return home().statistics().writes + cloud().statistics().writes; }

  Lab lab_{40};
  std::unique_ptr<cluster::Session> session_;
  kube::Client* home_ = nullptr;
  std::string said_;
};

TEST_F(Peered, WithNothingToDoNothingIsWritten) {
  const auto before = writes();
  ASSERT_TRUE(peer());
  EXPECT_EQ(writes(), before);
}

TEST_F(Peered, EndsWithNothingLeftOnEitherSideAndBeginsAgain) {
  ASSERT_TRUE(unpeer());
  EXPECT_FALSE(state().any);
  EXPECT_TRUE(liqo::tenant_namespaces(cloud(), "talos-homelab", {})->empty());
  // liqoctl leaves it, and then Liqo cannot be uninstalled.
  EXPECT_FALSE(*kube::find(home(), {liqo::kForeignClusters, "", id()}, {}));
  ASSERT_TRUE(peer());
  EXPECT_EQ(state().trouble, "");
  // Home's controller would not look at the virtual node again for a minute.
  for (const auto& module : liqo::modules_of(*kube::get(home(), {liqo::kForeignClusters, "", id()}, {})))
    EXPECT_EQ(module.trouble, "") << module.name;
}

TEST_F(Peered, APodOfSomebodyElsesInLiqosNamespaceIsNoTroubleOfLiqos) {
  const codec::Json pod{{"apiVersion", "v1"},
                        {"kind", "Pod"},
                        {"metadata", {{"name", "stranger"}, {"namespace", "liqo"}}},
                        {"spec",
                         {{"nodeSelector", {{"nowhere", "at all"}}},
                          {"containers", codec::JsonArray{codec::Json{{"name", "c"}, {"image", "busybox:1.36"}}}}}}};
  ASSERT_TRUE(kube::apply(home(), {kube::kPods, "liqo", "stranger"}, pod, {}));
  const auto pods = kube::pods(home(), "liqo", "", {});
  ASSERT_TRUE(std::ranges::any_of(*pods, [](const auto& p) { return p.name == "stranger" && !p.ready; }));
  const auto installed = liqo::find_installation(home(), {});
  ASSERT_TRUE(installed && *installed);
  EXPECT_TRUE((*installed)->ready()) << (*installed)->troubles.front();
}

TEST_F(Peered, OffersMachinesThatDoNotExistYet) {
  const auto offered = cluster::offered_resources(lab_.cluster);
  EXPECT_EQ(offered.at("nvidia.com/gpu"), "1");
  EXPECT_EQ(state().allocatable.at("nvidia.com/gpu"), "1");
}

// The cloud still has the request of the old key, and compares byte by byte.
TEST_F(Peered, AKeyThatHomeMadeAnewIsAccepted) {
  ASSERT_TRUE(kube::remove(home(), {kube::kSecrets, "liqo", std::string(liqo::kKeysSecret)}, {}));
  const auto done = peer();
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_NE(said_.find("a certificate of an older key"), std::string::npos) << said_;
  EXPECT_EQ(state().trouble, "");
}

TEST_F(Peered, CertificatesAreRenewedWhenAskedAndBeforeTheyEnd) {
  const auto ends = [&] {
    std::map<std::string, Time> out;
    for (const auto& c : state().certificates) out[c.name] = c.until;
    return out;
  };
  const auto first = ends();
  ASSERT_EQ(first.size(), 2u);
  lab_.clock().advance(24h);
  ASSERT_TRUE(peer());
  EXPECT_EQ(ends(), first) << "they hold for a year";
  const auto asked = peer(true);
  ASSERT_TRUE(asked) << asked.error().text();
  const auto second = ends();
  for (const auto& [name, until] : first) EXPECT_GT(second.at(name), until) << name;
  lab_.clock().advance(24h * 350);
  EXPECT_NE(state().trouble.find("ends on"), std::string::npos) << state().trouble;
  const auto due = peer();
  ASSERT_TRUE(due) << due.error().text();
  for (const auto& [name, until] : second) EXPECT_GT(ends().at(name), until) << name;
  EXPECT_EQ(state().trouble, "");
}

TEST_F(Peered, ANamespaceIsOffloadedAndComesBack) {
  liqo::Offloading wish;
  wish.name_space = "kube-public";
  const auto done = by_hand().offload(wish, {}, {});
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_TRUE(done->changed);
  EXPECT_EQ(done->remote_name, "kube-public-talos-homelab");
  EXPECT_FALSE(by_hand().offload(wish, {}, {})->changed);
  ASSERT_TRUE(by_hand().unoffload("kube-public", {}));
  EXPECT_EQ(state().namespaces.size(), 1u) << "the cluster file's own";
}

TEST_F(Peered, ATrialRunsInTheCloudAndIsTakenAway) {
  liqo::Trial trial;
  trial.name = "trial";
  trial.node = id();
  const auto seen = by_hand().try_out(trial, false, 60s, {});
  ASSERT_TRUE(seen) << seen.error().text();
  EXPECT_EQ(seen->remote_node, "lighthouse");
  EXPECT_EQ(seen->log, (std::vector<std::string>{"Running on AWS!", "trial"}));
  EXPECT_FALSE(*kube::find(home(), {kube::kPods, "default", "trial"}, {}));
}

TEST_F(Peered, ANodeOfThatNameIsNeitherTakenNorRemoved) {
  ASSERT_TRUE(unpeer());
  const kube::ObjectName node{kube::kNodes, "", id()};
  ASSERT_TRUE(kube::create(home(), node, liqo::blank_object(node), {}));
  const auto refused = peer();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kConflict) << refused.error().text();
  EXPECT_TRUE(kube::find(home(), node, {})->has_value());
}

TEST_F(Peered, ATenantThatIsGoneIsMadeAgain) {
  ASSERT_TRUE(kube::remove(cloud(), {liqo::kTenants, "liqo-tenant-talos-homelab", "talos-homelab"}, {}));
  const auto done = peer();
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_TRUE(state().tenant);
}

TEST_F(Peered, TwoNamespacesOfOneTenantAreNamed) {
  const kube::ObjectName other{kube::kNamespaces, "", "other"};
  auto object = liqo::blank_object(other);
  object.as_object()["metadata"].as_object()["labels"] = {{liqo::kRemoteClusterId, id()},
                                                          {liqo::kTenantNamespace, "true"}};
  ASSERT_TRUE(kube::create(home(), other, object, {}));
  const auto refused = peer();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text().find("other"), std::string::npos) << refused.error().text();
}

TEST_F(Peered, ACloudThatAnswersIsNotDeclaredDead) {
  const auto refused = unpeer(true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kConflict) << refused.error().text();
  EXPECT_EQ(state().trouble, "");
}

}  // namespace
}  // namespace tombolo::campaign
