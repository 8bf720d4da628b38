#include "sim/liqo_side.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codec/base64.hpp"
#include "crypto/hash.hpp"
#include "kube/objects.hpp"
#include "sim/kube_kinds.hpp"
#include "sim/kube_rules.hpp"
#include "sim/kube_write.hpp"

namespace tombolo::sim {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

KubeObject id_map(const KubeStore& store) {
  for (const auto& [key, object] : store.of("", "configmaps"))
    if (key.name == "liqo-clusterid-configmap") return object;
  return nullptr;
}

std::string argument(const Json& deployment, std::string_view flag) {
  const auto* list = codec::find(deployment, "spec.template.spec.containers.0.args");
  if (!list || !list->is_array()) return "";
  for (const auto& each : list->get_array())
    if (each.is_string() && std::string_view(each.get_string()).starts_with(flag))
      return std::string(std::string_view(each.get_string()).substr(flag.size()));
  return "";
}

JsonArray finalizers_without(const Json& object, std::string_view finalizer) {
  JsonArray out;
  for (const auto& each : kube::finalizers_of(object))
    if (each != finalizer) out.emplace_back(each);
  return out;
}

}  // namespace

std::optional<LiqoSide> liqo_in(KubeScene& scene) {
  const auto map = id_map(scene.store);
  if (!map) return std::nullopt;
  const auto space = kube::namespace_of(*map);
  const auto manager = scene.store.find(liqo_key(kube::kDeployments, space, "liqo-controller-manager"));
  if (!manager || codec::number_at(*manager, "status.readyReplicas") < 1) return std::nullopt;
  return LiqoSide{scene, codec::text_at(*map, "data.CLUSTER_ID"), space,
                  argument(*manager, "--api-server-address-override="), argument(*manager, "--cluster-labels=")};
}

std::optional<crypto::Ed25519Key> keys_of(const LiqoSide& side) {
  const auto secret = side.store().find(liqo_key(kube::kSecrets, side.name_space, std::string(liqo::kKeysSecret)));
  return secret ? read_private_key(liqo::secret_text(*secret, "privateKey")) : std::nullopt;
}

KubeStore* peer_of(const LiqoSide& side, const std::string& id) {
  auto& world = side.scene.world;
  if (world.mesh_cut) return nullptr;
  for (auto& [name, store] : world.kube) {
    if (&store == &side.store() || (name != "home" && name != world.cloud)) continue;
    const auto map = id_map(store);
    if (map && codec::text_at(*map, "data.CLUSTER_ID") == id) return &store;
  }
  return nullptr;
}

Reach reach_of(const LiqoSide& side, const std::string& id) {
  const bool up = peer_of(side, id) != nullptr;
  const auto now = side.now();
  auto [it, is_new] = side.scene.world.contacts.try_emplace(side.store().name() + "/" + id, Contact{up, Time{}});
  if (it->second.up != up) it->second = {up, now};
  const auto past = [&](Duration delay) {
    const auto at = it->second.since + delay;
    if (at > now) side.store().wake_at(at);
    return at <= now;
  };
  using std::chrono::seconds;
  return {past(up ? seconds(15) : seconds(20)) == up, past(seconds(75)) == up};
}

KubeKey liqo_key(const kube::Resource& resource, const std::string& name_space, const std::string& name) {
  return {resource.group, resource.plural, resource.namespaced ? name_space : "", name};
}

std::vector<std::pair<std::string, std::string>> tenants_of(const KubeStore& store) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [key, object] : store.of("", "namespaces"))
    if (kube::label_of(*object, liqo::kTenantNamespace) == "true")
      out.emplace_back(key.name, kube::label_of(*object, liqo::kRemoteClusterId));
  return out;
}

