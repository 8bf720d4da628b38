// Home as it may be found: rights that are missing, hands that have changed what is ours, runs that ended half-way.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "campaign/lab.hpp"
#include "codec/json.hpp"

namespace tombolo::campaign {
namespace {

using testing::HasSubstr;

constexpr std::string_view kSet = "/apis/apps/v1/namespaces/nebula-system/daemonsets/nebula";
constexpr std::string_view kConfig = "/api/v1/namespaces/nebula-system/configmaps/nebula";

net::Response at_home(Lab& lab, std::string method, std::string_view path, std::string body = "",
                      std::string type = "application/json") {
  return lab.site().handle({std::move(method),
                            fmt::format("https://home.simulated:6443{}", path),
                            {{"Content-Type", std::move(type)}, {"User-Agent", "kubectl/v1.35"}},
                            std::move(body),
                            60s});
}

// As `kubectl edit` sends it.
void edit(Lab& lab, std::string_view path, std::string change, std::string_view how = "merge") {
  ASSERT_EQ(at_home(lab, "PATCH", fmt::format("{}?fieldManager=kubectl-edit", path), std::move(change),
                    fmt::format("application/{}-patch+json", how))
                .status,
            200);
}

std::vector<std::string> fields_to_change(Lab& lab) {
  std::vector<std::string> out;
  const auto plan = lab.plan();
  if (!plan) return {plan.error().text()};
  for (const auto& change : plan->changes)
    for (const auto& field : change.fields)
      out.push_back(fmt::format("{}: {}", field.field, codec::to_text(field.before)));
  return out;
}

TEST(AtHome, WhatIsEditedByHandIsNoticedNamedAndPutBack) {
  Lab lab(41);
  ASSERT_TRUE(lab.up());
  const auto image = codec::text_at(lab.object_at_home(std::string(kSet)), "spec.template.spec.containers.0.image");
  edit(lab, kSet, R"([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "of-somebody:1"}])",
       "json");
  edit(lab, kConfig, R"({"data": {"config.yml": "pki: {}"}})");
  EXPECT_THAT(
      fields_to_change(lab),
      testing::ElementsAre(
          R"(ConfigMap nebula .data.config.yml: "changed by kubectl-edit")",
          R"(DaemonSet nebula .spec.template.spec.containers[name="nebula"].image: "changed by kubectl-edit")"));
  const auto report = lab.up();
  ASSERT_TRUE(report) << report.error().text();
  ASSERT_TRUE(report->applied.ok()) << report->applied.errors()[0].text();
  EXPECT_EQ(codec::text_at(lab.object_at_home(std::string(kSet)), "spec.template.spec.containers.0.image"), image);
  EXPECT_EQ(lab.fault_of_up(), "");
  EXPECT_TRUE(lab.plan()->empty()) << "and then there is nothing more to do";
}

TEST(AtHome, WhatOthersAddBesideOursIsTheirs) {
  Lab lab(42);
  ASSERT_TRUE(lab.up());
  edit(lab, kSet, R"({"metadata": {"annotations": {"mine": "a"}}})");
  edit(lab, kConfig, R"({"data": {"mine": "a"}})");
  EXPECT_TRUE(lab.plan()->empty());
}

TEST(AtHome, AnObjectThatIsGoneIsLaidAgain) {
  Lab lab(43);
  ASSERT_TRUE(lab.up());
  ASSERT_EQ(at_home(lab, "DELETE", kConfig).status, 200);
  EXPECT_THAT(fields_to_change(lab), testing::ElementsAre(R"(ConfigMap nebula: "gone")"));
  ASSERT_TRUE(lab.up());
  EXPECT_EQ(lab.status_at_home(std::string(kConfig)), 200);
}

TEST(AtHome, EveryMissingRightIsNamedBeforeAnythingIsMade) {
  sim::Options options;
  options.kube.forbidden = {{"home", "create", "daemonsets.apps"},
                            {"home", "patch", "customresourcedefinitions.apiextensions.k8s.io"}};
  Lab lab(44, options);
  const auto refused = lab.up();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kPermission);
  EXPECT_THAT(refused.error().text(),
              HasSubstr("create daemonsets.apps in nebula-system; patch customresourcedefinitions"));
  EXPECT_THAT(refused.error().hint(), HasSubstr("- apiGroups: [apps]\n  resources: [daemonsets, deployments]\n"));
  EXPECT_TRUE(lab.site().live_instances().empty());
  EXPECT_TRUE(lab.site().addresses().empty());
}

TEST(AtHome, AnImageThatCannotBePulledIsNamedSoon) {
  sim::Options options;
  options.kube.missing_images = {"nebulaoss/nebula"};
  Lab lab(45, options);
  const auto report = lab.up();
  ASSERT_TRUE(report) << report.error().text();
  ASSERT_FALSE(report->applied.ok());
  std::string said;
  for (const auto& error : report->applied.errors()) said += error.text() + "\n";
  EXPECT_THAT(said, HasSubstr("the image docker.io/nebulaoss/nebula:"));
  EXPECT_THAT(said, HasSubstr("cannot be pulled on talos-homelab: "));
}

// The namespace is somebody else's, and the run ended before the DaemonSet.
TEST(AtHome, WhatWasHalfLaidInAForeignNamespaceGoesAgainAndItsLabelsToo) {
  Lab lab(46);
  ASSERT_EQ(at_home(lab, "POST", "/api/v1/namespaces", R"({"apiVersion": "v1", "kind": "Namespace",
    "metadata": {"name": "nebula-system", "labels": {"mine": "a"}}})")
                .status,
            201);
  sim::Fault fault;
  fault.action = "patch daemonsets.apps";
  fault.code = "Forbidden";
  fault.status = 403;
  fault.message = "daemonsets.apps \"nebula\" is forbidden: exceeded quota: tight";
  lab.site().add_fault(std::move(fault));
  const auto report = lab.up();
  ASSERT_TRUE(report) << report.error().text();
  ASSERT_FALSE(report->applied.ok());
  EXPECT_EQ(report->applied.errors()[0].code(), Code::kQuota);
  EXPECT_EQ(lab.status_at_home(std::string(kConfig)), 200) << "applied before the DaemonSet";
  const auto receipt = lab.down();
  ASSERT_TRUE(receipt) << receipt.error().text();
  EXPECT_TRUE(receipt->zero()) << codec::to_text(cluster::to_json(*receipt));
  EXPECT_EQ(lab.status_at_home(std::string(kConfig)), 404);
  EXPECT_EQ(lab.status_at_home("/api/v1/namespaces/nebula-system/secrets/nebula-host"), 404);
  const auto space = lab.object_at_home("/api/v1/namespaces/nebula-system");
  EXPECT_EQ(codec::to_text(*codec::find(space, "metadata.labels")),
            R"({"mine":"a","kubernetes.io/metadata.name":"nebula-system"})");
}

