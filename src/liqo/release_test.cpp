#include "liqo/release.hpp"

#include <gmock/gmock.h>

namespace tombolo::liqo {
namespace {

using codec::Json;
using codec::JsonArray;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Json flux_condition(std::string_view type, std::string_view status, std::string_view reason, std::string_view message) {
  return {{"type", type}, {"status", status}, {"reason", reason}, {"message", message}};
}

Json flux_object(std::string_view kind, JsonArray conditions, int generation = 2, int observed = 2) {
  return {{"kind", kind},
          {"metadata", {{"name", "liqo"}, {"namespace", "liqo"}, {"generation", generation}}},
          {"spec", {{"url", "https://helm.liqo.io/"}}},
          {"status", {{"observedGeneration", observed}, {"conditions", std::move(conditions)}}}};
}

Json release(JsonArray conditions, int generation = 2, int observed = 2) {
  return flux_object("HelmRelease", std::move(conditions), generation, observed);
}

const Json kFluxInstalled =
    flux_condition("Ready", "True", "InstallSucceeded", "Helm install succeeded for release liqo/liqo.v1");

TEST(Release, IsFineWhenFluxHasInstalledWhatItSaysNow) {
  const auto state = judge_release(release({kFluxInstalled}), {});
  EXPECT_EQ(state.trouble, "");
  EXPECT_FALSE(state.failing || state.suspended || state.hopeless);
}

TEST(Release, SaysNothingOfItsLatestChangeWhileOnlyAnEarlierOneIsInstalled) {
  EXPECT_THAT(judge_release(release({kFluxInstalled}, 3, 2), {}).trouble,
              HasSubstr("not looked at its latest change yet"));
  const auto going =
      flux_condition("Reconciling", "True", "Progressing", "Running 'upgrade' action with timeout of 5m0s");
  EXPECT_THAT(judge_release(release({kFluxInstalled, going}, 3, 2), {}).trouble, HasSubstr("Running 'upgrade' action"));
}

TEST(Release, ThatNobodyHasTouchedAsksForFluxItself) {
  const auto state = judge_release(release({}, 1, -1), {});
  EXPECT_EQ(state.trouble, "HelmRelease liqo/liqo: Flux has not looked at it yet");
  EXPECT_THAT(state.advice, HasSubstr("Are Flux' controllers running?"));
  EXPECT_FALSE(state.failing);
}

TEST(Release, ThatWaitsForItsChartIsExplainedByTheRepository) {
  const auto waits =
      release({flux_condition("Ready", "False", "SourceNotReady", "HelmChart 'liqo/liqo-liqo' is not ready")});
  ReleaseSources sources;
  sources.repository = flux_object(
      "HelmRepository", {flux_condition("Ready", "False", "Failed", "failed to fetch:\nconnection refused")});
  sources.chart =
      flux_object("HelmChart", {flux_condition("Ready", "False", "NoSourceArtifact", "no artifact available")});
  const auto state = judge_release(waits, sources);
  EXPECT_EQ(state.trouble,
            "HelmRelease liqo/liqo waits for its chart: HelmRepository liqo/liqo: Failed: failed to fetch: "
            "connection refused");
  EXPECT_THAT(state.advice, AllOf(HasSubstr("Can home reach https://helm.liqo.io/?"),
                                  HasSubstr("kubectl -n liqo describe helmrepository liqo")));
  EXPECT_TRUE(state.failing);
  EXPECT_FALSE(state.hopeless);
}

TEST(Release, ThatWaitsForAVersionWhichIsNotThereIsExplainedByTheChart) {
  ReleaseSources sources;
  sources.repository = flux_object("HelmRepository", {flux_condition("Ready", "True", "Succeeded", "stored artifact")});
  sources.chart =
      flux_object("HelmChart", {flux_condition("Ready", "False", "InvalidChartReference", "no chart version found")});
  const auto state = judge_release(release({}), sources);
  EXPECT_THAT(state.trouble, HasSubstr("HelmChart liqo/liqo: InvalidChartReference: no chart version found"));
  EXPECT_TRUE(state.failing);
}

TEST(Release, ThatIsSuspendedSaysHowToResumeIt) {
  auto held = release({flux_condition("Ready", "False", "InstallFailed", "timed out")}, 3, 2);
  held.as_object()["spec"] = {{"suspend", true}};
  const auto state = judge_release(held, {});
  EXPECT_EQ(state.trouble,
            "HelmRelease liqo/liqo is suspended: Flux does nothing about it; before that, InstallFailed: timed out");
  EXPECT_EQ(state.advice,
            R"(Resume it: kubectl -n liqo patch helmrelease liqo --type merge -p '{"spec":{"suspend":false}}')");
  EXPECT_TRUE(state.suspended);
}

TEST(Release, WhoseSourceIsSuspendedWaitsForThat) {
  ReleaseSources sources;
  sources.repository = flux_object("HelmRepository", {});
  sources.repository->as_object()["spec"] = {{"suspend", true}};
  const auto state = judge_release(release({}), sources);
  EXPECT_THAT(state.trouble, HasSubstr("HelmRepository liqo/liqo is suspended"));
  EXPECT_THAT(state.advice, HasSubstr("patch helmrepository liqo"));
  EXPECT_TRUE(state.suspended);
  // What is installed already needs no source.
  EXPECT_EQ(judge_release(release({kFluxInstalled}), sources).trouble, "");
}

TEST(Release, ThatFluxHasGivenUpIsHopelessUntilItIsChanged) {
  const JsonArray failed{flux_condition("Ready", "False", "InstallFailed", "timed out"),
                         flux_condition("Stalled", "True", "RetriesExceeded", "Failed to install after 4 attempt(s)")};
  const auto state = judge_release(release(failed), {});
  EXPECT_TRUE(state.hopeless);
  EXPECT_THAT(state.trouble, HasSubstr("InstallFailed: timed out"));
  EXPECT_THAT(state.advice, HasSubstr("flux reconcile helmrelease liqo -n liqo --reset --force"));
  EXPECT_FALSE(judge_release(release(failed, 3, 2), {}).hopeless) << "Flux has yet to look at the change";
}

TEST(Release, ThatIsInstallingIsNotFailing) {
  const auto state = judge_release(
      release({flux_condition("Ready", "Unknown", "Progressing", "Running 'install' action with timeout of 5m0s")}),
      {});
  EXPECT_FALSE(state.failing);
  EXPECT_THAT(state.trouble, AllOf(HasSubstr("Running 'install' action"), Not(HasSubstr("\n"))));
}

TEST(Release, OnItsWayOutSaysWhatKeepsIt) {
  auto going = release({flux_condition("Ready", "False", "UninstallFailed", "a peering is still there")});
  going.at("metadata").as_object()["deletionTimestamp"] = "2026-11-26T00:00:00Z";
  EXPECT_THAT(judge_release(going, {}).trouble, HasSubstr("on its way out: UninstallFailed: a peering is still there"));
}

}  // namespace
}  // namespace tombolo::liqo
