#include "kube/ownership.hpp"

#include <gtest/gtest.h>

namespace tombolo::kube {
namespace {

using codec::Json;

// As kube-apiserver 1.35 keeps the account of a DaemonSet that was applied.
Json daemon_set(std::string_view ours, std::string_view other = "") {
  std::string fields =
      R"([{"manager": "tombolo", "operation": "Apply", "apiVersion": "apps/v1", "fieldsType": "FieldsV1",
    "fieldsV1": )" +
      std::string(ours) + "}";
  if (!other.empty())
    fields += R"(, {"manager": "kubectl-edit", "operation": "Update", "apiVersion": "apps/v1", "fieldsV1": )" +
              std::string(other) + "}";
  fields += R"(, {"manager": "kube-controller-manager", "operation": "Update", "subresource": "status",
    "fieldsV1": {"f:status": {"f:numberReady": {}}}}])";
  return *codec::parse_json(R"({"metadata": {"name": "nebula", "managedFields": )" + fields + "}}");
}

const Json kApplied = *codec::parse_json(R"({"apiVersion": "apps/v1", "kind": "DaemonSet",
  "metadata": {"name": "nebula", "namespace": "n", "labels": {"a/b.c": "d"}},
  "spec": {"selector": {"matchLabels": {"app": "nebula"}}, "template": {"spec": {
    "tolerations": [{"operator": "Exists"}],
    "containers": [{"name": "nebula", "image": "i", "args": ["-config"], "ports": [{"containerPort": 1}]}]}}}})");

constexpr std::string_view kWhole = R"({"f:metadata": {"f:labels": {"f:a/b.c": {}}}, "f:spec": {"f:selector": {},
  "f:template": {"f:spec": {"f:tolerations": {}, "f:containers": {"k:{\"name\":\"nebula\"}": {".": {}, "f:name": {},
  "f:image": {}, "f:args": {}, "f:ports": {"k:{\"containerPort\":1,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}}}}}}}})";
constexpr std::string_view kWithoutImage = R"({"f:metadata": {"f:labels": {"f:a/b.c": {}}}, "f:spec": {"f:selector": {},
  "f:template": {"f:spec": {"f:tolerations": {}, "f:containers": {"k:{\"name\":\"nebula\"}": {".": {}, "f:name": {},
  "f:args": {}, "f:ports": {"k:{\"containerPort\":1,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}}}}}}}})";
constexpr std::string_view kImage =
    R"({"f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"nebula\"}": {"f:image": {}}}}}}})";

TEST(Ownership, NothingIsLostWhileEveryFieldIsInOurEntry) {
  EXPECT_EQ(lost_fields(daemon_set(kWhole), kApplied), std::vector<LostField>{});
  EXPECT_EQ(lost_fields(daemon_set(kWhole, R"({"f:spec": {"f:other": {}}})"), kApplied), std::vector<LostField>{});
}

TEST(Ownership, AFieldThatSomebodyEditedIsNamedWithHim) {
  EXPECT_EQ(lost_fields(daemon_set(kWithoutImage, kImage), kApplied),
            (std::vector<LostField>{{R"(.spec.template.spec.containers[name="nebula"].image)", "kubectl-edit"}}));
}

TEST(Ownership, AFieldThatWasRemovedIsNobodys) {
  EXPECT_EQ(lost_fields(daemon_set(kWithoutImage), kApplied),
            (std::vector<LostField>{{R"(.spec.template.spec.containers[name="nebula"].image)", ""}}));
}

TEST(Ownership, AnObjectThatWasMadeAnewByAnotherIsLostAsAWhole) {
  const auto theirs = *codec::parse_json(R"({"metadata": {"managedFields": [
    {"manager": "kubectl-create", "operation": "Update", "fieldsV1": {"f:data": {}}}]}})");
  EXPECT_EQ(lost_fields(theirs, kApplied), (std::vector<LostField>{{"", "kubectl-create"}}));
  EXPECT_FALSE(has_applied(theirs));
  EXPECT_TRUE(has_applied(daemon_set(kWhole)));
}

TEST(Ownership, TheMarkChangesWithOurFieldsAndNotWithTheirs) {
  const auto whole = ownership_mark(daemon_set(kWhole));
  EXPECT_EQ(ownership_mark(daemon_set(kWhole, R"({"f:metadata": {"f:annotations": {"f:x": {}}}})")), whole);
  EXPECT_NE(ownership_mark(daemon_set(kWithoutImage, kImage)), whole);
  EXPECT_EQ(other_writers(daemon_set(kWithoutImage, kImage)), "kubectl-edit");
  EXPECT_EQ(other_writers(daemon_set(kWhole)), "");
  EXPECT_EQ(ownership_mark(daemon_set(kWhole), "helm"), "");
}

TEST(Ownership, WithoutAnAccountNothingIsKnown) {
  EXPECT_EQ(lost_fields(*codec::parse_json(R"({"metadata": {}})"), kApplied), std::vector<LostField>{});
}

}  // namespace
}  // namespace tombolo::kube
