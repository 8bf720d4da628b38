#include "sim/kube_write.hpp"

#include "sim/kube_test_support.hpp"

namespace tombolo::sim {
namespace {

using ::testing::HasSubstr;

using KubeWrite = KubeTest;

TEST_F(KubeWrite, CreatedObjectsGetWhatOnlyTheServerKnows) {
  const auto name = config_map("a");
  ASSERT_TRUE(kube::create(*home, name, with_data(name, {{"k", "v"}}), stop));
  const auto there = get(name);
  EXPECT_EQ(codec::text_at(there, "data.k"), "v");
  EXPECT_EQ(kube::uid_of(there).size(), 36u);
  EXPECT_EQ(codec::text_at(there, "metadata.creationTimestamp"), "2026-11-26T01:00:00Z");
  EXPECT_EQ(codec::text_at(there, "metadata.managedFields.0.manager"), "tombolo");
  const auto again = kube::create(*home, name, with_data(name, {}), stop);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Code::kDuplicate);
}

TEST_F(KubeWrite, AnApplyThatChangesNothingWritesNothing) {
  const auto name = config_map("a");
  const auto first = apply(name, with_data(name, {{"k", "v"}}));
  clock.advance(1h);
  const auto second = apply(name, with_data(name, {{"k", "v"}}));
  EXPECT_EQ(kube::resource_version_of(first), kube::resource_version_of(second));
  EXPECT_EQ(first, second);
  EXPECT_NE(kube::resource_version_of(apply(name, with_data(name, {{"k", "w"}}))), kube::resource_version_of(first));
}

TEST_F(KubeWrite, AFieldThatIsAppliedNoMoreIsRemovedUnlessSomebodyElseOwnsIt) {
  const auto name = config_map("a");
  apply(name, with_data(name, {{"mine", "1"}, {"shared", "2"}}));
  EXPECT_EQ(raw("PATCH", name.path() + "?fieldManager=other", with_data(name, {{"shared", "2"}, {"theirs", "3"}}),
                "application/apply-patch+yaml")
                .status,
            200);
  const auto left = apply(name, with_data(name, {{"new", "4"}}));
  EXPECT_EQ(*codec::find(left, "data"), (Json{{"shared", "2"}, {"theirs", "3"}, {"new", "4"}}));
}

TEST_F(KubeWrite, AConflictNamesTheFieldAndItsOwnerAndForceTakesOver) {
  const auto name = config_map("a");
  apply(name, with_data(name, {{"k", "v"}}));
  EXPECT_EQ(raw("PATCH", name.path() + "?fieldManager=kubectl-edit", {{"data", {{"k", "edited"}}}},
                "application/merge-patch+json")
                .status,
            200);
  const auto refused = kube::apply(*home, name, with_data(name, {{"k", "v"}}), stop);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kConflict);
  EXPECT_THAT(refused.error().text(), HasSubstr(".data.k belongs to \"kubectl-edit\" using v1"));
  EXPECT_EQ(codec::text_at(get(name), "data.k"), "edited");
  EXPECT_EQ(codec::text_at(apply(name, with_data(name, {{"k", "v"}}), {true, false}), "data.k"), "v");
  // Now it is ours, and theirs to conflict with.
  const auto theirs = raw("PATCH", name.path() + "?fieldManager=kubectl-edit", with_data(name, {{"k", "x"}}),
                          "application/apply-patch+yaml");
  EXPECT_EQ(theirs.status, 409);
  EXPECT_THAT(theirs.body, HasSubstr("Apply failed with 1 conflict: conflict with \\\"tombolo\\\": .data.k"));
}

TEST_F(KubeWrite, ContainersAreOwnedOneByOne) {
  const kube::ObjectName name{kube::kDeployments, "default", "d"};
  apply(name, workload(name, pod_template("d")));
  const auto added = raw(
      "PATCH", name.path() + "?fieldManager=mesh",
      object(name,
             {{"spec", {{"template", {{"spec", {{"containers", JsonArray{{{"name", "side"}, {"image", "b:1"}}}}}}}}}}}),
      "application/apply-patch+yaml");
  EXPECT_EQ(added.status, 200) << added.body;
  const auto newer = apply(name, workload(name, pod_template("d", "a:2")));
  EXPECT_EQ(codec::find(newer, "spec.template.spec.containers")->as_array().size(), 2u);
  const auto refused = kube::apply(
      *home, name,
      object(name,
             {{"spec", {{"template", {{"spec", {{"containers", JsonArray{{{"name", "side"}, {"image", "b:2"}}}}}}}}}}}),
      stop);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(),
              HasSubstr(".spec.template.spec.containers[name=\"side\"].image belongs to \"mesh\""));
}

TEST_F(KubeWrite, DryRunSaysWhatWouldBeAndWritesNothing) {
  const auto name = config_map("a");
  EXPECT_EQ(codec::text_at(apply(name, with_data(name, {{"k", "v"}}), {false, true}), "data.k"), "v");
  EXPECT_TRUE(get(name).is_null());
}

