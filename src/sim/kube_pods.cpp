// The lives of pods in the simulated clusters: the scheduler's and the kubelet's part.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "kube/object.hpp"
#include "sim/kube_controllers.hpp"
#include "sim/kube_kinds.hpp"
#include "sim/kube_select.hpp"

namespace tombolo::sim {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

bool tolerates(const Json& spec, const Json& taint) {
  const auto* list = codec::find(spec, "tolerations");
  if (!list || !list->is_array()) return false;
  return std::any_of(list->get_array().begin(), list->get_array().end(), [&](const Json& t) {
    const auto key = codec::text_at(t, "key"), effect = codec::text_at(t, "effect");
    const bool exists = codec::text_at(t, "operator", "Equal") == "Exists";
    if (!effect.empty() && effect != codec::text_at(taint, "effect")) return false;
    if (key.empty()) return exists;
    return key == codec::text_at(taint, "key") &&
           (exists || codec::text_at(t, "value") == codec::text_at(taint, "value"));
  });
}

bool term_holds(const Json& term, const Json& node) {
  const auto* expressions = codec::find(term, "matchExpressions");
  const auto* fields = codec::find(term, "matchFields");
  const auto* labels = codec::find(node, "metadata.labels");
  const auto holds = [](const Json* list, const Json& on) {
    return !list || selector_matches(JsonObject{{"matchExpressions", *list}}, on);
  };
  return (expressions || fields) && holds(expressions, labels ? *labels : Json(nullptr)) &&
         holds(fields, JsonObject{{"metadata.name", kube::name_of(node)}});
}

// The first volume whose Secret or ConfigMap is not there: the kubelet waits for it.
bool mounts_are_there(const KubeStore& store, const Json& pod) {
  const auto space = kube::namespace_of(pod);
  const auto missing = [&](const Json& at, std::string_view path, std::string_view kind) {
    const auto name = codec::text_at(at, path);
    return !name.empty() && !store.find(built_in(kind).key(space, name));
  };
  const auto* volumes = codec::find(pod, "spec.volumes");
  if (volumes && volumes->is_array())
    for (const auto& v : volumes->get_array()) {
      if (!codec::bool_at(v, "secret.optional") && missing(v, "secret.secretName", "Secret")) return false;
      if (!codec::bool_at(v, "configMap.optional") && missing(v, "configMap.name", "ConfigMap")) return false;
      const auto* sources = codec::find(v, "projected.sources");
      if (!sources || !sources->is_array()) continue;
      for (const auto& s : sources->get_array())
        if (missing(s, "secret.name", "Secret") || missing(s, "configMap.name", "ConfigMap")) return false;
    }
  return true;
}

// kUnproven: it runs, and its readiness probe has not passed.
enum class Stage { kCreating, kNoImage, kUnproven, kReady };

JsonArray container_statuses(const KubeScene& scene, const Json& pod, Stage stage) {
  JsonArray out;
  const auto* list = codec::find(pod, "spec.containers");
  if (!list || !list->is_array()) return out;
  for (const auto& c : list->get_array()) {
    const auto image = codec::text_at(c, "image");
    const bool runs = stage == Stage::kUnproven || stage == Stage::kReady;
    JsonObject state;
    if (runs)
      state["running"] = JsonObject{{"startedAt", format_time(scene.now)}};
    else if (stage == Stage::kNoImage)
      state["waiting"] =
          JsonObject{{"reason", "ImagePullBackOff"}, {"message", fmt::format("Back-off pulling image \"{}\"", image)}};
    else
      state["waiting"] = JsonObject{{"reason", "ContainerCreating"}};
    out.push_back({{"name", codec::text_at(c, "name")},
                   {"image", image},
                   {"imageID", ""},
                   {"restartCount", 0},
                   {"ready", stage == Stage::kReady},
                   {"started", runs},
                   {"state", std::move(state)}});
  }
  return out;
}

void show(const KubeScene& scene, Json& pod, Stage stage) {
  const bool runs = stage == Stage::kUnproven || stage == Stage::kReady, ready = stage == Stage::kReady;
  auto& status = child(pod.as_object(), "status");
  status["phase"] = runs ? "Running" : "Pending";
  status["containerStatuses"] = container_statuses(scene, pod, stage);
  const auto* reason = ready ? "" : "ContainersNotReady";
  const auto message = ready ? "" : "containers with unready status";
  set_condition(pod, "Initialized", true, "", "", scene.now);
  set_condition(pod, "Ready", ready, reason, message, scene.now);
  set_condition(pod, "ContainersReady", ready, reason, message, scene.now);
}

// Devices that a pod asks for and the node has not, such as "nvidia.com/gpu"; "" when it has all. Whole numbers, as devices are.
// CPU and memory are not counted here: no test of ours fills a node with them.
std::string missing_device(const Json& spec, const Json& node) {
  const auto* containers = codec::find(spec, "containers");
  const auto* has = codec::find(node, "status.allocatable");
  if (!containers || !containers->is_array()) return "";
  const auto count = [](const Json* value) {
    return value && value->is_string()  ? std::atoll(std::string(std::string_view(value->get_string())).c_str())
           : value && value->is_int64() ? value->get_int64()
                                        : 0;
  };
  for (const auto& c : containers->get_array())
    for (const auto* where : {"resources.requests", "resources.limits"})
      if (const auto* wanted = codec::find(c, where); wanted && wanted->is_object())
        for (const auto& [name, amount] : wanted->get_object())
          if (std::string_view(name).find('/') != std::string_view::npos &&
              count(&amount) > count(has && has->is_object() ? has->get_object().if_contains(name) : nullptr))
            return std::string(name);
  return "";
}

// False when no node will have it.
bool schedule(const KubeScene& scene, Json& pod) {
  const auto nodes = scene.store.of("", "nodes");
  const auto* spec = codec::find(pod, "spec");
  std::string device;
  std::size_t without = 0;
  for (const auto& [key, node] : nodes) {
    if (!fits(*spec, *node, false) || codec::bool_at(*node, "spec.unschedulable")) continue;
    if (const auto missing = missing_device(*spec, *node); !missing.empty()) {
      device = missing;
      ++without;
      continue;
    }
    child(pod.as_object(), "spec")["nodeName"] = key.name;
    return true;
  }
  if (without == nodes.size() && without > 0) {
    set_condition(
        pod, "PodScheduled", false, "Unschedulable",
        fmt::format("0/{0} nodes are available: {0} Insufficient {1}. no new claims to deallocate, preemption: "
                    "0/{0} nodes are available: {0} Preemption is not helpful for scheduling.",
                    without, device),
        scene.now);
    return false;
  }
  set_condition(pod, "PodScheduled", false, "Unschedulable",
                fmt::format("0/{} nodes are available: {} node(s) didn't match the pod's node affinity/selector or had "
                            "untolerated taints.",
                            nodes.size(), nodes.size()),
                scene.now);
  return false;
}

void give_addresses(KubeScene& scene, Json& pod, const Json& node) {
  auto& status = child(pod.as_object(), "status");
  const auto host = codec::text_at(node, "status.addresses.0.address");
  status["hostIP"] = host;
  if (status.contains("podIP")) return;
  auto network = codec::text_at(node, "spec.podCIDR");
  network.erase(network.rfind('.') + 1);
  const bool shares = codec::bool_at(pod, "spec.hostNetwork");
  status["podIP"] = shares ? host : scene.store.new_address(network);
  status["podIPs"] = JsonArray{{{"ip", Json(status["podIP"])}}};
}

void run_pod(KubeScene& scene, const KubeKey& key, const Json& object) {
  const auto& times = scene.world.options.times;
  if (kube::is_being_deleted(object)) {
    const auto grace = std::chrono::seconds(codec::number_at(object, "metadata.deletionGracePeriodSeconds"));
    const auto mark = parse_time(codec::text_at(object, "metadata.deletionTimestamp"));
    const auto end = (mark ? *mark : scene.now) - grace + std::min<Duration>(times.pod_stop, grace);
    if (end > scene.now)
      scene.store.wake_at(end);
    else if (kube::finalizers_of(object).empty())
      scene.store.erase(key);
    return;
  }
  const auto phase = codec::text_at(object, "status.phase");
  const auto proven = kube::condition_of(object, "Ready");
  if ((phase == "Running" && proven && proven->holds()) || phase == "Succeeded" || phase == "Failed") return;
  Json pod = object;
  if (codec::text_at(pod, "spec.nodeName").empty() && !schedule(scene, pod)) {
    scene.store.put(key, std::move(pod), scene.now);
    return;
  }
  const auto node = scene.store.find(built_in("Node").key("", codec::text_at(pod, "spec.nodeName")));
  if (!node || kube::label_of(*node, "liqo.io/type") == "virtual-node") {  // somebody else's kubelet
    if (!codec::text_at(object, "spec.nodeName").empty()) return;
    set_condition(pod, "PodScheduled", true, "", "", scene.now);
    scene.store.put(key, std::move(pod), scene.now);
    return;
  }
  const auto started = parse_time(codec::text_at(pod, "status.startTime"));
  if (!codec::find(pod, "status.containerStatuses")) {
    set_condition(pod, "PodScheduled", true, "", "", scene.now);
    show(scene, pod, Stage::kCreating);
  }
  if (!started && mounts_are_there(scene.store, pod)) {
    child(pod.as_object(), "status")["startTime"] = format_time(scene.now);
    scene.store.put(key, std::move(pod), scene.now);
    return;  // the next round sees when it began
  }
  if (started) {
    const auto ready = *started + times.pod_start, runs = *started + times.pod_start / 2;
    const auto& missing = scene.world.options.kube.missing_images;
    const auto* containers = codec::find(pod, "spec.containers");
    const bool no_image = containers && std::ranges::any_of(containers->get_array(), [&](const Json& c) {
                            return std::ranges::any_of(missing, [&](const auto& part) {
                              return codec::text_at(c, "image").find(part) != std::string::npos;
                            });
                          });
    if (ready > scene.now) scene.store.wake_at(runs > scene.now ? runs : ready);
    if (runs <= scene.now && !no_image) {
      give_addresses(scene, pod, *node);
      show(scene, pod, ready > scene.now ? Stage::kUnproven : Stage::kReady);
    } else if (ready <= scene.now) {
      show(scene, pod, Stage::kNoImage);
    }
  }
  scene.store.put(key, std::move(pod), scene.now);
}

}  // namespace

bool fits(const Json& spec, const Json& node, bool of_daemon_set) {
  if (const auto* wanted = codec::find(spec, "nodeSelector")) {
    const auto* labels = codec::find(node, "metadata.labels");
    if (!selector_matches(JsonObject{{"matchLabels", *wanted}}, labels ? *labels : Json(nullptr))) return false;
  }
  if (const auto* terms =
          codec::find(spec, "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms");
      terms && terms->is_array() &&
      !std::ranges::any_of(terms->get_array(), [&](const Json& term) { return term_holds(term, node); }))
    return false;
  const auto* taints = codec::find(node, "spec.taints");
  if (!taints || !taints->is_array()) return true;
  return std::ranges::all_of(taints->get_array(), [&](const Json& taint) {
    if (codec::text_at(taint, "effect") == "PreferNoSchedule") return true;
    return tolerates(spec, taint) || (of_daemon_set && codec::text_at(taint, "key").starts_with("node.kubernetes.io/"));
  });
}

void run_pods(KubeScene& scene) {
  for (const auto& [key, object] : scene.store.of("", "pods"))
    if (const auto pod = scene.store.find(key)) run_pod(scene, key, *pod);
}

}  // namespace tombolo::sim