KubeObject ensure(KubeStore& store, const LiqoObject& wanted, Time now) {
  const auto key = liqo_key(wanted.resource, wanted.name_space, wanted.name);
  const auto space = store.find(built_in("Namespace").key("", key.name_space));
  const auto there = store.find(key);
  if (!there && !key.name_space.empty() && (!space || kube::is_being_deleted(*space))) return nullptr;
  Json object = there ? *there : Json(JsonObject());
  auto& root = object.as_object();
  root["apiVersion"] = wanted.resource.api_version();
  root["kind"] = wanted.resource.kind;
  bool changed = !there;
  for (const auto& [name, value] : wanted.parts) {
    changed = changed || !root.contains(name) || root[name] != value;
    root[name] = value;
  }
  auto& meta = metadata_of(object);  // after the parts: they may move it
  for (const auto& [name, value] : wanted.labels) child(meta, "labels")[name] = value;
  for (const auto& [name, value] : wanted.annotations) child(meta, "annotations")[name] = value;
  const auto kind = wanted.resource.group.ends_with("liqo.io") || wanted.resource.kind == "Deployment";
  if (kind && changed) meta["generation"] = codec::number_at(object, "metadata.generation") + 1;
  if (wanted.owner && !there)
    meta["ownerReferences"] = JsonArray{{{"apiVersion", kube::api_version_of(*wanted.owner)},
                                         {"blockOwnerDeletion", true},
                                         {"controller", true},
                                         {"kind", kube::kind_of(*wanted.owner)},
                                         {"name", kube::name_of(*wanted.owner)},
                                         {"uid", kube::uid_of(*wanted.owner)}}};
  if (wanted.resource.group.empty() || wanted.resource.group == "apps") {
    meta["name"] = wanted.name;
    fill_in(built_in(wanted.resource.kind), object, store);
  }
  return store.put(key, std::move(object), now);
}

void set_status(KubeStore& store, const KubeKey& key, const Json& status, Time now) {
  const auto there = store.find(key);
  if (!there) return;
  Json object = *there;
  object.as_object()["status"] = status;
  store.put(key, std::move(object), now);
}

bool holds_finalizer(const Json& object, std::string_view finalizer) {
  const auto all = kube::finalizers_of(object);
  return std::ranges::find(all, finalizer) != all.end();
}

void add_finalizer(KubeStore& store, const KubeKey& key, std::string_view finalizer, Time now) {
  const auto there = store.find(key);
  if (!there || kube::is_being_deleted(*there) || holds_finalizer(*there, finalizer)) return;
  Json object = *there;
  auto list = finalizers_without(object, finalizer);
  list.emplace_back(boost::json::string_view(finalizer.data(), finalizer.size()));
  metadata_of(object)["finalizers"] = std::move(list);
  store.put(key, std::move(object), now);
}

void remove_finalizer(KubeStore& store, const KubeKey& key, std::string_view finalizer, Time now) {
  const auto there = store.find(key);
  if (!there || !holds_finalizer(*there, finalizer)) return;
  Json object = *there;
  auto list = finalizers_without(object, finalizer);
  const bool free = list.empty();
  if (free)
    metadata_of(object).erase("finalizers");
  else
    metadata_of(object)["finalizers"] = std::move(list);
  const bool dies = free && kube::is_being_deleted(object);
  store.put(key, std::move(object), now);
  if (dies) store.erase(key);
}

void let_go(KubeStore& store, const KubeKey& key, Time now) {
  const auto there = store.find(key);
  if (there && !kube::is_being_deleted(*there))
    begin_deletion(store, key, now, codec::number_at(*there, "spec.terminationGracePeriodSeconds", 30));
}

void report_event(const LiqoSide& side, const Json& about, std::string_view type, std::string_view reason,
                  const std::string& message) {
  const auto space = kube::namespace_of(about);
  const auto name = fmt::format("{}.{:016x}", kube::name_of(about),
                                stable_hash(fmt::format("{}{}{}", kube::uid_of(about), reason, message)));
  const kube::Resource events{"", "v1", "events", "Event"};
  if (side.store().find(liqo_key(events, space, name))) return;
  ensure(side.store(),
         {events,
          space,
          name,
          {},
          {},
          {{"involvedObject",
            {{"apiVersion", kube::api_version_of(about)},
             {"kind", kube::kind_of(about)},
             {"name", kube::name_of(about)},
             {"namespace", space},
             {"uid", kube::uid_of(about)}}},
           {"type", type},
           {"reason", reason},
           {"message", message},
           {"count", 1},
           {"firstTimestamp", format_time(side.now())},
           {"lastTimestamp", format_time(side.now())}}},
         side.now());
}

std::string remote_namespace(const KubeStore& store, const std::string& tenant_space, const std::string& peer,
                             const std::string& space) {
  const auto map = store.find(liqo_key(liqo::kNamespaceMaps, tenant_space, peer));
  const auto* current = map ? codec::find(*map, "status.currentMapping") : nullptr;
  const auto* one = current && current->is_object() ? current->get_object().if_contains(space) : nullptr;
  return one && codec::text_at(*one, "phase") == "Accepted" ? codec::text_at(*one, "remoteNamespace") : "";
}

}  // namespace tombolo::sim