// Two at a time would be two members of one name on a node.
TEST(AtHome, NebulaMovesToAnotherNamespaceAndLeavesNothingInTheOldOne) {
  Lab lab(48);
  ASSERT_TRUE(lab.up());
  lab.cluster.home.nebula_namespace = "mesh";
  EXPECT_THAT(lab.to_do(), testing::ElementsAre(testing::Pair("home.member/talos-homelab", engine::Action::kUpdate),
                                                testing::Pair("home.nebula/home", engine::Action::kReplace)));
  const auto report = lab.up();
  ASSERT_TRUE(report) << report.error().text();
  ASSERT_TRUE(report->applied.ok()) << report->applied.errors()[0].text();
  EXPECT_EQ(lab.status_at_home("/apis/apps/v1/namespaces/mesh/daemonsets/nebula"), 200);
  EXPECT_EQ(lab.status_at_home(std::string(kSet)), 404);
  EXPECT_EQ(lab.status_at_home("/api/v1/namespaces/nebula-system"), 404);
  EXPECT_TRUE(lab.plan()->empty());
}

TEST(AtHome, WhatSomebodyElseHasLaidSinceInTheOldNamespaceIsHis) {
  Lab lab(51);
  ASSERT_TRUE(lab.up());
  edit(lab, kSet, R"({"metadata": {"labels": {"tombolo/cluster": null}}})");
  lab.cluster.home.nebula_namespace = "mesh";
  const auto report = lab.up();
  ASSERT_TRUE(report) << report.error().text();
  ASSERT_TRUE(report->applied.ok()) << report->applied.errors()[0].text();
  EXPECT_EQ(lab.status_at_home("/apis/apps/v1/namespaces/mesh/daemonsets/nebula"), 200);
  EXPECT_EQ(lab.status_at_home(std::string(kSet)), 200);
}

TEST(AtHome, DownFindsNebulaWhereItWasLaidWhateverTheFileSaysByNow) {
  Lab lab(49);
  ASSERT_TRUE(lab.up());
  lab.cluster.home.nebula_namespace = "mesh";
  const auto receipt = lab.down();
  ASSERT_TRUE(receipt) << receipt.error().text();
  EXPECT_TRUE(receipt->zero()) << codec::to_text(cluster::to_json(*receipt));
  EXPECT_EQ(lab.status_at_home("/api/v1/namespaces/nebula-system"), 404);
}

TEST(AtHome, KubeletsAreHurriedWhileLiqosPodsAreNotProven) {
  Lab lab(53);
  ASSERT_TRUE(lab.up());
  const auto hurried = [&] {
    return std::ranges::count_if(lab.site().calls(), [](const auto& call) { return call.action == "patch pods"; });
  };
  EXPECT_GT(hurried(), 0);
  lab.site().clear_calls();
  ASSERT_TRUE(lab.up());
  EXPECT_EQ(hurried(), 0);
}

TEST(AtHome, ASecretOfSomebodyElseIsNotTaken) {
  Lab lab(47);
  ASSERT_EQ(at_home(lab, "POST", "/api/v1/namespaces", R"({"apiVersion": "v1", "kind": "Namespace",
    "metadata": {"name": "nebula-system"}})")
                .status,
            201);
  ASSERT_EQ(
      at_home(lab, "POST", "/api/v1/namespaces/nebula-system/configmaps", R"({"apiVersion": "v1", "kind": "ConfigMap",
    "metadata": {"name": "nebula"}, "data": {"theirs": "a"}})")
          .status,
      201);
  const auto report = lab.up();
  ASSERT_TRUE(report);
  ASSERT_FALSE(report->applied.ok());
  EXPECT_THAT(report->applied.errors()[0].text(),
              HasSubstr("ConfigMap nebula-system/nebula is there, and tombolo did not make it"));
  ASSERT_TRUE(lab.down());
  EXPECT_EQ(codec::text_at(lab.object_at_home(std::string(kConfig)), "data.theirs"), "a");
}

}  // namespace
}  // namespace tombolo::campaign
