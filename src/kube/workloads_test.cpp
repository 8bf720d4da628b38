#include "kube/workloads.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kube/manifests.hpp"
#include "kube/test_support.hpp"

namespace tombolo::kube {
namespace {

codec::Json object(std::string_view text) { return *codec::parse_json(text); }

TEST(PodState, NamesWhyItWaits) {
  const auto pulled =
      pod_state(object(R"({"metadata": {"name": "a"}, "status": {"phase": "Pending", "containerStatuses": [
    {"name": "c", "restartCount": 0, "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off"}}}]}})"));
  EXPECT_FALSE(pulled.ready);
  EXPECT_EQ(pulled.why, "ImagePullBackOff: Back-off");
  EXPECT_FALSE(pulled.hopeless);
  const auto wrong = pod_state(object(R"({"status": {"phase": "Pending", "containerStatuses": [
    {"state": {"waiting": {"reason": "InvalidImageName"}}}]}})"));
  EXPECT_TRUE(wrong.hopeless);
  const auto unscheduled = pod_state(object(R"({"status": {"phase": "Pending", "conditions": [
    {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes are available"}]}})"));
  EXPECT_EQ(unscheduled.why, "Unschedulable: 0/1 nodes are available");
}

TEST(PodState, IsReadyWhenItsConditionSaysSo) {
  EXPECT_TRUE(
      pod_state(object(R"({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}})"))
          .ready);
  EXPECT_TRUE(pod_state(object(R"({"status": {"phase": "Succeeded"}})")).ready);
  EXPECT_EQ(pod_state(object(R"({"status": {"phase": "Running"}})")).why, "running, not ready yet");
}

TEST(Rollout, IsOverWhenEveryPodHasTheNewestVersion) {
  EXPECT_EQ(
      rollout_trouble(object(R"({"kind": "DaemonSet", "metadata": {"generation": 2}, "status": {"observedGeneration": 2,
    "desiredNumberScheduled": 1, "updatedNumberScheduled": 1, "numberReady": 1}})")),
      "");
  EXPECT_EQ(
      rollout_trouble(object(R"({"kind": "DaemonSet", "metadata": {"generation": 2}, "status": {"observedGeneration": 2,
    "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberReady": 1}})")),
      "1 of 2 pods are ready");
  EXPECT_NE(rollout_trouble(object(
                R"({"kind": "Deployment", "metadata": {"generation": 2}, "status": {"observedGeneration": 1}})")),
            "");
}

TEST(Manifests, AreWrittenAsPeopleWriteThemAndReadBackTheSame) {
  const auto o =
      object(R"({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "labels": {"on": "true"}},
    "data": {"config.yml": "a: 1\nb:\n  - c\n", "empty": "", "number": "12", "blank end": "x \n"}, "list": [[], {}, [1, {"a": null}]]})");
  const auto text = manifest_yaml(o);
  EXPECT_NE(text.find("  config.yml: |\n    a: 1\n    b:\n      - c\n"), std::string::npos) << text;
  const auto back = parse_manifest(text);
  ASSERT_TRUE(back) << back.error().text() << text;
  EXPECT_EQ(**back, o) << text;
}

TEST(Manifests, AreAppliedInAnOrderThatWorks) {
  std::vector<codec::Json> all;
  for (const auto* kind :
       {"ValidatingWebhookConfiguration", "Deployment", "Tenant", "CustomResourceDefinition", "Namespace"})
    all.push_back(codec::Json{{"kind", kind}});
  sort_for_apply(all);
  std::vector<std::string> kinds;
  for (const auto& o : all) kinds.push_back(kind_of(o));
  EXPECT_EQ(kinds, (std::vector<std::string>{"Namespace", "CustomResourceDefinition", "Deployment", "Tenant",
                                             "ValidatingWebhookConfiguration"}));
}

