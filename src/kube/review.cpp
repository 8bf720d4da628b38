#include "kube/review.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "kube/objects.hpp"

namespace tombolo::kube {
namespace {

std::string with_subresource(const Permission& p) {
  return p.subresource.empty() ? p.resource.plural : p.resource.plural + "/" + p.subresource;
}

std::string full_name(const Permission& p) {
  return with_subresource(p) + (p.resource.group.empty() ? "" : "." + p.resource.group);
}

}  // namespace

std::string Permission::text() const {
  return fmt::format("{} {}{}{}", verb, full_name(*this), name_space.empty() ? "" : " in ", name_space);
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
  if (wanted.size() > 1 && TRY(may_i(client, {"*", {"*", "*", "*", ""}, "", ""}, stop)).allowed) return out;
  for (const Permission& permission : wanted)
    if (!TRY(may_i(client, permission, stop)).allowed) out.push_back(permission);
  return out;
}

std::vector<std::string> in_words(const std::vector<Permission>& permissions) {
  std::vector<std::pair<Permission, std::string>> groups;  // the first of them, and the verbs
  for (const Permission& p : permissions) {
    const auto same = std::ranges::find_if(groups, [&](const auto& g) {
      return g.first.resource == p.resource && g.first.name_space == p.name_space &&
             g.first.subresource == p.subresource;
    });
    if (same == groups.end())
      groups.emplace_back(p, p.verb);
    else
      same->second += ", " + p.verb;
  }
  struct Saying {
    std::string verbs, name_space;
    std::vector<std::string> resources;
  };
  std::vector<Saying> sayings;
  for (const auto& [permission, verbs] : groups) {
    const auto same = std::ranges::find_if(
        sayings, [&](const Saying& s) { return s.verbs == verbs && s.name_space == permission.name_space; });
    if (same == sayings.end())
      sayings.push_back({verbs, permission.name_space, {full_name(permission)}});
    else
      same->resources.push_back(full_name(permission));
  }
  std::vector<std::string> out;
  for (const Saying& s : sayings)
    out.push_back(fmt::format("{} {}{}{}", s.verbs, fmt::join(s.resources, ", "), s.name_space.empty() ? "" : " in ",
                              s.name_space));
  return out;
}

std::string rules_for(const std::vector<Permission>& permissions) {
  // By API group and resource the verbs, then by API group and verbs the resources: in the order in which they come.
  struct Rule {
    std::string group;
    std::vector<std::string> resources, verbs;
  };
  const auto add = [](std::vector<std::string>& list, const std::string& word) {
    if (std::ranges::find(list, word) == list.end()) list.push_back(word);
  };
  std::vector<Rule> by_resource, rules;
  for (const Permission& p : permissions) {
    const auto resource = with_subresource(p);
    auto it = std::ranges::find_if(
        by_resource, [&](const Rule& r) { return r.group == p.resource.group && r.resources.front() == resource; });
    if (it == by_resource.end()) it = by_resource.insert(by_resource.end(), {p.resource.group, {resource}, {}});
    add(it->verbs, p.verb);
  }
  for (Rule& one : by_resource) {
    const auto it =
        std::ranges::find_if(rules, [&](const Rule& r) { return r.group == one.group && r.verbs == one.verbs; });
    if (it == rules.end())
      rules.push_back(std::move(one));
    else
      it->resources.push_back(one.resources.front());
  }
  std::string out;
  for (const Rule& r : rules)
    out += fmt::format("- apiGroups: [{}]\n  resources: [{}]\n  verbs: [{}]\n", r.group.empty() ? "\"\"" : r.group,
                       r.resources.front() == "*" ? "\"*\"" : fmt::format("{}", fmt::join(r.resources, ", ")),
                       fmt::join(r.verbs, ", "));
  return out;
}

std::string cluster_role_for(const std::string& name, const std::vector<Permission>& permissions) {
  return fmt::format("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: {}}}\nrules:\n{}",
                     name, rules_for(permissions));
}

Result<std::string> who_am_i(Client& client, const std::stop_token& stop) {
  const codec::JsonObject review{{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "SelfSubjectReview"}};
  const auto answer = client.call({.doing = "asking who we are",
                                   .method = "POST",
                                   .path = "/apis/authentication.k8s.io/v1/selfsubjectreviews",
                                   .body = codec::to_text(review)},  // creates nothing: may be repeated
                                  stop);
  if (!answer && (answer.error().code() == Code::kNotFound || answer.error().code() == Code::kPermission))
    return std::string();
  return codec::text_at(TRY(answer), "status.userInfo.username");
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
