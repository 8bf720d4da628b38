// Home with Flux or another GitOps, in virtual time. The simulated home knows Flux' kinds and nobody acts upon them: what
// Flux' own controllers do is in tests/e2e/test_flux.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "campaign/lab.hpp"
#include "cluster/home_flux.hpp"
#include "cluster/home_liqo.hpp"
#include "cluster/tree.hpp"
#include "kube/manifests.hpp"
#include "liqo/names.hpp"

namespace tombolo::campaign {
namespace {

using codec::Json;
using codec::JsonArray;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kRelease = "/apis/helm.toolkit.fluxcd.io/v2/namespaces/liqo/helmreleases/liqo";
constexpr const char* kSource = "/apis/source.toolkit.fluxcd.io/v1/namespaces/liqo/helmrepositories/liqo";

kube::Client& home_of(cluster::Session& session) {
  auto home = session.kubernetes().home({});
  EXPECT_TRUE(home) << home.error().text();
  return **home;
}

void apply_at_home(Lab& lab, std::vector<Json> objects) {
  const auto session = lab.session();
  ASSERT_TRUE(session) << session.error().text();
  const auto applied = kube::apply_all(home_of(**session), std::move(objects), [](const Json&) { return true; }, {});
  ASSERT_TRUE(applied) << applied.error().text();
}

Json definition(const kube::Resource& resource) {
  const Json schema{{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}};
  return {{"apiVersion", "apiextensions.k8s.io/v1"},
          {"kind", "CustomResourceDefinition"},
          {"metadata", {{"name", resource.text()}}},
          {"spec",
           {{"group", resource.group},
            {"scope", "Namespaced"},
            {"names", {{"plural", resource.plural}, {"kind", resource.kind}}},
            {"versions", JsonArray{{{"name", resource.version},
                                    {"served", true},
                                    {"storage", true},
                                    {"schema", {{"openAPIV3Schema", schema}}}}}}}}};
}

void install_flux(Lab& lab) {
  apply_at_home(lab,
                {definition(liqo::kHelmReleases), definition(liqo::kHelmRepositories), definition(liqo::kHelmCharts)});
}

// Whoever plays helm-controller.
void say_of_release(Lab& lab, const Json& change) {
  const auto session = lab.session();
  ASSERT_TRUE(session);
  const auto done =
      kube::patch(home_of(**session), {liqo::kHelmReleases, "liqo", "liqo"}, kube::PatchKind::kMerge, change, {});
  ASSERT_TRUE(done) << done.error().text();
}

void apply_tree(Lab& lab) {
  const auto session = lab.session();
  ASSERT_TRUE(session);
  const auto tree = cluster::gitops_tree(**session, cluster::TreeKind::kFlux, "./clusters/home/x");
  ASSERT_TRUE(tree) << tree.error().text();
  std::vector<Json> objects;
  for (const auto& [name, content] : *tree)
    if ((name.starts_with("nebula/") || name.starts_with("liqo/")) && name.find("kustomization") == std::string::npos &&
        name.find("example") == std::string::npos)
      objects.push_back(**kube::parse_manifest(content));
  apply_at_home(lab, std::move(objects));
}

// What the run could not do, with the next step.
std::string trouble_of(const Result<cluster::UpReport>& report) {
  if (!report) return report.error().text();
  std::string out;
  for (const auto& error : report->applied.errors()) out += error.text() + " | " + error.hint() + "\n";
  return out;
}

// The first run lays what GitOps does not, and gives up.
void begin_by_gitops(Lab& lab) {
  lab.cluster.home.manage = spec::Manage::kGitops;
  lab.cluster.home.gitops_wait = std::chrono::seconds(30);
  ASSERT_NE(trouble_of(lab.up()), "");
}

TEST(Flux, ThatNobodyRunsIsNamedWithTheReleaseThatWaits) {
  Lab lab(1);
  install_flux(lab);
  EXPECT_THAT(trouble_of(lab.up()), AllOf(HasSubstr("HelmRelease liqo/liqo: Flux has not looked at it yet"),
                                          HasSubstr("Are Flux' controllers running?")));
  EXPECT_EQ(lab.status_at_home(kRelease), 200);
  EXPECT_EQ(lab.status_at_home(kSource), 200);
  EXPECT_EQ(lab.status_at_home("/apis/apps/v1/namespaces/liqo/deployments/liqo-controller-manager"), 404);
  const auto receipt = lab.down();
  ASSERT_TRUE(receipt);
  EXPECT_TRUE(receipt->zero());
  EXPECT_EQ(lab.status_at_home(kRelease), 404);
  EXPECT_EQ(lab.status_at_home(kSource), 404);
  EXPECT_EQ(lab.status_at_home("/api/v1/namespaces/liqo"), 404);
}

TEST(Flux, AReleaseThatFailsForLongEndsTheRunWithItsOwnWords) {
  Lab lab(2);
  install_flux(lab);
  ASSERT_NE(trouble_of(lab.up()), "");
  say_of_release(lab, {{"status",
                        {{"observedGeneration", 1},
                         {"conditions", JsonArray{{{"type", "Ready"},
                                                   {"status", "False"},
                                                   {"reason", "InstallFailed"},
                                                   {"message", "timed out\nwaiting"}}}}}}});
  const auto begun = lab.clock().now();
  EXPECT_THAT(trouble_of(lab.up()), AllOf(HasSubstr("HelmRelease liqo/liqo: InstallFailed: timed out waiting"),
                                          HasSubstr("kubectl -n liqo describe helmrelease liqo")));
  EXPECT_LT(lab.clock().now() - begun, std::chrono::minutes(4));
}

TEST(Flux, ASuspendedReleaseIsNotChangedAndEndsTheRunAtOnce) {
  Lab lab(3);
  install_flux(lab);
  ASSERT_NE(trouble_of(lab.up()), "");
  say_of_release(lab, {{"spec", {{"suspend", true}}}});
  lab.cluster.liqo.version = "v1.2.1";
  const auto begun = lab.clock().now();
  EXPECT_THAT(trouble_of(lab.up()),
              AllOf(HasSubstr("HelmRelease liqo/liqo is suspended"), HasSubstr("Resume it: kubectl")));
  EXPECT_LT(lab.clock().now() - begun, std::chrono::minutes(1));
  const auto session = lab.session();
  const auto release = kube::get(home_of(**session), {liqo::kHelmReleases, "liqo", "liqo"}, {});
  ASSERT_TRUE(release);
  EXPECT_EQ(codec::text_at(*release, "spec.chart.spec.version"), "v1.2.0");
}

TEST(Flux, ThatComesLaterDoesNotTakeOverWhatWasLaidDirectly) {
  Lab lab(4);
  ASSERT_EQ(trouble_of(lab.up()), "");
  install_flux(lab);
  lab.cluster.home.pods = *codec::Cidr::parse("10.245.0.0/16");  // so that Liqo's values change
  ASSERT_EQ(trouble_of(lab.up()), "");
  EXPECT_EQ(lab.status_at_home(kRelease), 404);
}

TEST(Flux, WhoMayNotTellItReadsWhichRuleIsMissing) {
  Lab lab(9);
  install_flux(lab);
  sim::Options options = lab.site().options();
  options.kube.forbidden = {{"home", "create", "helmrepositories.source.toolkit.fluxcd.io"}};
  lab.site().set_options(options);
  EXPECT_THAT(trouble_of(lab.up()), HasSubstr("create helmrepositories.source.toolkit.fluxcd.io in liqo"));
}

TEST(GitOps, UpSaysWhatItWaitsForAgainAndAgainAndAppliesNothing) {
  Lab lab(5);
  lab.cluster.home.manage = spec::Manage::kGitops;
  lab.cluster.home.gitops_wait = std::chrono::seconds(90);
  std::vector<std::string> said;
  lab.events = [&](const engine::Event& event) {
    if (event.phase == "gitops" && event.address == "home.nebula/home") said.push_back(event.detail);
  };
  EXPECT_THAT(trouble_of(lab.up()),
              AllOf(HasSubstr("home.manage is gitops, and after 90s Namespace nebula-system is not applied yet"),
                    HasSubstr("tombolo export")));
  EXPECT_THAT(said, ElementsAre("waiting for your GitOps: Namespace nebula-system is not applied yet",
                                "waiting for your GitOps for 30s of 90s: Namespace nebula-system is not applied yet",
                                "waiting for your GitOps for 1m of 90s: Namespace nebula-system is not applied yet"));
  EXPECT_EQ(lab.status_at_home("/api/v1/namespaces/nebula-system"), 404);
}

TEST(GitOps, WhatIsMissingOfTheTreeIsNamedOneAfterTheOther) {
  Lab lab(6);
  begin_by_gitops(lab);
  install_flux(lab);
  apply_tree(lab);
  say_of_release(lab, {{"metadata", {{"annotations", {{"tombolo/inputs", R"({"version":"v1.1.0"})"}}}}}});
  EXPECT_THAT(trouble_of(lab.up()), HasSubstr("HelmRelease liqo/liqo is from an export of something else"));
  const auto session = lab.session();
  ASSERT_TRUE(kube::remove(home_of(**session), {liqo::kHelmReleases, "liqo", "liqo"}, {}));
  EXPECT_THAT(trouble_of(lab.up()), HasSubstr("HelmRelease liqo/liqo is not applied yet"));
  EXPECT_EQ(lab.status_at_home(kRelease), 404);
}

TEST(GitOps, WithoutFluxTheReleaseCannotComeAndThatIsSaid) {
  Lab lab(7);
  begin_by_gitops(lab);
  const auto session = lab.session();
  const auto tree = cluster::gitops_tree(**session, cluster::TreeKind::kKustomize, "./x");
  ASSERT_TRUE(tree);
  std::vector<Json> nebula;
  for (const auto* name : {"nebula/namespace.yaml", "nebula/config.yaml", "nebula/daemonset.yaml"})
    nebula.push_back(**kube::parse_manifest(tree->at(name)));
  apply_at_home(lab, std::move(nebula));
  EXPECT_THAT(trouble_of(lab.up()), AllOf(HasSubstr("HelmRelease liqo/liqo is not applied, for Flux is not at home"),
                                          HasSubstr("Install Flux'")));
}

TEST(GitOps, DownLeavesTheTreeAndTakesTheKeys) {
  Lab lab(8);
  begin_by_gitops(lab);
  install_flux(lab);
  apply_tree(lab);
  ASSERT_THAT(trouble_of(lab.up()), HasSubstr("Flux has not looked at it yet"));
  EXPECT_EQ(lab.status_at_home("/api/v1/namespaces/nebula-system/secrets/nebula-host"), 200);
  const auto receipt = lab.down();
  ASSERT_TRUE(receipt) << receipt.error().text();
  EXPECT_TRUE(receipt->zero()) << codec::to_text(cluster::to_json(*receipt));
  EXPECT_EQ(lab.status_at_home("/api/v1/namespaces/nebula-system/secrets/nebula-host"), 404);
  EXPECT_EQ(lab.status_at_home("/apis/apps/v1/namespaces/nebula-system/daemonsets/nebula"), 200);
  EXPECT_EQ(lab.status_at_home(kRelease), 200);
  EXPECT_EQ(lab.status_at_home("/api/v1/namespaces/liqo"), 200);
}

}  // namespace
}  // namespace tombolo::campaign
