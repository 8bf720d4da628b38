// Virtual nodes: the virtual kubelet's Deployment, the Node it shows, the pods it sends to the other cluster.
// Source: Liqo 1.2.0, pkg/virtualKubelet; the times are those of two real clusters.
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

constexpr std::string_view kNodeFinalizer = "virtualnode-controller.liqo.io/finalizer";

KubeKey kubelet_of(const KubeKey& node) {
  return liqo_key(kube::kDeployments, node.name_space, liqo::virtual_kubelet(node.name));
}
const kube::Resource kAccounts{"", "v1", "serviceaccounts", "ServiceAccount"};
const kube::Resource kWideBindings{"rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding",
                                   false};

std::vector<KubeKey> pods_on(const KubeStore& store, const std::string& node) {
  std::vector<KubeKey> out;
  for (const auto& [key, pod] : store.of("", "pods"))
    if (codec::text_at(*pod, "spec.nodeName") == node) out.push_back(key);
  return out;
}

void show_running(const LiqoSide& side, const KubeKey& key, std::string_view kubelet, std::string_view node) {
  const Json one{{"type", "VirtualKubelet"}, {"status", kubelet}}, other{{"type", "Node"}, {"status", node}};
  // Each type stands there more than once, as in the real ones: not a map.
  set_status(side.store(), key, {{"conditions", JsonArray{other, one, one, other}}}, side.now());
}

void make_kubelet(const LiqoSide& side, const KubeKey& key, const Json& node, const std::string& peer) {
  auto& store = side.store();
  const auto now = side.now();
  add_finalizer(store, key, kNodeFinalizer, now);
  const auto* wanted = codec::find(node, "spec.template");
  if (!wanted) return;
  ensure(store, {kAccounts, key.name_space, key.name, {}, {}, {}}, now);
  ensure(
      store,
      {kWideBindings,
       "",
       "liqo-node-" + key.name,
       {},
       {},
       {{"roleRef",
         {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "ClusterRole"}, {"name", "liqo-virtual-kubelet-local"}}},
        {"subjects", JsonArray{{{"kind", "ServiceAccount"}, {"name", key.name}, {"namespace", key.name_space}}}}}},
      now);
  JsonObject labels;
  if (const auto* some = codec::find(*wanted, "metadata.labels")) labels = some->as_object();
  ensure(store,
         {kube::kDeployments,
          key.name_space,
          liqo::virtual_kubelet(key.name),
          labels,
          {},
          {{"spec", *codec::find(*wanted, "spec")}}},
         now);
  ensure(store,
         {liqo::kNamespaceMaps,
          key.name_space,
          peer,
          {{liqo::kRemoteClusterId, peer}, {liqo::kRemoteId, peer}, {liqo::kReplication, "true"}},
          {},
          {}},
         now);
  show_running(side, key, "Running", "Running");
}

JsonObject labels_of_node(const KubeKey& key, const Json& node, const std::string& peer) {
  JsonObject out{{"kubernetes.io/hostname", key.name},
                 {"kubernetes.io/role", "agent"},
                 {"kubernetes.io/os", "linux"},
                 {"kubernetes.io/arch", "amd64"},
                 {"beta.kubernetes.io/os", "linux"},
                 {"beta.kubernetes.io/arch", "amd64"},
                 {liqo::kNodeType, liqo::kVirtualNodeType},
                 {liqo::kRemoteClusterId, peer},
                 {"node.kubernetes.io/exclude-from-external-load-balancers", "true"},
                 {"alpha.service-controller.kubernetes.io/exclude-balancer", "true"},
                 {"storage.liqo.io/available", "false"}};
  if (const auto* more = codec::find(node, "spec.labels"); more && more->is_object())
    for (const auto& [name, value] : more->get_object()) out[name] = value;
  return out;
}

std::string address_of_kubelet(const LiqoSide& side, const KubeKey& key) {
  for (const auto& [pod_key, pod] : side.store().of("", "pods", key.name_space))
    if (kube::label_of(*pod, "liqo.io/virtual-node") == key.name) return codec::text_at(*pod, "status.podIP");
  return "";
}

void show_condition(Json& object, std::string_view type, std::string_view status, std::string_view reason,
                    std::string_view message, Time now) {
  set_condition(object, type, status == "True", reason, message, now);
  for (auto& each : child(object.as_object(), "status")["conditions"].get_array())
    if (codec::text_at(each, "type") == type && status == "Unknown") each.as_object()["status"] = "Unknown";
}

