#include "kube/review.hpp"

#include <fmt/format.h>

#include "kube/objects.hpp"

namespace tombolo::kube {
namespace {

std::string with_subresource(const Permission& p) {
  return p.subresource.empty() ? p.resource.plural : p.resource.plural + "/" + p.subresource;
}

}  // namespace

std::string Permission::text() const {
  std::string what = with_subresource(*this);
  if (!resource.group.empty()) what += "." + resource.group;
  return name_space.empty() ? fmt::format("{} {}", verb, what) : fmt::format("{} {} in {}", verb, what, name_space);
}

Result<Verdict> may_i(Client& client, const Permission& permission, const std::stop_token& stop) {
  codec::JsonObject attributes{{"verb", permission.verb},
                               {"group", permission.resource.group},
                               {"version", permission.resource.version},
                               {"resource", permission.resource.plural}};
  if (!permission.subresource.empty()) attributes["subresource"] = permission.subresource;
  if (!permission.name_space.empty()) attributes["namespace"] = permission.name_space;
  const codec::JsonObject review{{"apiVersion", "authorization.k8s.io/v1"},
                                 {"kind", "SelfSubjectAccessReview"},
                                 {"spec", codec::JsonObject{{"resourceAttributes", std::move(attributes)}}}};
  const auto answer = TRY(client.call({.doing = fmt::format("asking whether we may {}", permission.text()),
                                       .method = "POST",
                                       .path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                                       .body = codec::to_text(review)},  // creates nothing: may be repeated
                                      stop));
  return Verdict{codec::bool_at(answer, "status.allowed"), codec::text_at(answer, "status.reason")};
}

Result<std::vector<Permission>> missing(Client& client, const std::vector<Permission>& wanted,
                                        const std::stop_token& stop) {
  std::vector<Permission> out;
  for (const Permission& permission : wanted)
    if (!TRY(may_i(client, permission, stop)).allowed) out.push_back(permission);
  return out;
}

std::string rules_for(const std::vector<Permission>& permissions) {
  std::string out;
  for (const Permission& p : permissions)
    out += fmt::format("- {{apiGroups: [\"{}\"], resources: [\"{}\"], verbs: [\"{}\"]}}{}\n", p.resource.group,
                       with_subresource(p), p.verb, p.name_space.empty() ? "" : fmt::format("  # in {}", p.name_space));
  return out;
}

Result<> approve(Client& client, const std::string& signing_request, std::string_view why,
                 const std::stop_token& stop) {
  const ObjectName name{kSigningRequests, "", signing_request};
  for (int attempt = 1;; ++attempt) {
    auto request = TRY(get(client, name, stop));
    if (const auto approved = condition_of(request, "Approved"); approved && approved->holds()) return {};
    if (const auto denied = condition_of(request, "Denied"); denied && denied->holds())
      return fail(Code::kConflict, fmt::format("{} was denied: {}", name.text(), denied->message));
    auto& status = request.as_object()["status"];
    if (!status.is_object()) status = codec::JsonObject();
    auto& conditions = status.as_object()["conditions"];
    if (!conditions.is_array()) conditions = codec::JsonArray();
    conditions.as_array().push_back(
        codec::JsonObject{{"type", "Approved"},
                          {"status", "True"},
                          {"reason", "ApprovedByTombolo"},
                          {"message", codec::Json(boost::json::string_view(why.data(), why.size()))}});
    auto answer = replace(client, name, request, stop, "approval");
    if (answer) return {};
    if (answer.error().code() != Code::kConflict || attempt == 3) return fail(std::move(answer.error()));
  }
}

}  // namespace tombolo::kube