TEST_F(KubeWrite, AReplaceWithAnOldVersionIsRefused) {
  const auto name = config_map("a");
  auto old = apply(name, with_data(name, {{"k", "1"}}));
  apply(name, with_data(name, {{"k", "2"}}));
  const auto refused = kube::replace(*home, name, old, stop);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kConflict);
  EXPECT_THAT(refused.error().text(), HasSubstr("the object has been modified"));
  auto fresh = get(name);
  fresh.as_object()["data"] = {{"k", "3"}};
  EXPECT_TRUE(kube::replace(*home, name, fresh, stop));
}

TEST_F(KubeWrite, PatchesOfEveryKind) {
  const auto name = config_map("a");
  apply(name, with_data(name, {{"a", "1"}, {"b", "2"}}));
  const auto merged = kube::patch(*home, name, kube::PatchKind::kMerge, {{"data", {{"a", nullptr}, {"c", "3"}}}}, stop);
  ASSERT_TRUE(merged);
  EXPECT_EQ(*codec::find(*merged, "data"), (Json{{"b", "2"}, {"c", "3"}}));
  const Json steps = JsonArray{{{"op", "test"}, {"path", "/data/b"}, {"value", "2"}},
                               {{"op", "move"}, {"from", "/data/b"}, {"path", "/data/d~1e"}},
                               {{"op", "replace"}, {"path", "/data/c"}, {"value", "4"}}};
  const auto patched = kube::patch(*home, name, kube::PatchKind::kJson, steps, stop);
  ASSERT_TRUE(patched) << patched.error().text();
  EXPECT_EQ(*codec::find(*patched, "data"), (Json{{"c", "4"}, {"d/e", "2"}}));
  EXPECT_FALSE(kube::patch(*home, name, kube::PatchKind::kJson, steps, stop));  // the test does not hold any more
}

TEST_F(KubeWrite, FinalizersHoldWhatIsDeleted) {
  const auto name = config_map("a");
  auto held = with_data(name, {});
  metadata_of(held)["finalizers"] = JsonArray{Json("example.com/hold")};
  apply(name, held);
  EXPECT_TRUE(*kube::remove(*home, name, stop));
  EXPECT_TRUE(kube::is_being_deleted(get(name)));
  const auto still = kube::wait_until_gone(*home, name, "", 5s, stop);
  ASSERT_FALSE(still);
  EXPECT_THAT(still.error().text(), HasSubstr("held by the finalizer example.com/hold"));
  EXPECT_TRUE(kube::patch(*home, name, kube::PatchKind::kMerge, {{"metadata", {{"finalizers", nullptr}}}}, stop));
  EXPECT_TRUE(get(name).is_null());
  EXPECT_FALSE(*kube::remove(*home, name, stop));
}

TEST_F(KubeWrite, DeletionsCanBeMeantForOneObjectOnly) {
  const auto name = config_map("a");
  const auto there = apply(name, with_data(name, {}));
  const auto other = kube::remove(*home, name, stop, {kube::Propagation::kBackground, "another-uid", "", {}});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), Code::kConflict);
  EXPECT_TRUE(kube::remove(
      *home, name, stop, {kube::Propagation::kBackground, kube::uid_of(there), kube::resource_version_of(there), {}}));
  EXPECT_TRUE(get(name).is_null());
}

TEST_F(KubeWrite, WhatMakesNoSenseIsRefusedAsTheRealOneDoes) {
  const auto nowhere = config_map("a", "nowhere");
  const auto absent = kube::apply(*home, nowhere, with_data(nowhere, {}), stop);
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code(), Code::kNotFound);
  EXPECT_THAT(absent.error().text(), HasSubstr("namespaces \"nowhere\" not found"));

  const auto bad = config_map("Bad_Name");
  EXPECT_THAT(kube::apply(*home, bad, with_data(bad, {}), stop).error().text(), HasSubstr("RFC 1123 subdomain"));
  const auto name = config_map("a");
  EXPECT_EQ(kube::apply(*home, name, with_data(config_map("b"), {}), stop).error().code(), Code::kBadInput);
  EXPECT_EQ(kube::apply(*home, name, with_data(name, {{"k", 1}}), stop).error().code(), Code::kBadInput);
  EXPECT_EQ(raw("POST", "/api/v1/namespaces/default/configmaps", object({kube::kSecrets, "default", "a"})).status, 400);

  const kube::ObjectName set{kube::kDaemonSets, "default", "d"};
  apply(set, workload(set, pod_template("d")));
  auto moved = workload(set, pod_template("e"));
  moved.at("spec").at("selector").at("matchLabels").at("app") = "e";
  const auto immutable = kube::apply(*home, set, moved, stop);
  ASSERT_FALSE(immutable);
  EXPECT_THAT(immutable.error().text(), HasSubstr("DaemonSet.apps \"d\" is invalid: spec.selector: Invalid value"));
  EXPECT_THAT(immutable.error().text(), HasSubstr("field is immutable"));
}

TEST_F(KubeWrite, TextInSecretsBecomesData) {
  const kube::ObjectName name{kube::kSecrets, "default", "s"};
  const auto made = apply(name, object(name, {{"stringData", {{"k", "v"}}}}));
  EXPECT_EQ(codec::text_at(made, "data.k"), "dg==");
  EXPECT_EQ(codec::text_at(made, "type"), "Opaque");
  EXPECT_EQ(codec::find(made, "stringData"), nullptr);
}

}  // namespace
}  // namespace tombolo::sim