// The Node: there once the virtual kubelet runs; Ready while the other side answers it.
void show_node(const LiqoSide& side, const KubeKey& key, const Json& virtual_node, const std::string& peer) {
  auto& store = side.store();
  const auto deployment = store.find(kubelet_of(key));
  const auto node_key = liqo_key(kube::kNodes, "", key.name);
  const auto there = store.find(node_key);
  const auto reach = reach_of(side, peer);
  const bool runs = deployment && codec::number_at(*deployment, "status.readyReplicas") > 0;
  if (!there && (!runs || !reach.node)) return;
  if (!there)
    ensure(store,
           {kube::kNodes,
            "",
            key.name,
            labels_of_node(key, virtual_node, peer),
            {},
            {{"spec",
              {{"taints", JsonArray{{{"key", liqo::kNotAllowedTaint}, {"value", "true"}, {"effect", "NoExecute"}}}}}}}},
           side.now());
  Json node = *store.find(node_key);
  auto& status = child(node.as_object(), "status");
  const auto* hard = codec::find(virtual_node, "spec.resourceQuota.hard");
  for (const auto* each : {"allocatable", "capacity"}) status[each] = hard ? *hard : Json(JsonObject());
  status["addresses"] = JsonArray{{{"type", "InternalIP"}, {"address", address_of_kubelet(side, key)}}};
  status["daemonEndpoints"] = {{"kubeletEndpoint", {{"Port", 10250}}}};
  status["nodeInfo"] = {{"architecture", "amd64"}, {"operatingSystem", "Linux"}, {"kubeletVersion", "v1.35.4"}};
  const bool up = reach.node && runs;
  if (up)
    show_condition(node, "Ready", "True", "KubeletReady", "The Liqo Virtual Kubelet is posting ready status",
                   side.now());
  else
    show_condition(node, "Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.", side.now());
  for (const auto& [type, reason] : {std::pair{"MemoryPressure", "RemoteClusterHasSufficientMemory"},
                                     std::pair{"DiskPressure", "RemoteClusterHasNoDiskPressure"},
                                     std::pair{"PIDPressure", "RemoteClusterHasNoPIDPressure"}})
    show_condition(node, type, "False", reason, "The remote cluster is advertising sufficient resources", side.now());
  JsonArray taints{Json{{"key", liqo::kNotAllowedTaint}, {"value", "true"}, {"effect", "NoExecute"}}};
  if (!up) taints.push_back(Json{{"key", "node.kubernetes.io/unreachable"}, {"effect", "NoSchedule"}});
  child(node.as_object(), "spec")["taints"] = std::move(taints);
  store.put(node_key, std::move(node), side.now());
}

// Cordon, evict, and only then the kubelet, the Node and what was made for them.
void drain_node(const LiqoSide& side, const KubeKey& key, const std::string& peer, bool given_up) {
  auto& store = side.store();
  const auto now = side.now();
  bool busy = false;
  for (const auto& pod_key : pods_on(store, key.name)) {
    const auto pod = store.find(pod_key);
    if (kube::label_of(*pod, liqo::kShadowPodLabel) != "true") continue;
    if (given_up)
      store.erase(pod_key);
    else
      let_go(store, pod_key, now);
    busy = busy || store.find(pod_key);
  }
  if (busy) return show_running(side, key, "Running", "Draining");
  if (store.find(kubelet_of(key))) {
    show_running(side, key, "Deleting", "Draining");
    let_go(store, kubelet_of(key), now);
  }
  for (const auto& [pod_key, pod] : store.of("", "pods", key.name_space)) {
    if (kube::label_of(*pod, "liqo.io/virtual-node") != key.name) continue;
    let_go(store, pod_key, now);
    if (store.find(pod_key)) return;
  }
  let_go(store, liqo_key(kWideBindings, "", "liqo-node-" + key.name), now);
  let_go(store, liqo_key(kAccounts, key.name_space, key.name), now);
  let_go(store, liqo_key(kube::kNodes, "", key.name), now);
  if (store.of("offloading.liqo.io", "virtualnodes", key.name_space).size() == 1)
    let_go(store, liqo_key(liqo::kNamespaceMaps, key.name_space, peer), now);
  remove_finalizer(store, key, kNodeFinalizer, now);
}

// --- pods

Json remote_spec(const Json& pod) {
  auto out = codec::find(pod, "spec")->as_object();
  for (const auto* dropped : {"nodeSelector", "affinity", "hostNetwork", "hostPID", "hostIPC", "serviceAccountName",
                              "serviceAccount", "nodeName"})
    out.erase(dropped);
  JsonArray kept;
  if (const auto* list = out.if_contains("tolerations"); list && list->is_array())
    for (const auto& t : list->get_array())
      if (codec::text_at(t, "key") != liqo::kNotAllowedTaint) kept.push_back(t);
  out["tolerations"] = std::move(kept);
  return out;
}

