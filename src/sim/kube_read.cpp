#include "sim/kube_read.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "codec/base64.hpp"
#include "kube/object.hpp"
#include "sim/kube_select.hpp"

namespace tombolo::sim {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

std::int64_t number(std::string_view text, std::int64_t fallback) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && error == std::errc() && end == text.data() + text.size() ? out : fallback;
}

// An object as the version shows it that was asked for.
Json shown(const Json& object, const KubeRequest& request) {
  Json out = object;
  out.as_object()["apiVersion"] = request.api_version();
  return out;
}

KubeNo expired(std::string message) { return kube_no(410, "Expired", std::move(message)); }

// Where a page begins: after `last`, in a list that began at `version`.
struct Continue {
  std::int64_t version = 0;
  std::string space;
  std::string name;
};

std::string token_of(const Continue& at) {
  return codec::encode_base64(
      as_bytes(codec::to_text({{"v", "meta.k8s.io/v1"}, {"rv", at.version}, {"ns", at.space}, {"start", at.name}})));
}

KubeOutcome<Continue> read_token(std::string_view token) {
  const auto bytes = codec::decode_base64(token);
  const auto json = bytes ? codec::parse_json(as_text(*bytes)) : fail(Code::kCorrupt, "no token");
  if (!json || codec::text_at(*json, "v") != "meta.k8s.io/v1") return kube_bad_request("continue key is not valid");
  return Continue{codec::number_at(*json, "rv"), codec::text_at(*json, "ns"), codec::text_at(*json, "start")};
}

std::string line(std::string_view type, Json object) {
  return codec::to_text({{"type", boost::json::string_view(type.data(), type.size())}, {"object", std::move(object)}}) +
         "\n";
}

