#include "liqo/offloading.hpp"

#include <gtest/gtest.h>

#include "liqo/resources.hpp"

namespace tombolo::liqo {
namespace {

codec::Json object_of(std::string_view text) { return *codec::parse_json(text); }

Offloading wish(std::string strategy = "LocalAndRemote") {
  Offloading out;
  out.name_space = "work";
  out.strategy = std::move(strategy);
  return out;
}

TEST(Offloading, ItsObjectSaysWhatIsWished) {
  const auto object = offloading_object(wish());
  EXPECT_EQ(codec::text_at(object, "metadata.name"), "offloading");
  EXPECT_EQ(offloading_difference(object, wish()), "");
  EXPECT_EQ(offloading_difference(object, wish("Remote")), "podOffloadingStrategy");
  auto same_name = wish();
  same_name.mapping = "EnforceSameName";
  EXPECT_EQ(offloading_difference(object, same_name), "namespaceMappingStrategy");
}

TEST(Offloading, NoSelectorIsAnEmptyOne) {
  auto object = offloading_object(wish());
  object.as_object()["spec"].as_object().erase("clusterSelector");
  EXPECT_EQ(offloading_difference(object, wish()), "");
}

TEST(Offloading, ThePhaseOfAnOlderSpecIsNone) {
  const auto object =
      object_of(R"({"metadata": {"generation": 2}, "status": {"observedGeneration": 1, "offloadingPhase": "Ready"}})");
  EXPECT_FALSE(offloading_state(object).ready());
}

TEST(Offloading, WhatKeepsItFromBeingReadyIsSaid) {
  const auto state = offloading_state(object_of(R"({
    "metadata": {"generation": 1},
    "status": {"observedGeneration": 1, "offloadingPhase": "AllFailed", "remoteNamespaceName": "work-home",
               "remoteNamespacesConditions": {"cloud": [
                 {"type": "OffloadingRequired", "status": "True", "reason": "ClusterSelected", "message": "m"},
                 {"type": "Ready", "status": "False", "reason": "CreationLoopBackOff", "message": "it is there already"}]}}})"));
  EXPECT_EQ(state.phase, "AllFailed");
  EXPECT_EQ(state.trouble, "cloud: CreationLoopBackOff: it is there already");
}

TEST(Offloading, OnlyTheRightTolerationLetsAPodGo) {
  const auto pod = [](std::string_view toleration) {
    return object_of(R"({"spec": {"tolerations": [)" + std::string(toleration) + "]}}");
  };
  EXPECT_TRUE(tolerates_virtual_node(
      pod(R"({"key": "virtual-node.liqo.io/not-allowed", "operator": "Exists", "effect": "NoExecute"})")));
  EXPECT_TRUE(tolerates_virtual_node(pod(R"({"key": "virtual-node.liqo.io/not-allowed", "value": "true"})")));
  EXPECT_TRUE(tolerates_virtual_node(pod(R"({"operator": "Exists"})")));
  EXPECT_FALSE(tolerates_virtual_node(
      pod(R"({"key": "virtual-node.liqo.io/not-allowed", "operator": "Exists", "effect": "NoSchedule"})")));
  EXPECT_FALSE(tolerates_virtual_node(pod("")));
  EXPECT_FALSE(tolerates_virtual_node(object_of("{}")));
}

TEST(Quantity, IsTheAmountHoweverItIsWritten) {
  EXPECT_TRUE(same_quantity("1024Mi", "1Gi"));
  EXPECT_TRUE(same_quantity("2", "2000m"));
  EXPECT_TRUE(same_quantity("1e3", "1k"));
  EXPECT_EQ(*quantity("1E"), 1e18);
  EXPECT_FALSE(same_quantity("1Gi", "1G"));
  EXPECT_FALSE(same_quantity("1", "1x"));
  for (const auto* text : {"", "x", "1e", "Gi", "1.5.2", "1 Gi"}) EXPECT_FALSE(quantity(text)) << text;
}

}  // namespace
}  // namespace tombolo::liqo
