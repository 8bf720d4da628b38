#include "sim/kube_write.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "kube/object.hpp"
#include "kube/yaml_json.hpp"
#include "sim/kube_patch.hpp"
#include "sim/kube_paths.hpp"
#include "sim/kube_rules.hpp"
#include "sim/liqo_webhooks.hpp"

namespace tombolo::sim {
namespace {

using codec::Json;
using codec::JsonObject;

constexpr std::array kServersOwn = {"uid",        "creationTimestamp", "resourceVersion",
                                    "generation", "deletionTimestamp", "deletionGracePeriodSeconds",
                                    "selfLink",   "managedFields"};
constexpr std::array kLasting = {"default", "kube-system", "kube-public"};

KubeOutcome<Json> parse(std::string_view body, std::string_view type) {
  if (auto json = codec::parse_json(body)) return *json;
  if (type.find("yaml") != type.npos) {
    Diagnostics diagnostics;
    if (const auto tree = codec::parse_yaml(body, "body", diagnostics); tree && !diagnostics.has_errors())
      return kube::to_json(*tree);
  }
  return kube_bad_request("error decoding the body: it is neither JSON nor YAML");
}

KubeWriter writer_of(const KubeRequest& request, Time now, bool applies) {
  std::string manager(request.option("fieldManager"));
  if (manager.empty()) manager = request.user_agent.substr(0, request.user_agent.find('/'));
  if (manager.empty()) manager = "unknown";
  return {manager, applies, request.api_version(), request.subresource, format_time(now)};
}

bool is_held(const Json& object) { return !kube::finalizers_of(object).empty(); }

void copy_or_drop(JsonObject& to, const Json* from, const char* key) {
  const auto* value = from && from->is_object() ? from->get_object().if_contains(key) : nullptr;
  if (value)
    to[key] = *value;
  else
    to.erase(key);
}

// Which parts of what was sent count: everything but the status, or nothing but it.
void limit_to_scope(const KubeRequest& request, Json& now, const Json& before) {
  auto& root = now.as_object();
  const auto& sub = request.subresource;
  if (sub.empty()) {
    if (request.kind.has_status) copy_or_drop(root, &before, "status");
    if (request.kind.kind == "Namespace" && !before.is_null()) copy_or_drop(root, &before, "spec");
    if (request.kind.kind == "Service" && codec::text_at(now, "spec.clusterIP").empty())
      if (const auto* address = before.is_null() ? nullptr : codec::find(before, "spec.clusterIP"))
        child(root, "spec")["clusterIP"] = *address;
    return;
  }
  const std::string part = sub == "finalize" ? "spec" : "status";
  Json out = before;
  if (const auto* value = root.if_contains(part)) out.as_object()[part] = *value;
  now = std::move(out);
}

KubeOutcome<> check_admission(const KubeStore& store, const KubeRequest& request, const std::string& name,
                              const Json& object) {
  if (!request.kind.namespaced) return {};
  const auto& space = request.key.name_space;
  const auto home = store.find(built_in("Namespace").key("", space));
  if (!home) return no_such_object(built_in("Namespace"), space);
  const auto& kind = request.kind;
  if (kube::is_being_deleted(*home))
    return KubeNo(KubeRefusal{
        403,
        "Forbidden",
        fmt::format("{} \"{}\" is forbidden: unable to create new content in namespace {} because it is "
                    "being terminated",
                    kind.text(), name, space),
        kind.group,
        kind.plural,
        name,
        {{"NamespaceTerminating", fmt::format("namespace {} is being terminated", space), "metadata.namespace"}}});
  if (kind.kind != "Pod") return {};
  const auto* spec = codec::find(object, "spec");
  if (const auto why = spec ? pod_security_trouble(*spec, pod_security_level(store, space)) : ""; !why.empty())
    return KubeNo(
        KubeRefusal{403, "Forbidden", fmt::format("pods \"{}\" is forbidden: {}", name, why), "", "pods", name});
  return {};
}

bool says_same(const Json& a, const Json& b) {
  for (const auto& [key, value] : a.as_object()) {
    if (key == "metadata" || key == "status") continue;
    const auto* other = b.as_object().if_contains(key);
    if (!other || *other != value) return false;
  }
  return true;
}

// The end of every write: rules, generation, and the store.
KubeOutcome<Json> commit(KubeStore& store, const KubeRequest& request, const std::string& name, const Json& before,
                         Json now, const KubeWriter& writer, Time at) {
  const auto key = request.kind.key(request.key.name_space, name);
  auto& meta = metadata_of(now);
  for (const auto* own : kServersOwn)
    if (std::string_view(own) != "managedFields")
      copy_or_drop(meta, before.is_null() ? nullptr : codec::find(before, "metadata"), own);
  auto& root = now.as_object();
  root["apiVersion"] = request.api_version();
  root["kind"] = request.kind.kind;
  meta["name"] = name;
  if (request.kind.namespaced) meta["namespace"] = key.name_space;
  fill_in(request.kind, now, store);
  ALLOWED(check(request.kind, name, now, before));
  if (before.is_null()) ALLOWED(check_admission(store, request, name, now));
  if (request.subresource.empty()) ALLOWED(ask_liqo_webhooks(store, request.kind, key.name_space, name, now, before));
  if (!writer.applies) track_fields(before, now, writer, request.kind.built_in);
  if (request.kind.counts_generations) {
    const auto was = before.is_null() ? 0 : codec::number_at(before, "metadata.generation");
    const bool same = !before.is_null() && says_same(now, before) && says_same(before, now);
    metadata_of(now)["generation"] = same ? was : was + 1;
  }
  if (request.option("dryRun") == "All") {
    KubeStore copy(store);
    return *copy.put(key, std::move(now), at);
  }
  const auto kept = store.put(key, std::move(now), at);
  if (kube::is_being_deleted(*kept) && !is_held(*kept) && request.kind.kind != "Pod") return *store.erase(key);
  return *kept;
}

KubeOutcome<> check_version(const KubeRequest& request, const Json& sent, const Json& before) {
  const auto& name = request.key.name;
  if (const auto uid = kube::uid_of(sent); !uid.empty() && uid != kube::uid_of(before))
    return kube_conflict(
        request.kind, name,
        fmt::format("Precondition failed: UID in precondition: {}, UID in object meta: {}", uid, kube::uid_of(before)));
  if (const auto version = kube::resource_version_of(sent);
      !version.empty() && version != kube::resource_version_of(before))
    return kube_conflict(request.kind, name,
                         "the object has been modified; please apply your changes to the latest version and try again");
  return {};
}

}  // namespace

KubeOutcome<Json> object_in(const KubeRequest& request) {
  auto object = ALLOWED(parse(request.body, request.content_type));
  const auto& kind = request.kind;
  if (!object.is_object() || kube::kind_of(object).empty())
    return kube_bad_request("Object 'Kind' is missing in the body");
  if (kube::api_version_of(object) != request.api_version())
    return kube_bad_request(fmt::format("the API version in the data ({}) does not match the expected API version ({})",
                                        kube::api_version_of(object), request.api_version()));
  if (kube::kind_of(object) != kind.kind)
    return kube_bad_request(
        fmt::format("{} in version \"{}\" cannot be handled as a {}: no kind \"{}\" is expected here",
                    kube::kind_of(object), request.version, kind.kind, kube::kind_of(object)));
  if (const auto name = kube::name_of(object); !request.key.name.empty() && !name.empty() && name != request.key.name)
    return kube_bad_request(
        fmt::format("the name of the object ({}) does not match the name on the URL ({})", name, request.key.name));
  if (const auto space = kube::namespace_of(object);
      kind.namespaced && !space.empty() && space != request.key.name_space)
    return kube_bad_request("the namespace of the provided object does not match the namespace sent on the request");
  ALLOWED(clean(kind, object));
  return object;
}

KubeOutcome<Json> create(KubeStore& store, const KubeRequest& request, Time now) {
  auto object = ALLOWED(object_in(request));
  auto name = kube::name_of(object);
  if (const auto begin = codec::text_at(object, "metadata.generateName"); name.empty() && !begin.empty())
    name = begin + store.new_uid().substr(0, 5);
  if (name.empty())
    return kube_invalid(request.kind, "",
                        {{"FieldValueRequired", "Required value: name or generateName is required", "metadata.name"}});
  if (!kube::resource_version_of(object).empty())
    return kube_bad_request("resourceVersion should not be set on objects to be created");
  if (store.find(request.kind.key(request.key.name_space, name))) return exists_already(request.kind, name);
  metadata_of(object).erase("managedFields");
  limit_to_scope(request, object, Json(nullptr));
  return commit(store, request, name, Json(nullptr), std::move(object), writer_of(request, now, false), now);
}

KubeOutcome<Json> update(KubeStore& store, const KubeRequest& request, Time now) {
  auto object = ALLOWED(object_in(request));
  const auto before = store.find(request.key);
  if (!before) return no_such_object(request.kind, request.key.name);
  ALLOWED(check_version(request, object, *before));
  if (!request.kind.built_in && kube::resource_version_of(object).empty())
    return kube_invalid(
        request.kind, request.key.name,
        {{"FieldValueInvalid", "Invalid value: 0x0: must be specified for an update", "metadata.resourceVersion"}});
  copy_or_drop(metadata_of(object), codec::find(*before, "metadata"), "managedFields");
  limit_to_scope(request, object, *before);
  return commit(store, request, request.key.name, *before, std::move(object), writer_of(request, now, false), now);
}

KubeOutcome<Json> patch(KubeStore& store, const KubeRequest& request, Time now, bool& created) {
  const auto before = store.find(request.key);
  const auto& type = request.content_type;
  if (type.starts_with("application/apply-patch")) {
    if (request.option("fieldManager").empty())
      return KubeNo(KubeRefusal{422, "Invalid",
                                "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is "
                                "required for apply patch",
                                "meta.k8s.io", "PatchOptions", ""});
    auto object = ALLOWED(object_in(request));
    if (codec::find(object, "metadata.managedFields")) return kube_bad_request("metadata.managedFields must be nil");
    if (!before && !request.subresource.empty()) return no_such_object(request.kind, request.key.name);
    const Json live = before ? *before : Json(nullptr);
    if (before) ALLOWED(check_version(request, object, live));
    auto& root = object.as_object();
    if (!request.subresource.empty()) {
      for (auto it = root.begin(); it != root.end();)
        it = it->key() == "status" || it->key() == "apiVersion" || it->key() == "kind" ? it + 1 : root.erase(it);
    } else if (request.kind.has_status) {
      root.erase("status");
    }
    const auto writer = writer_of(request, now, true);
    auto merged = ALLOWED(apply_fields(live, object, writer, request.kind.built_in, request.option("force") == "true"));
    created = !before;
    return commit(store, request, request.key.name, live, std::move(merged), writer, now);
  }
  if (!before) return no_such_object(request.kind, request.key.name);
  const auto change = ALLOWED(parse(request.body, type));
  Json object;
  if (type.starts_with("application/merge-patch") || type.starts_with("application/strategic-merge-patch")) {
    if (request.option("force") == "true")
      return kube_bad_request(
          "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch");
    ALLOWED(check_version(request, change, *before));
    object = merge_patch(*before, change);
  } else if (type.starts_with("application/json-patch")) {
    object = ALLOWED(json_patch(*before, change));
  } else {
    return kube_no(415, "UnsupportedMediaType",
                   "the body of the request was in an unknown format - accepted media types include: "
                   "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml");
  }
  if (!object.is_object()) return kube_bad_request("what the patch makes is no object");
  if (kube::name_of(object) != request.key.name)
    return kube_bad_request(fmt::format("the name of the object ({}) does not match the name on the URL ({})",
                                        kube::name_of(object), request.key.name));
  ALLOWED(clean(request.kind, object));
  copy_or_drop(metadata_of(object), codec::find(*before, "metadata"), "managedFields");
  limit_to_scope(request, object, *before);
  return commit(store, request, request.key.name, *before, std::move(object), writer_of(request, now, false), now);
}

void begin_deletion(KubeStore& store, const KubeKey& key, Time now, std::int64_t grace, bool foreground) {
  const auto object = store.find(key);
  if (!object) return;
  grace = std::clamp<std::int64_t>(grace, 0, 86'400);
  const bool is_pod = key.plural == "pods" && key.group.empty();
  const bool runs = is_pod && grace > 0 && !codec::text_at(*object, "spec.nodeName").empty();
  if (!runs && !foreground && !is_held(*object)) {
    store.erase(key);
    return;
  }
  Json now_dying = *object;
  auto& meta = metadata_of(now_dying);
  if (!kube::is_being_deleted(*object)) {
    meta["deletionTimestamp"] = format_time(now + std::chrono::seconds(is_pod ? grace : 0));
    meta["deletionGracePeriodSeconds"] = is_pod ? grace : 0;
    if (foreground) {
      auto& finalizers = meta["finalizers"];
      if (!finalizers.is_array()) finalizers = codec::JsonArray();
      finalizers.get_array().emplace_back("foregroundDeletion");
    }
    if (key.plural == "namespaces" && key.group.empty())
      child(now_dying.get_object(), "status")["phase"] = "Terminating";
  }
  store.put(key, std::move(now_dying), now);
}

KubeOutcome<Json> remove(KubeStore& store, const KubeRequest& request, Time now) {
  const auto object = store.find(request.key);
  const auto& kind = request.kind;
  const auto& name = request.key.name;
  if (!object) return no_such_object(kind, name);
  Json options = JsonObject();
  if (!request.body.empty()) options = ALLOWED(parse(request.body, request.content_type));
  const auto wanted = [&](const char* field, const std::string& is, const char* what) -> KubeOutcome<> {
    const auto must = codec::text_at(options, std::string("preconditions.") + field);
    if (must.empty() || must == is) return {};
    return kube_conflict(
        kind, name,
        fmt::format("Precondition failed: {} in precondition: {}, {} in object meta: {}", what, must, what, is));
  };
  ALLOWED(wanted("uid", kube::uid_of(*object), "UID"));
  ALLOWED(wanted("resourceVersion", kube::resource_version_of(*object), "ResourceVersion"));
  if (kind.kind == "Namespace" && std::ranges::find(kLasting, name) != kLasting.end())
    return KubeNo(KubeRefusal{403, "Forbidden",
                              fmt::format("namespaces \"{}\" is forbidden: this namespace may not be deleted", name),
                              "", "namespaces", name});
  auto policy = codec::text_at(options, "propagationPolicy", request.option("propagationPolicy"));
  auto grace = codec::number_at(options, "gracePeriodSeconds",
                                codec::number_at(*object, "spec.terminationGracePeriodSeconds", 30));
  if (const auto asked = request.option("gracePeriodSeconds"); !asked.empty())
    grace = std::atoi(std::string(asked).c_str());
  if (request.option("dryRun") != "All") {
    if (policy == "Orphan")
      for (const auto& [key, dependent] : store.all()) {
        const auto* owners = codec::find(*dependent, "metadata.ownerReferences");
        if (!owners || !owners->is_array()) continue;
        Json freed = *dependent;
        auto& list = metadata_of(freed)["ownerReferences"].get_array();
        const auto kept = std::remove_if(
            list.begin(), list.end(), [&](const Json& o) { return codec::text_at(o, "uid") == kube::uid_of(*object); });
        if (kept == list.end()) continue;
        list.erase(kept, list.end());
        store.put(key, std::move(freed), now);
      }
    begin_deletion(store, request.key, now, grace, policy == "Foreground" && kind.kind != "Namespace");
  }
  if (const auto held = store.find(request.key)) return *held;
  JsonObject details{{"name", name}, {"kind", kind.plural}, {"uid", kube::uid_of(*object)}};
  if (!kind.group.empty()) details["group"] = kind.group;
  return Json{{"kind", "Status"},
              {"apiVersion", "v1"},
              {"metadata", JsonObject()},
              {"status", "Success"},
              {"details", std::move(details)}};
}

}  // namespace tombolo::sim
