// DaemonSets and Deployments of the simulated clusters: the pods that they make, and their status.
// Deployments make their pods themselves: ReplicaSets would tell our program nothing more.
#include <fmt/format.h>

#include <algorithm>

#include "kube/object.hpp"
#include "sim/kube_controllers.hpp"
#include "sim/kube_kinds.hpp"
#include "sim/kube_rules.hpp"
#include "sim/kube_select.hpp"
#include "sim/kube_write.hpp"
#include "sim/liqo_webhooks.hpp"

namespace tombolo::sim {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

constexpr std::string_view kHashLabel = "pod-template-hash";

struct Owned {
  KubeKey key;
  KubeObject pod;
  bool is_new = false;  // of the present template
  bool is_ready = false;
};

std::string template_hash(const Json& workload) {
  const auto* wanted = codec::find(workload, "spec.template");
  return kube_suffix(wanted ? codec::to_canonical_text(*wanted) : "") + kube_suffix(kube::uid_of(workload));
}

std::vector<Owned> pods_of(const KubeStore& store, const KubeKey& key, const Json& workload, const std::string& hash) {
  std::vector<Owned> out;
  const auto uid = kube::uid_of(workload);
  for (const auto& [each, pod] : store.of("", "pods", key.name_space)) {
    if (codec::text_at(*pod, "metadata.ownerReferences.0.uid") != uid) continue;
    const auto ready = kube::condition_of(*pod, "Ready");
    out.push_back({each, pod, kube::label_of(*pod, kHashLabel) == hash,
                   ready && ready->holds() && !kube::is_being_deleted(*pod)});
  }
  return out;
}

// A pod of the workload, unless it is there or its namespace's pod security forbids it.
void make_pod(KubeScene& scene, const KubeKey& owner, const Json& workload, const std::string& hash,
              const std::string& name, const std::string& node) {
  const auto key = built_in("Pod").key(owner.name_space, name);
  const auto* wanted = codec::find(workload, "spec.template");
  const auto* spec = wanted ? codec::find(*wanted, "spec") : nullptr;
  if (!spec || scene.store.find(key)) return;
  if (!pod_security_trouble(*spec, pod_security_level(scene.store, owner.name_space)).empty()) return;
  Json pod = JsonObject{{"apiVersion", "v1"}, {"kind", "Pod"}};
  if (const auto* meta = codec::find(*wanted, "metadata"); meta && meta->is_object())
    pod.as_object()["metadata"] = *meta;
  auto& meta = metadata_of(pod);
  child(meta, "labels")[boost::json::string_view(kHashLabel.data(), kHashLabel.size())] = hash;
  meta["ownerReferences"] = JsonArray{{{"apiVersion", kube::api_version_of(workload)},
                                       {"kind", kube::kind_of(workload)},
                                       {"name", owner.name},
                                       {"uid", kube::uid_of(workload)},
                                       {"controller", true},
                                       {"blockOwnerDeletion", true}}};
  meta["generation"] = 1;
  pod.as_object()["spec"] = *spec;
  fill_in(built_in("Pod"), pod, scene.store);
  if (!node.empty()) child(pod.as_object(), "spec")["nodeName"] = node;
  if (node.empty()) admit_offloaded_pod(scene.store, owner.name_space, pod);
  scene.store.put(key, std::move(pod), scene.now);
}

void end_pod(KubeScene& scene, const Owned& pod) {
  if (!kube::is_being_deleted(*pod.pod))
    begin_deletion(scene.store, pod.key, scene.now,
                   codec::number_at(*pod.pod, "spec.terminationGracePeriodSeconds", 30));
}

void run_daemon_set(KubeScene& scene, const KubeKey& key, const Json& object) {
  const auto* spec = codec::find(object, "spec.template.spec");
  if (!spec) return;
  const auto hash = template_hash(object);
  auto pods = pods_of(scene.store, key, object, hash);
  int wanted = 0, current = 0, ready = 0, updated = 0;
  bool replacing = std::ranges::any_of(pods, [](const Owned& p) { return p.is_new && !p.is_ready; });
  for (const auto& [node_key, node] : scene.store.of("", "nodes")) {
    const auto here = [&](const Owned& p) { return codec::text_at(*p.pod, "spec.nodeName") == node_key.name; };
    if (!fits(*spec, *node, true)) {
      for (const auto& p : pods)
        if (here(p)) end_pod(scene, p);
      continue;
    }
    ++wanted;
    const auto mine = std::ranges::find_if(pods, here);
    if (mine == pods.end()) {
      make_pod(scene, key, object, hash, fmt::format("{}-{}", key.name, kube_suffix(hash + node_key.name)),
               node_key.name);
      continue;
    }
    ++current;
    ready += mine->is_ready;
    updated += mine->is_new;
    // One at a time, as maxUnavailable 1 has it.
    if (!mine->is_new && !replacing) {
      end_pod(scene, *mine);
      replacing = true;
    }
  }
  Json now = object;
  auto& status = child(now.as_object(), "status");
  const auto tell = [&](const char* name, int number) { status[name] = number; };
  tell("desiredNumberScheduled", wanted);
  tell("currentNumberScheduled", current);
  tell("numberMisscheduled", 0);
  tell("numberReady", ready);
  tell("numberAvailable", ready);
  tell("numberUnavailable", wanted - ready);
  tell("updatedNumberScheduled", updated);
  status["observedGeneration"] = codec::number_at(object, "metadata.generation");
  scene.store.put(key, std::move(now), scene.now);
}

void run_deployment(KubeScene& scene, const KubeKey& key, const Json& object) {
  // More than a node holds would only cost time.
  const auto wanted = static_cast<int>(std::clamp<std::int64_t>(codec::number_at(object, "spec.replicas", 1), 0, 110));
  const auto hash = template_hash(object);
  auto pods = pods_of(scene.store, key, object, hash);
  int ready_new = 0, fresh = 0, ready = 0;
  for (const auto& p : pods) {
    const bool leaving = kube::is_being_deleted(*p.pod);
    ready += p.is_ready;
    ready_new += p.is_new && p.is_ready;
    if (p.is_new && !leaving && ++fresh > wanted) end_pod(scene, p);
  }
  for (int i = 0; fresh < wanted && i < 2 * wanted; ++i) {
    const auto before = scene.store.version();
    make_pod(scene, key, object, hash,
             fmt::format("{}-{}-{}", key.name, hash, kube_suffix(fmt::format("{}{}", hash, i))), "");
    fresh += scene.store.version() != before;
  }
  // The old ones stay until the new ones serve.
  if (ready_new >= wanted)
    for (const auto& p : pods)
      if (!p.is_new) end_pod(scene, p);
  Json now = object;
  auto& status = child(now.as_object(), "status");
  status["observedGeneration"] = codec::number_at(object, "metadata.generation");
  status["replicas"] = static_cast<int>(pods.size());
  status["updatedReplicas"] = std::min(fresh, wanted);
  status["readyReplicas"] = ready;
  status["availableReplicas"] = ready;
  status["unavailableReplicas"] = std::max(0, wanted - ready);
  const bool available = ready >= wanted;
  set_condition(now, "Available", available, available ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
                available ? "Deployment has minimum availability." : "Deployment does not have minimum availability.",
                scene.now);
  set_condition(now, "Progressing", true, ready_new >= wanted ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
                fmt::format("ReplicaSet \"{}-{}\" {}", key.name, hash,
                            ready_new >= wanted ? "has successfully progressed." : "is progressing."),
                scene.now);
  scene.store.put(key, std::move(now), scene.now);
}

}  // namespace

void run_daemon_sets(KubeScene& scene) {
  for (const auto& [key, object] : scene.store.of("apps", "daemonsets"))
    if (!kube::is_being_deleted(*object)) run_daemon_set(scene, key, *object);
}

void run_deployments(KubeScene& scene) {
  for (const auto& [key, object] : scene.store.of("apps", "deployments"))
    if (!kube::is_being_deleted(*object)) run_deployment(scene, key, *object);
}

}  // namespace tombolo::sim
