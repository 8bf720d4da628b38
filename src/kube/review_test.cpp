// What rights are asked about, and how those that are missing are put.
#include "kube/review.hpp"

#include "kube/objects.hpp"
#include "kube/test_support.hpp"

namespace tombolo::kube {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kYes = R"({"status": {"allowed": true}})", kNo = R"({"status": {"allowed": false}})";

const std::vector<Permission> kSome{{"create", kDaemonSets, "n", ""}, {"patch", kDaemonSets, "n", ""},
                                    {"create", kConfigMaps, "n", ""}, {"patch", kConfigMaps, "n", ""},
                                    {"get", kPods, "n", "log"},       {"create", kSecrets, "n", ""},
                                    {"patch", kSecrets, "m", ""}};

TEST(Rights, WhoMayDoEverythingIsAskedOnce) {
  World world;
  world.server->then(201, std::string(kYes));
  const auto missing_ones = missing(world.client, kSome, {});
  ASSERT_TRUE(missing_ones) << missing_ones.error().text();
  EXPECT_TRUE(missing_ones->empty());
  EXPECT_THAT(world.server->requests[0].body, HasSubstr(R"("verb":"*")"));
}

TEST(Rights, EachThatIsMissingIsFound) {
  World world;
  world.server->then(201, std::string(kNo));  // everything
  for (std::size_t i = 0; i < kSome.size(); ++i) world.server->then(201, std::string(i == 1 ? kNo : kYes));
  const auto missing_ones = missing(world.client, kSome, {});
  ASSERT_TRUE(missing_ones) << missing_ones.error().text();
  ASSERT_EQ(missing_ones->size(), 1u);
  EXPECT_EQ(missing_ones->front().text(), "patch daemonsets.apps in n");
}

TEST(Rights, VerbsOfOneResourceAreSaidTogether) {
  EXPECT_THAT(in_words(kSome), ElementsAre("create, patch daemonsets.apps, configmaps in n", "get pods/log in n",
                                           "create secrets in n", "patch secrets in m"));
}

TEST(Rights, RulesJoinWhatGoesTogether) {
  EXPECT_EQ(cluster_role_for("tombolo", kSome),
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: tombolo}\nrules:\n"
            "- apiGroups: [apps]\n  resources: [daemonsets]\n  verbs: [create, patch]\n"
            "- apiGroups: [\"\"]\n  resources: [configmaps, secrets]\n  verbs: [create, patch]\n"
            "- apiGroups: [\"\"]\n  resources: [pods/log]\n  verbs: [get]\n");
}

TEST(Rights, AServerThatIsTooOldToSayWhoWeAreIsNoFailure) {
  World world;
  world.server->then(404, "404 page not found").then(201, R"({"status": {"userInfo": {"username": "jane"}}})");
  EXPECT_EQ(*who_am_i(world.client, {}), "");
  EXPECT_EQ(*who_am_i(world.client, {}), "jane");
}

}  // namespace
}  // namespace tombolo::kube