JsonArray verbs(bool status) {
  JsonArray out;
  for (const auto* verb : {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"})
    if (!status || std::string_view(verb) == "get" || std::string_view(verb) == "patch" ||
        std::string_view(verb) == "update")
      out.emplace_back(verb);
  return out;
}

JsonObject entry(const KubeKind& kind, const std::string& name, JsonArray which) {
  return {{"name", name},
          {"singularName", ""},
          {"namespaced", kind.namespaced},
          {"kind", kind.kind},
          {"verbs", std::move(which)}};
}

Json group_entry(const std::string& group, const std::vector<std::string>& versions) {
  JsonArray list;
  for (const auto& v : versions) list.push_back({{"groupVersion", group + "/" + v}, {"version", v}});
  const Json first = list.front();
  return {{"name", group}, {"versions", std::move(list)}, {"preferredVersion", first}};
}

}  // namespace

KubeOutcome<Json> read(const KubeStore& store, const KubeRequest& request) {
  const auto object = store.find(request.key);
  if (!object) return no_such_object(request.kind, request.key.name);
  return shown(*object, request);
}

KubeOutcome<Json> list(const KubeStore& store, const KubeRequest& request) {
  const auto selector =
      ALLOWED(KubeSelector::read(request.option("labelSelector"), request.option("fieldSelector"), request.kind));
  const auto limit = static_cast<std::size_t>(std::max<std::int64_t>(0, number(request.option("limit"), 0)));
  Continue at{store.version(), "", ""};
  const auto token = request.option("continue");
  if (!token.empty()) at = ALLOWED(read_token(token));
  if (at.version < store.forgotten())
    return expired("The provided continue parameter is too old to display a consistent list result.");
  const auto all = store.of(request.kind.group, request.kind.plural, request.key.name_space);
  auto it = token.empty() ? all.begin() : all.upper_bound(request.kind.key(at.space, at.name));
  JsonArray items;
  for (; it != all.end() && (limit == 0 || items.size() < limit); ++it) {
    at.space = it->first.name_space;
    at.name = it->first.name;
    if (!selector.matches(*it->second)) continue;
    auto item = shown(*it->second, request);
    // Lists of built-in kinds leave out what the list says already.
    if (request.kind.built_in) {
      item.as_object().erase("kind");
      item.as_object().erase("apiVersion");
    }
    items.push_back(std::move(item));
  }
  JsonObject meta{{"resourceVersion", std::to_string(at.version)}};
  const auto rest = std::count_if(it, all.end(), [&](const auto& each) { return selector.matches(*each.second); });
  if (rest > 0) {
    meta["continue"] = token_of(at);
    if (selector.everything()) meta["remainingItemCount"] = static_cast<std::int64_t>(rest);
  }
  return Json{{"kind", request.kind.kind + "List"},
              {"apiVersion", request.api_version()},
              {"metadata", std::move(meta)},
              {"items", std::move(items)}};
}

KubeOutcome<std::string> watch_events(const KubeStore& store, const KubeRequest& request) {
  const auto selector =
      ALLOWED(KubeSelector::read(request.option("labelSelector"), request.option("fieldSelector"), request.kind));
  const auto from = number(request.option("resourceVersion"), 0);
  std::string out;
  if (from == 0) {
    for (const auto& [key, object] : store.of(request.kind.group, request.kind.plural, request.key.name_space))
      if (selector.matches(*object)) out += line("ADDED", shown(*object, request));
    return out;
  }
  if (from < store.forgotten())
    return expired(fmt::format("too old resource version: {} ({})", from, store.forgotten() + 1));
  const auto& changes = store.changes();
  auto it = std::upper_bound(changes.begin(), changes.end(), from,
                             [](std::int64_t v, const KubeChange& c) { return v < c.version; });
  for (; it != changes.end(); ++it) {
    const auto& key = it->key;
    if (key.group != request.kind.group || key.plural != request.kind.plural) continue;
    if (!request.key.name_space.empty() && key.name_space != request.key.name_space) continue;
    const bool before = it->before && selector.matches(*it->before), after = it->after && selector.matches(*it->after);
    // An object that leaves the selection is deleted for this watcher, with the version of the change.
    if (after)
      out += line(before ? "MODIFIED" : "ADDED", shown(*it->after, request));
    else if (before)
      out += line("DELETED", shown(it->after ? *it->after : *it->last, request));
  }
  return out;
}

std::string bookmark(const KubeStore& store, const KubeRequest& request) {
  if (request.option("allowWatchBookmarks") != "true" && request.option("allowWatchBookmarks") != "1") return "";
  return line("BOOKMARK", {{"kind", request.kind.kind},
                           {"apiVersion", request.api_version()},
                           {"metadata", {{"resourceVersion", std::to_string(store.version())}}}});
}

KubeOutcome<Json> discover(const KubeStore& store, const std::string& path) {
  auto kinds = kinds_of(store);
  kinds.push_back(
      {std::string(kReviewGroup), {"v1"}, "selfsubjectaccessreviews", "SelfSubjectAccessReview", false, false, false});
  kinds.push_back(
      {std::string(kReviewGroup), {"v1"}, "selfsubjectrulesreviews", "SelfSubjectRulesReview", false, false, false});
  if (path == "/api")
    return Json{
        {"kind", "APIVersions"}, {"versions", JsonArray{Json("v1")}}, {"serverAddressByClientCIDRs", JsonArray()}};
  std::vector<std::string> order;  // groups, as they came
  std::map<std::string, std::vector<std::string>> groups;
  for (const auto& kind : kinds) {
    if (kind.group.empty()) continue;
    auto& versions = groups[kind.group];
    if (versions.empty()) order.push_back(kind.group);
    for (const auto& v : kind.versions)
      if (std::ranges::find(versions, v) == versions.end()) versions.push_back(v);
  }
  if (path == "/apis") {
    JsonArray list;
    for (const auto& group : order) list.push_back(group_entry(group, groups[group]));
    return Json{{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(list)}};
  }
  const bool core = path == "/api/v1";
  if (!core && !path.starts_with("/apis/")) return no_such_resource();
  const auto rest = core ? "" : path.substr(6);
  const auto slash = rest.find('/');
  const auto group = rest.substr(0, slash);
  if (!core && !groups.contains(group)) return no_such_resource();
  if (!core && slash == std::string::npos) {
    auto one = group_entry(group, groups[group]);
    one.as_object()["kind"] = "APIGroup";
    one.as_object()["apiVersion"] = "v1";
    return one;
  }
  const auto version = core ? "v1" : rest.substr(slash + 1);
  JsonArray list;
  for (const auto& kind : kinds) {
    if (kind.group != group || std::ranges::find(kind.versions, version) == kind.versions.end()) continue;
    auto own = entry(kind, kind.plural, group == kReviewGroup ? JsonArray{Json("create")} : verbs(false));
    if (!kind.short_name.empty()) own["shortNames"] = JsonArray{Json(kind.short_name)};
    list.emplace_back(std::move(own));
    if (kind.has_status) list.emplace_back(entry(kind, kind.plural + "/status", verbs(true)));
    if (kind.kind == "Pod") list.emplace_back(entry(kind, "pods/log", JsonArray{Json("get")}));
  }
  if (list.empty()) return no_such_resource();
  return Json{{"kind", "APIResourceList"},
              {"apiVersion", "v1"},
              {"groupVersion", core ? "v1" : group + "/" + version},
              {"resources", std::move(list)}};
}

}  // namespace tombolo::sim
