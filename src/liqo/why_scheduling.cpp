// Why a pod has no node. Since Kubernetes 1.35 the scheduler's message names no taint, so it is decided from what the
// scheduler went by: the pod's tolerations and selectors, its namespace, and the virtual node's labels, taints and room.
#include <fmt/format.h>

#include <algorithm>

#include "liqo/offloading.hpp"
#include "liqo/resources.hpp"
#include "liqo/why_rules.hpp"

namespace tombolo::liqo::why {
namespace {

// One of its tolerations names the taint; with the wrong effect, when the taint is not tolerated all the same.
bool names_taint(const Json& pod) {
  const auto& all = codec::array_at(pod, "spec.tolerations");
  return std::any_of(all.begin(), all.end(),
                     [](const Json& each) { return codec::text_at(each, "key") == kNotAllowedTaint; });
}

bool has_label(const Json& node, const std::string& key) {
  const auto* labels = codec::find(node, "metadata.labels");
  return labels && labels->is_object() && labels->get_object().contains(key);
}

bool matches(const Json& node, const Json& expression) {
  const auto key = codec::text_at(expression, "key"), word = codec::text_at(expression, "operator");
  const auto& values = codec::array_at(expression, "values");
  const bool listed =
      has_label(node, key) && std::find(values.begin(), values.end(), Json(kube::label_of(node, key))) != values.end();
  if (word == "In") return listed;
  if (word == "NotIn") return !listed;
  if (word == "Exists") return has_label(node, key);
  if (word == "DoesNotExist") return !has_label(node, key);
  return true;  // Gt, Lt: not judged
}

// The first wish of its nodeSelector or required affinity that the node does not fulfil; "" when it fulfils all.
std::string unmet_wish(const Json& pod, const Json& node) {
  if (const auto* selector = codec::find(pod, "spec.nodeSelector"); selector && selector->is_object())
    for (const auto& each : selector->get_object())
      if (!has_label(node, each.key_c_str()) || Json(kube::label_of(node, each.key())) != each.value())
        return fmt::format("nodeSelector {}: {}", each.key_c_str(), codec::to_text(each.value()));
  std::string unmet;
  for (const auto& term : codec::array_at(pod,
                                          "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
                                          "nodeSelectorTerms")) {
    std::string here;
    for (const auto& expression : codec::array_at(term, "matchExpressions"))
      if (here.empty() && !matches(node, expression)) here = "affinity " + codec::to_text(expression);
    if (here.empty()) return "";  // terms are alternatives
    unmet = here;
  }
  return unmet;
}

bool wants_cloud(const Json& pod) {
  const auto spec = codec::find(pod, "spec.nodeSelector"), affinity = codec::find(pod, "spec.affinity");
  return (spec && codec::to_text(*spec).find("liqo.io/") != std::string::npos) ||
         (affinity && codec::to_text(*affinity).find("liqo.io/") != std::string::npos) ||
         codec::text_at(pod, "spec.runtimeClassName") == "liqo";
}

// 0 for what is no quantity.
double amount(std::string_view text) { return quantity(text).value_or(0); }

std::map<std::string, double> requests(const Json& pod) {
  std::map<std::string, double> out;
  for (const auto& container : codec::array_at(pod, "spec.containers"))
    for (const auto& [name, wished] : resources_at(container, "resources.requests")) out[name] += amount(wished);
  return out;
}

// "nvidia.com/gpu: it asks for 1, the node has none".
std::string too_much(const Json& pod, const Json& node, std::string& resource) {
  const auto room = resources_at(node, "status.allocatable");
  for (const auto& [name, wished] : requests(pod)) {
    const auto has = room.find(name);
    const auto text = has == room.end() ? "" : has->second;
    if (wished <= amount(text)) continue;
    resource = name;
    return fmt::format("{}: it asks for {:g}, the virtual node has {}", name, wished, text.empty() ? "none" : text);
  }
  return "";
}

std::string scheduler_said(const Evidence& e, const Json& pod) {
  if (const auto condition = kube::condition_of(pod, "PodScheduled"); condition && !condition->message.empty())
    return condition->message;
  return message_of(warning(e.home, "Pod", kube::name_of(pod), "FailedScheduling"));
}

Found too_big(const Evidence& e, const Json& pod, const Json& node, const std::string& said, Chain chain) {
  std::string resource;
  if (const auto text = too_much(pod, node, resource); !text.empty()) {
    chain.push_back({text, at_home(node)});
    return because(
        "slice-too-small", std::move(chain), fmt::format("The slice of the cloud has too little {}.", resource),
        fmt::format("At home: `kubectl -n {} patch resourceslices.authentication.liqo.io {} --type merge -p "
                    "'{{\"spec\":{{\"resources\":{{\"{}\":\"…\"}}}}}}'` with as much as the cloud has, or let the pod "
                    "ask for less {}.",
                    e.home.tenant_namespace, kube::name_of(node), resource, resource));
  }
  if (said.find("Insufficient") == said.npos && said.find("Too many pods") == said.npos) return std::nullopt;
  chain.push_back({"the pod would fit if the node were empty", at_home(node)});
  return because("virtual-node-full", std::move(chain), "Other pods have taken what the slice has.",
                 "Give the slice more, or end other pods on the virtual node: `kubectl get pods -A --field-selector "
                 "spec.nodeName=" +
                     kube::name_of(node) + "`.");
}

Found other_taint(const Json& pod, const Json& node, Chain chain) {
  for (const auto& taint : codec::array_at(node, "spec.taints")) {
    const auto key = codec::text_at(taint, "key"), effect = codec::text_at(taint, "effect");
    if (effect == "PreferNoSchedule" || tolerates(pod, taint)) continue;
    chain.push_back({fmt::format("taint {}:{}", key, effect), at_home(node)});
    return because("virtual-node-tainted", std::move(chain),
                   fmt::format("The pod does not tolerate the virtual node's taint {}.", key),
                   fmt::format("Add a toleration for {} ({}) to the pod, or take the taint away.", key, effect));
  }
  return std::nullopt;
}

const Json* not_allowed_taint(const Json& node) {
  for (const auto& taint : codec::array_at(node, "spec.taints"))
    if (codec::text_at(taint, "key") == kNotAllowedTaint) return &taint;
  return nullptr;
}

// Some node of home's own that its selectors allow; then the pod is not the cloud's alone.
bool fits_home(const Evidence& e, const Json& pod) {
  const auto nodes = e.home.all("Node");
  return std::any_of(nodes.begin(), nodes.end(),
                     [&](const Json* node) { return !is_virtual(*node) && unmet_wish(pod, *node).empty(); });
}

Found without_virtual_node(const Evidence& e, const Json& pod, Chain chain) {
  const auto* name_space = e.home.find("Namespace", kube::namespace_of(pod));
  if (wants_cloud(pod) || (name_space && kube::label_of(*name_space, kSchedulingEnabled) == "true")) {
    chain.push_back({"home has no virtual node", "home, nodes"});
    if (auto found = peering_trouble(e)) return after(std::move(chain), std::move(*found));
  }
  return because("home-scheduling", std::move(chain), "No node of home's takes the pod; the cloud has no part in it.",
                 "Change what the pod asks for, or make room at home; `tombolo peer` and `tombolo offload " +
                     kube::namespace_of(pod) + "` add the cloud's room.");
}

}  // namespace

Found namespace_trouble(const Evidence& e, const Json& pod, Chain chain) {
  const auto name = kube::namespace_of(pod);
  const auto* name_space = e.home.find("Namespace", name);
  const auto* offloading = e.home.find("NamespaceOffloading", kOffloadingName, name);
  if (!offloading) {
    chain.push_back({fmt::format("no NamespaceOffloading, and no label {}=true on the namespace", kSchedulingEnabled),
                     "home, Namespace " + name});
    return because(
        "namespace-not-offloaded", std::move(chain), fmt::format("The namespace {} is not offloaded.", name),
        fmt::format("Run `tombolo offload {}`, then make the pod again: Liqo acts only when a pod is made.", name));
  }
  if (codec::text_at(*offloading, "spec.podOffloadingStrategy") == "Local") {
    chain.push_back({"podOffloadingStrategy is Local", at_home(*offloading)});
    return because(
        "strategy-local", std::move(chain), "The namespace is offloaded with a strategy that keeps its pods at home.",
        fmt::format(
            "Run `tombolo unoffload {}`, then `tombolo offload {}`, which takes LocalAndRemote; make the pod again.",
            name, name));
  }
  if (codec::text_at(*offloading, "status.offloadingPhase") == "NoClusterSelected") {
    chain.push_back({"offloadingPhase is NoClusterSelected", at_home(*offloading)});
    if (auto found = peering_trouble(e)) return after(std::move(chain), std::move(*found));
    return because(
        "cloud-not-selected", std::move(chain),
        "The namespace is offloaded, and its clusterSelector leaves the cloud out.",
        fmt::format("Run `tombolo unoffload {}`, then `tombolo offload {}`, which selects the cloud.", name, name));
  }
  if (!name_space || kube::label_of(*name_space, kSchedulingEnabled) != "true") {
    chain.push_back({"offloadingPhase is " + codec::text_at(*offloading, "status.offloadingPhase", "not there yet"),
                     at_home(*offloading)});
    if (auto found = peering_trouble(e)) return after(std::move(chain), std::move(*found));
    return because("offloading-under-way", std::move(chain), "Liqo at home has not finished offloading the namespace.",
                   fmt::format("Run `tombolo offload {}`, which waits for it; then make the pod again.", name));
  }
  const auto made = codec::text_at(pod, "metadata.creationTimestamp");
  const auto offloaded_at = codec::text_at(*offloading, "metadata.creationTimestamp");
  if (made < offloaded_at) {
    chain.push_back(
        {fmt::format("the pod is from {}, the offloading from {}", made, offloaded_at), at_home(*offloading)});
    return because("pod-before-offloading", std::move(chain),
                   "The pod was made before its namespace was offloaded, and Liqo acts only when a pod is made.",
                   fmt::format("Make the pod again: `kubectl -n {} delete pod {}` (its controller makes a new one).",
                               name, kube::name_of(pod)));
  }
  chain.push_back({"the namespace is offloaded, and yet the pod has no toleration from Liqo", at_home(pod)});
  if (e.home.knows("MutatingWebhookConfiguration") && e.home.all("MutatingWebhookConfiguration").empty())
    chain.push_back({"Liqo's MutatingWebhookConfiguration is not there", "home"});
  return because("webhook-missed-pod", std::move(chain), "Liqo's webhook was not asked when the pod was made.",
                 fmt::format("Run `tombolo up`, which brings Liqo's webhook back; then `kubectl -n {} delete pod {}`.",
                             name, kube::name_of(pod)));
}

Found unscheduled(const Evidence& e, const Json& pod) {
  const auto said = scheduler_said(e, pod);
  Chain chain{{fmt::format("the pod is Pending{}{}", said.empty() ? "" : ": ", said), at_home(pod)}};
  const auto* node = virtual_node(e);
  if (!node) return without_virtual_node(e, pod, std::move(chain));
  if (const auto unmet = unmet_wish(pod, *node); !unmet.empty()) {
    if (fits_home(e, pod)) return without_virtual_node(e, pod, std::move(chain));
    chain.push_back({"the pod wishes for " + unmet, at_home(*node)});
    return because("selector-excludes-node", std::move(chain), "No node has what the pod's selectors ask for.",
                   fmt::format("Change the pod's {}, or label a node so.", unmet));
  }
  if (const auto* taint = not_allowed_taint(*node); taint && !tolerates(pod, *taint)) {
    chain.push_back({names_taint(pod) ? "its toleration has another effect than the taint's NoExecute"
                                      : fmt::format("it does not tolerate {}:NoExecute", kNotAllowedTaint),
                     at_home(*node)});
    return namespace_trouble(e, pod, std::move(chain));
  }
  if (!is_ready(*node) || codec::bool_at(*node, "spec.unschedulable")) {
    chain.push_back(node_link(*node));
    if (auto found = peering_trouble(e, kube::name_of(*node))) return after(std::move(chain), std::move(*found));
  }
  if (auto found = other_taint(pod, *node, chain)) return found;
  return too_big(e, pod, *node, said, std::move(chain));
}

}  // namespace tombolo::liqo::why