void back_off(const LiqoSide& side, const KubeKey& key, const Json& pod, const std::string& peer) {
  Json held = pod;
  child(held.as_object(), "status")["phase"] = "Pending";
  child(held.as_object(), "status")["reason"] = "OffloadingBackOff";
  set_condition(held, "PodScheduled", false, "OffloadingBackOff", "", side.now());
  side.store().put(key, std::move(held), side.now());
  report_event(side, pod, "Warning", "ReflectionDisabled",
               fmt::format("Reflection to cluster \"{}\" disabled for namespace \"{}\". If this is a DaemonSet, add "
                           "an affinity that keeps it off virtual nodes",
                           peer, key.name_space));
}

// What is shown of the pod over there.
void mirror(const LiqoSide& side, const KubeKey& key, const Json& pod, const Json& remote, const std::string& address) {
  Json shown = pod;
  auto& status = child(shown.as_object(), "status");
  for (const auto* part : {"phase", "conditions", "containerStatuses", "startTime", "reason", "message"}) {
    const auto* value = codec::find(remote, std::string("status.") + part);
    if (value) status[part] = *value;
    if (!value) status.erase(part);
  }
  status["hostIP"] = address;
  side.store().put(key, std::move(shown), side.now());
}

void offload_pod(const LiqoSide& side, const KubeKey& node, const std::string& peer, const KubeKey& key) {
  auto& store = side.store();
  const auto pod = store.find(key);
  if (!pod || kube::is_being_deleted(*pod)) return;
  const auto space = remote_namespace(store, node.name_space, peer, key.name_space);
  if (space.empty()) return back_off(side, key, *pod, peer);
  auto* there = peer_of(side, peer);
  if (kube::label_of(*pod, liqo::kShadowPodLabel) != "true") {
    Json marked = *pod;
    child(metadata_of(marked), "labels")[liqo::kShadowPodLabel] = "true";
    store.put(key, std::move(marked), side.now());
  }
  if (!there) return;  // it stays as it was seen last
  const auto user = liqo::slice_user(node.name, side.id);
  const auto quota = there->find(liqo_key(liqo::kQuotas, liqo::tenant_namespace(side.id), user));
  const auto shadow_key = liqo_key(liqo::kShadowPods, space, key.name);
  if (!there->find(shadow_key)) {
    if (!quota)
      return report_event(side, *pod, "Warning", "FailedReflection",
                          fmt::format("Error reflecting object to cluster \"{}\": admission webhook "
                                      "\"shadowpod.validate.liqo.io\" denied the request: failed getting quota",
                                      peer));
    JsonObject labels;
    if (const auto* own = codec::find(*pod, "metadata.labels"); own && own->is_object()) labels = own->as_object();
    labels.erase(liqo::kShadowPodLabel);
    labels["liqo.io/creator-user"] = user;
    labels["offloading.liqo.io/destination"] = peer;
    labels["offloading.liqo.io/nodename"] = node.name;
    labels["offloading.liqo.io/origin"] = side.id;
    ensure(*there, {liqo::kShadowPods, space, key.name, labels, {}, {{"spec", {{"pod", remote_spec(*pod)}}}}},
           side.now());
  }
  const auto remote = there->find(liqo_key(kube::kPods, space, key.name));
  if (const auto now = store.find(key); remote && now) mirror(side, key, *now, *remote, address_of_kubelet(side, node));
}

// Pods over there whose pod here is gone or going.
void withdraw_pods(const LiqoSide& side, const std::string& peer) {
  auto* there = peer_of(side, peer);
  if (!there) return;
  for (const auto& [key, shadow] : there->of("offloading.liqo.io", "shadowpods")) {
    if (kube::label_of(*shadow, "offloading.liqo.io/origin") != side.id) continue;
    const auto space = there->find(liqo_key(kube::kNamespaces, "", key.name_space));
    const auto original = space ? kube::annotation_of(*space, "liqo.io/original-name") : "";
    const auto pod = side.store().find(liqo_key(kube::kPods, original, key.name));
    if (!pod || kube::is_being_deleted(*pod)) let_go(*there, key, side.now());
  }
}

}  // namespace

void run_liqo_kubelet(KubeScene& scene) {
  const auto side = liqo_in(scene);
  if (!side) return;
  for (const auto& [space, peer] : tenants_of(scene.store)) {
    const auto known = scene.store.find(liqo_key(liqo::kForeignClusters, "", peer));
    const bool given_up = known && kube::annotation_of(*known, liqo::kUnreachable) == "true";
    for (const auto& [key, node] : scene.store.of("offloading.liqo.io", "virtualnodes", space)) {
      if (kube::is_being_deleted(*node)) {
        drain_node(*side, key, peer, given_up);
        continue;
      }
      make_kubelet(*side, key, *node, peer);
      show_node(*side, key, *node, peer);
      for (const auto& pod : pods_on(scene.store, key.name)) offload_pod(*side, key, peer, pod);
    }
    withdraw_pods(*side, peer);
  }
}

}  // namespace tombolo::sim
