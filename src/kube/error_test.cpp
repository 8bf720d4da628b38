#include "kube/error.hpp"

#include <gmock/gmock.h>

namespace tombolo::kube {
namespace {

using ::testing::HasSubstr;

Error of(int status, std::string body, net::Headers headers = {}) {
  return error_of(net::Response{status, std::move(headers), std::move(body)}, "applying ConfigMap a/b");
}

Error refusal(int code, std::string_view reason, std::string_view message, codec::JsonArray causes = {}) {
  return of(code, codec::to_text(codec::JsonObject{{"kind", "Status"},
                                                   {"status", "Failure"},
                                                   {"reason", reason},
                                                   {"message", message},
                                                   {"code", code},
                                                   {"details", codec::JsonObject{{"causes", std::move(causes)}}}}));
}

TEST(Refusal, EveryReasonHasItsCode) {
  const std::pair<const char*, Code> kReasons[] = {
      {"NotFound", Code::kNotFound},           {"AlreadyExists", Code::kDuplicate},
      {"Conflict", Code::kConflict},           {"Invalid", Code::kBadInput},
      {"Forbidden", Code::kPermission},        {"Unauthorized", Code::kCredentials},
      {"TooManyRequests", Code::kThrottled},   {"Expired", Code::kInconsistent},
      {"InternalError", Code::kTransient},     {"ServiceUnavailable", Code::kTransient},
      {"MethodNotAllowed", Code::kUnsupported}};
  for (const auto& [reason, code] : kReasons) {
    const auto error = refusal(418, reason, "words");
    EXPECT_EQ(error.code(), code) << reason;
    EXPECT_EQ(error.remote()->code, reason);
    EXPECT_THAT(error.sentence(), HasSubstr("applying ConfigMap a/b: words"));
  }
  EXPECT_EQ(refusal(503, "SomethingNew", "").code(), Code::kTransient);  // the status decides what no reason does
  EXPECT_EQ(refusal(400, "SomethingNew", "").code(), Code::kBadInput);
}

TEST(Refusal, AConflictNamesEveryFieldAndItsOwner) {
  const auto error = refusal(
      409, "Conflict", "Apply failed with 2 conflicts",
      {codec::JsonObject{{"reason", "FieldManagerConflict"},
                         {"message", "conflict with \"helm\" using apps/v1"},
                         {"field", ".spec.replicas"}},
       codec::JsonObject{
           {"reason", "FieldManagerConflict"}, {"message", "conflict with \"kubectl-edit\""}, {"field", ".data.x"}}});
  EXPECT_THAT(error.sentence(),
              HasSubstr("; .spec.replicas belongs to \"helm\" using apps/v1, .data.x belongs to \"kubectl-edit\""));
  EXPECT_THAT(error.hint(), HasSubstr("manager"));
  EXPECT_THAT(refusal(409, "Conflict", "the object has been modified").hint(), HasSubstr("run the same command again"));
}

TEST(Refusal, ForbiddenHasMoreThanOneMeaning) {
  const auto missing = refusal(
      403, "Forbidden",
      "nodes is forbidden: User \"jane\" cannot list resource \"nodes\" in API group \"\" at the cluster scope");
  EXPECT_EQ(missing.code(), Code::kPermission);
  EXPECT_EQ(missing.hint(),
            "Give jane this rule in a ClusterRole: apiGroups: [\"\"], resources: [\"nodes\"], verbs: [\"list\"].");
  EXPECT_EQ(refusal(403, "Forbidden", "exceeded quota: q, requested: pods=1").code(), Code::kQuota);
  EXPECT_EQ(
      refusal(403, "Forbidden", "unable to create new content", {codec::JsonObject{{"reason", "NamespaceTerminating"}}})
          .code(),
      Code::kState);
  EXPECT_EQ(refusal(403, "Forbidden", "admission webhook \"v.liqo.io\" denied the request: no").code(),
            Code::kBadInput);
  EXPECT_EQ(
      refusal(429, "TooManyRequests", "Cannot evict pod", {codec::JsonObject{{"reason", "DisruptionBudget"}}}).code(),
      Code::kDependency);
}

TEST(Refusal, AWebhookThatIsDownIsNamed) {
  const auto error =
      refusal(500, "InternalError",
              "Internal error occurred: failed calling webhook \"vresourceslice.liqo.io\": connection refused");
  EXPECT_EQ(error.code(), Code::kTransient);
  EXPECT_THAT(error.sentence(), HasSubstr("the admission webhook vresourceslice.liqo.io did not answer"));
  EXPECT_THAT(error.hint(), HasSubstr("Start what serves vresourceslice.liqo.io again"));
  EXPECT_THAT(error.hint(), HasSubstr("kubectl get validatingwebhookconfigurations"));
}

TEST(Refusal, WithoutAStatusTheHttpStatusDecides) {
  const auto page = of(502, "<html>nginx</html>", {{"Content-Type", "text/html"}});
  EXPECT_EQ(page.code(), Code::kTransient);
  EXPECT_THAT(page.sentence(), HasSubstr("a web page came with HTTP 502"));
  EXPECT_THAT(of(404, "404 page not found\n").hint(), HasSubstr("CustomResourceDefinition"));
  EXPECT_THAT(of(400, "line\nand line").sentence(), HasSubstr("HTTP 400: line and line"));
  EXPECT_TRUE(is_expired(of(410, "")));
  EXPECT_FALSE(is_expired(of(409, "")));
}

TEST(RetryAfter, IsReadFromTheHeaderOrTheStatus) {
  EXPECT_EQ(retry_after({429, {{"retry-after", "7"}}, ""}), std::chrono::seconds(7));
  EXPECT_EQ(retry_after({429, {}, R"({"kind":"Status","details":{"retryAfterSeconds":3}})"}), std::chrono::seconds(3));
  EXPECT_EQ(retry_after({429, {{"Retry-After", "soon"}}, ""}), std::nullopt);
  EXPECT_EQ(retry_after({429, {{"Retry-After", "-1"}}, ""}), std::nullopt);
}

}  // namespace
}  // namespace tombolo::kube
