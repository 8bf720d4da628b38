// Namespaces that are offloaded to the other cluster. Source: Liqo 1.2.0, pkg/liqo-controller-manager/offloading.
#include <fmt/format.h>

#include <algorithm>

#include "kube/objects.hpp"
#include "sim/kube_select.hpp"
#include "sim/kube_write.hpp"
#include "sim/liqo_side.hpp"

namespace tombolo::sim {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

constexpr std::string_view kOffloadingFinalizer = "namespaceoffloading-controller.liqo.io/finalizer";

bool selects(const Json& offloading, const Json& virtual_node) {
  const auto* terms = codec::find(offloading, "spec.clusterSelector.nodeSelectorTerms");
  if (!terms || !terms->is_array() || terms->get_array().empty()) return true;
  const auto* labels = codec::find(virtual_node, "spec.labels");
  return std::ranges::any_of(terms->get_array(), [&](const Json& term) {
    const auto* expressions = codec::find(term, "matchExpressions");
    return !expressions ||
           selector_matches(JsonObject{{"matchExpressions", *expressions}}, labels ? *labels : Json(nullptr));
  });
}

std::string remote_name(const LiqoSide& side, const Json& offloading) {
  const auto space = kube::namespace_of(offloading);
  const auto strategy = codec::text_at(offloading, "spec.namespaceMappingStrategy", "DefaultName");
  if (strategy == "EnforceSameName") return space;
  if (strategy == "SelectedName") return codec::text_at(offloading, "spec.remoteNamespaceName");
  return space + "-" + side.id;
}

void map_namespace(const LiqoSide& side, const KubeKey& map, const std::string& space, const std::string& remote) {
  const auto object = side.store().find(map);
  if (!object || kube::is_being_deleted(*object)) return;
  JsonObject spec;
  if (const auto* now = codec::find(*object, "spec"); now && now->is_object()) spec = now->as_object();
  auto& desired = child(spec, "desiredMapping");
  if (remote.empty())
    desired.erase(space);
  else
    desired[space] = remote;
  if (desired.empty()) spec.erase("desiredMapping");
  ensure(side.store(), {liqo::kNamespaceMaps, map.name_space, map.name, {}, {}, {{"spec", spec}}}, side.now());
}

bool is_mapped(const LiqoSide& side, const KubeKey& map, const std::string& space) {
  const auto object = side.store().find(map);
  const auto* current = object ? codec::find(*object, "status.currentMapping") : nullptr;
  return current && current->is_object() && current->get_object().contains(space);
}

void label_namespace(const LiqoSide& side, const std::string& space, bool on) {
  const auto key = liqo_key(kube::kNamespaces, "", space);
  const auto there = side.store().find(key);
  if (!there) return;
  Json object = *there;
  auto& labels = child(metadata_of(object), "labels");
  if (on)
    labels[liqo::kSchedulingEnabled] = "true";
  else
    labels.erase(liqo::kSchedulingEnabled);
  side.store().put(key, std::move(object), side.now());
}

void serve_offloading(const LiqoSide& side, const KubeKey& key, const Json& offloading) {
  auto& store = side.store();
  const auto maps = store.of("offloading.liqo.io", "namespacemaps");
  if (kube::is_being_deleted(offloading)) {
    bool left = false;
    for (const auto& [map, object] : maps) {
      map_namespace(side, map, key.name_space, "");
      left = left || is_mapped(side, map, key.name_space);
    }
    label_namespace(side, key.name_space, false);
    if (!left) remove_finalizer(store, key, kOffloadingFinalizer, side.now());
    return;
  }
  add_finalizer(store, key, kOffloadingFinalizer, side.now());
  label_namespace(side, key.name_space, true);
  const auto remote = remote_name(side, offloading);
  JsonObject conditions;
  int ready = 0, failed = 0, all = 0;
  for (const auto& [node, object] : store.of("offloading.liqo.io", "virtualnodes")) {
    const auto peer = codec::text_at(*object, "spec.clusterID");
    const auto map = liqo_key(liqo::kNamespaceMaps, node.name_space, peer);
    if (kube::is_being_deleted(*object) || conditions.contains(peer)) continue;
    if (!selects(offloading, *object)) {
      map_namespace(side, map, key.name_space, "");
      continue;
    }
    map_namespace(side, map, key.name_space, remote);
    ++all;
    const bool there = !remote_namespace(store, node.name_space, peer, key.name_space).empty();
    const bool refused = !there && is_mapped(side, map, key.name_space);
    ready += there;
    failed += refused;
    conditions[peer] = JsonArray{
        {{"type", "OffloadingRequired"},
         {"status", "True"},
         {"reason", "ClusterSelected"},
         {"message", "The remote cluster has been selected through the ClusterSelector field"}},
        {{"type", "Ready"},
         {"status", there ? "True" : "False"},
         {"reason", there ? "NamespaceCreated" : "NamespaceNotCreated"},
         {"message", there ? "Namespace correctly offloaded to the remote cluster" : "Namespace is not there yet"}}};
  }
  const auto* phase = all == 0        ? "NoClusterSelected"
                      : ready == all  ? "Ready"
                      : failed == all ? "AllFailed"
                      : failed > 0    ? "SomeFailed"
                                      : "InProgress";
  Json status{{"observedGeneration", codec::number_at(offloading, "metadata.generation", 1)},
              {"offloadingPhase", phase},
              {"remoteNamespaceName", remote}};
  if (!conditions.empty()) status.as_object()["remoteNamespacesConditions"] = std::move(conditions);
  set_status(store, key, status, side.now());
}

}  // namespace

void run_liqo_offloading(KubeScene& scene) {
  const auto side = liqo_in(scene);
  if (!side) return;
  for (const auto& [key, object] : scene.store.of("offloading.liqo.io", "namespaceoffloadings"))
    if (key.name == liqo::kOffloadingName) serve_offloading(*side, key, *object);
}

}  // namespace tombolo::sim