TEST(PodState, TellsAPodOfAnOlderTemplate) {
  const auto set = object(R"({"metadata": {"annotations": {"deprecated.daemonset.template.generation": "3"}}})");
  EXPECT_FALSE(is_newest(pod_state(object(R"({"metadata": {"labels": {"pod-template-generation": "2"}}})")), set));
  EXPECT_TRUE(is_newest(pod_state(object(R"({"metadata": {"labels": {"pod-template-generation": "3"}}})")), set));
  EXPECT_TRUE(is_newest(pod_state(object("{}")), set));
}

TEST(Hurry, TouchesPodsThatRunAndAreNotProvenYet) {
  const auto pod = [](std::string_view name, std::string_view status) {
    return pod_state(
        object(fmt::format(R"({{"metadata": {{"namespace": "n", "name": "{}"}}, "status": {{{}}}}})", name, status)));
  };
  World world;
  world.server->then_status(404, "NotFound").then(200, "{}");
  ASSERT_TRUE(hurry(
      world.client,
      {pod("pending", R"("phase": "Pending")"), pod("gone-since", R"("phase": "Running")"),
       pod("crashes",
           R"("phase": "Running", "containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}])"),
       pod("ready", R"("phase": "Running", "conditions": [{"type": "Ready", "status": "True"}])"),
       pod("unproven", R"("phase": "Running", "conditions": [{"type": "Ready", "status": "False"}])")},
      {}));
  ASSERT_TRUE(world.server->at_end());
  EXPECT_THAT(world.url(0), ::testing::HasSubstr("/namespaces/n/pods/gone-since"));
  EXPECT_THAT(world.url(1), ::testing::HasSubstr("/namespaces/n/pods/unproven"));
  EXPECT_EQ(world.server->requests[1].body,
            R"({"metadata":{"annotations":{"tombolo/looked-at":"2026-11-26T12:00:00Z"}}})");
}

TEST(PodRefusal, IsTheNewestOfThisObject) {
  World world;
  world.server
      ->then(200, R"({"items": [
    {"involvedObject": {"uid": "old"}, "lastTimestamp": "2026-11-26T12:00:09Z", "message": "Error creating: of another"},
    {"involvedObject": {"uid": "u"}, "lastTimestamp": "2026-11-26T12:00:05Z", "count": 9, "message": "Error creating: quota"},
    {"involvedObject": {"uid": "u"}, "lastTimestamp": "2026-11-26T12:00:05Z", "count": 10, "message": "Error creating: newer"}
  ]})")
      .then(200, R"({"items": []})");
  const auto nebula = object(R"({"metadata": {"namespace": "n", "name": "nebula", "uid": "u"}})");
  const auto refusal = pod_refusal(world.client, nebula, {});
  ASSERT_TRUE(refusal && *refusal);
  EXPECT_EQ((*refusal)->why, "newer");
  EXPECT_THAT(world.url(0), ::testing::HasSubstr("/namespaces/n/events?"));
  const auto none = pod_refusal(world.client, nebula, {});
  EXPECT_TRUE(none && !*none);
}

TEST(StartTrouble, IsTheNewestWarningAboutAPodThatOnlyWaits) {
  World world;
  world.server
      ->then(200, R"({"items": [
    {"reason": "FailedMount", "lastTimestamp": "2026-11-26T12:00:05Z", "message": "no such device"},
    {"reason": "FailedScheduling", "lastTimestamp": "2026-11-26T12:00:01Z", "message": "no node yet"}
  ]})")
      .then(200, R"({"items": []})");
  PodState pod;
  pod.name_space = "n", pod.name = "nebula-x", pod.why = "ContainerCreating: never seen as such";
  EXPECT_EQ(start_trouble(world.client, pod, {}).value(), "") << "it says more itself: nobody is asked";
  pod.why = "Pending";
  EXPECT_EQ(start_trouble(world.client, pod, {}).value(), "FailedMount: no such device");
  EXPECT_EQ(start_trouble(world.client, pod, {}).value(), "") << "no warning";
}

}  // namespace
}  // namespace tombolo::kube
