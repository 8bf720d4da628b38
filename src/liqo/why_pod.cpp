// Why a pod is as it is: not made, not scheduled, not taken over by the cloud, not running there.
#include <fmt/format.h>

#include <algorithm>

#include "kube/workloads.hpp"
#include "liqo/why_rules.hpp"

namespace tombolo::liqo::why {
namespace {

Explanation unexplained(Chain chain) {
  auto out = because("not-explained", std::move(chain), "Nothing that was looked at explains it.",
                     "Run `tombolo why peering` and `tombolo doctor`.");
  out.explained = false;
  return out;
}

Explanation fine(Chain chain, std::string what) {
  auto out = because("fine", std::move(chain), std::move(what), "");
  out.fine = true;
  return out;
}

// Nobody could make the pod: its ReplicaSet has the event, and the pod is not there.
Explanation never_made(const Evidence& e) {
  const auto& q = e.question;
  for (const auto* event : e.home.all("Event")) {
    const auto text = message_of(event);
    const auto maker = codec::text_at(*event, "involvedObject.name");
    if (!q.name.starts_with(maker) && !maker.starts_with(q.name))
      continue;  // hello-7c9f of hello, or the other way round
    if (text.find("failed calling webhook \"pod.mutate.liqo.io\"") == text.npos) continue;
    auto advice = advice_for_text(text);
    return because(advice->id, {{text, fmt::format("home, event on {}", maker)}}, advice->cause, advice->fix);
  }
  const auto* name_space = e.home.find("Namespace", q.name_space);
  if (name_space && kube::label_of(*name_space, kSchedulingEnabled) == "true")
    if (auto found = way_trouble(e); found && found->id == "home-webhook-silent")
      return after({{"there is no such pod", "home, Namespace " + q.name_space}}, std::move(*found));
  auto out =
      because("pod-not-found",
              {{name_space ? fmt::format("no pod {} in the namespace {}", q.name, q.name_space)
                           : fmt::format("no namespace {}", q.name_space),
                "home"}},
              "There is no such pod at home.", "See whether name and namespace are right: `kubectl get pods -A`.");
  out.explained = false;
  return out;
}

bool is_of_daemon_set(const Json& pod) {
  const auto& owners = codec::array_at(pod, "metadata.ownerReferences");
  return std::ranges::any_of(owners, [](const Json& owner) { return codec::text_at(owner, "kind") == "DaemonSet"; });
}

// The virtual kubelet does not touch pods of namespaces that are not offloaded.
Found backed_off(const Evidence& e, const Json& pod, Chain chain) {
  const auto* event = warning(e.home, "Pod", kube::name_of(pod), "ReflectionDisabled");
  if (codec::text_at(pod, "status.reason") != "OffloadingBackOff" && !event) return std::nullopt;
  if (event) chain.push_back({message_of(event), "home, event on the pod"});
  if (is_of_daemon_set(pod))
    return because("daemonset-on-virtual-node", std::move(chain),
                   "A DaemonSet wants a pod on every node, the virtual one included.",
                   "Give the DaemonSet a node affinity: liqo.io/type DoesNotExist.");
  return namespace_trouble(e, pod, std::move(chain));
}

Explanation without_quota(const Evidence& e, const Json& node, Chain chain) {
  const auto user = slice_user(kube::name_of(node), e.home_id);
  const auto* slice = e.cloud.find("ResourceSlice", kube::name_of(node));
  const std::string cause =
      fmt::format("The cloud has no Quota for the user {}, which the virtual node logs in as.", user);
  if (e.cloud.find("Quota", user)) {
    chain.push_back({"the Quota is there again", "cloud, Quota " + user});
    return because("no-quota", std::move(chain), cause + " It was missing for a while only.",
                   "Wait: the virtual kubelet tries again by itself.");
  }
  if (e.cloud.knows("Quota")) chain.push_back({"no Quota " + user, "cloud, " + e.cloud.tenant_namespace});
  if (!slice && e.cloud.knows("ResourceSlice")) {
    chain.push_back({"no ResourceSlice " + kube::name_of(node), "cloud, " + e.cloud.tenant_namespace});
    return because("no-quota", std::move(chain), cause + " Its slice is gone.",
                   "Run `tombolo peer`: it makes the slice anew.");
  }
  if (e.cloud.liqo)
    for (const auto& trouble : e.cloud.liqo->troubles)
      chain.push_back({trouble, "cloud, Liqo in " + e.cloud.liqo->name_space});
  return because(
      "no-quota", std::move(chain), cause + " Liqo's controller manager there makes it, when it runs.",
      fmt::format(
          "`tombolo kubectl -n {} rollout restart deployment liqo-controller-manager`; the virtual kubelet tries "
          "again by itself.",
          e.cloud.liqo ? e.cloud.liqo->name_space : "liqo-system"));
}

// The virtual kubelet could not lay down the ShadowPod. The event is all that shows it, and it outlives its cause.
Found not_reflected(const Evidence& e, const Json& pod, const Json& node, Chain chain) {
  if (e.shadow_pod()) return std::nullopt;
  const auto* event = warning(e.home, "Pod", kube::name_of(pod), "FailedReflection");
  if (!event) return std::nullopt;
  const auto said = message_of(event);
  chain.push_back({said, "home, event on the pod"});
  if (said.find("failed getting quota") != said.npos) return without_quota(e, node, std::move(chain));
  if (said.find("user is cordoned") != said.npos)
    if (auto found = cordon_trouble(e, kube::name_of(node))) return after(std::move(chain), std::move(*found));
  if (const auto advice = advice_for_text(said))
    return because(advice->id, std::move(chain), advice->cause, advice->fix);
  return because("reflection-refused", std::move(chain), "The cloud does not take the pod: " + said,
                 "Mend what it names; the virtual kubelet tries again by itself.");
}

// "0/1 nodes are available: 1 Insufficient nvidia.com/gpu. no new claims…" -> "nvidia.com/gpu".
std::string lacking(const std::string& said) {
  constexpr std::string_view kWord = "Insufficient ";
  const auto begin = said.find(kWord);
  if (begin == said.npos) return "";
  auto end = said.find_first_of(", ", begin + kWord.size());
  if (end == said.npos) end = said.size();
  auto out = said.substr(begin + kWord.size(), end - begin - kWord.size());
  if (out.ends_with('.')) out.pop_back();
  return out;
}

Found no_room(const Json& pod, const Json* remote, Chain chain) {
  const auto condition = kube::condition_of(remote ? *remote : pod, "PodScheduled");
  if (!condition || condition->reason != "Unschedulable") return std::nullopt;
  chain.push_back({condition->message, remote ? in_cloud(*remote) : at_home(pod)});
  const auto what = lacking(condition->message);
  if (what.empty())
    return because("cloud-cannot-schedule", std::move(chain), "No node of the cloud takes the pod.",
                   "See why: `tombolo kubectl describe nodes`.");
  return because("cloud-has-no-room", std::move(chain),
                 fmt::format("The slice promises {0}, and no node of the cloud has so much {0} free.", what),
                 fmt::format("Give the cloud a node with {} (a pool under workers in the cluster file, then `tombolo "
                             "up`), or let the pod ask for less.",
                             what));
}

Found container_trouble(const Json& pod, std::string where, Chain chain) {
  const auto state = kube::pod_state(pod);
  const auto reason = state.why.substr(0, state.why.find(':'));
  chain.push_back({state.why, std::move(where)});
  if (reason == "ImagePullBackOff" || reason == "ErrImagePull" || reason == "InvalidImageName" ||
      reason == "ErrImageNeverPull")
    return because("image-not-pulled", std::move(chain), "The node that runs the pod cannot pull its image.",
                   "Correct the image's name, or give that cluster a way to its registry and the pull secret.");
  if (reason == "CrashLoopBackOff")
    return because("container-crashes", std::move(chain), "The program in the container ends again and again.",
                   fmt::format("Read why: `kubectl -n {} logs {} --previous`.", state.name_space, state.name));
  if (reason == "CreateContainerConfigError" || reason == "CreateContainerError" || reason == "RunContainerError")
    return because("container-not-made", std::move(chain), "The container could not be made: " + state.why,
                   "Correct what it names in the pod, or the ConfigMap or Secret it names.");
  return std::nullopt;
}

// Liqo tells the pod that home's API is at kubernetes.default, where without its network the cloud's own API is.
Found foreign_api(const Evidence& e) {
  const auto* remote = e.remote_pod();
  const auto* containers = remote ? codec::find(*remote, "spec.containers") : nullptr;
  if (!containers || !containers->is_array() || codec::find(*remote, "spec.hostAliases")) return std::nullopt;
  for (const auto& container : containers->get_array()) {
    const auto* env = codec::find(container, "env");
    if (!env || !env->is_array()) continue;
    for (const auto& each : env->get_array())
      if (codec::text_at(each, "name") == "KUBERNETES_SERVICE_HOST" &&
          codec::text_at(each, "value") == "kubernetes.default")
        return because("apiserver-support",
                       {{"the pod runs, with KUBERNETES_SERVICE_HOST=kubernetes.default and no address for that name",
                         in_cloud(*remote)}},
                       "Liqo's API server support is on, and its network is off: the pod asks the cloud's API with "
                       "home's token, and "
                       "is refused.",
                       "Put --enable-apiserver-support=false under virtualKubelet.extra.args in home's Liqo values "
                       "(liqo.homeValues), run `tombolo up`, make the pod again. For one pod: the annotation "
                       "liqo.io/api-server-support: disabled.");
  }
  return std::nullopt;
}

// The cloud cannot make the namespace that the pod belongs into.
Found without_namespace(const Evidence& e, const Json& pod, Chain chain) {
  const auto name = kube::namespace_of(pod);
  for (const auto* map : e.home.all("NamespaceMap")) {
    const auto* mapping = codec::find(*map, "status.currentMapping");
    const auto* here = mapping && mapping->is_object() ? mapping->get_object().if_contains(name) : nullptr;
    if (!here || codec::text_at(*here, "phase") != "CreationLoopBackOff") continue;
    const auto remote = codec::text_at(*here, "remoteNamespace");
    chain.push_back({fmt::format("the namespace {} of the cloud: CreationLoopBackOff", remote), at_home(*map)});
    return because(
        "remote-namespace-taken", std::move(chain),
        fmt::format("The cloud has a namespace {} already, which is not Liqo's.", remote),
        fmt::format("`tombolo kubectl delete namespace {}` if nobody needs it; else `tombolo unoffload {}` and offload "
                    "it under another name.",
                    remote, name));
  }
  return std::nullopt;
}

Found unnamed_trouble(const Evidence& e, const Json& node, Chain chain) {
  if (!e.shadow_pod() && e.cloud.knows("ShadowPod"))
    chain.push_back({"there is no ShadowPod of its name", "cloud"});
  else if (e.shadow_pod() && !e.remote_pod())
    chain.push_back({"there is a ShadowPod, and no pod", in_cloud(*e.shadow_pod())});
  if (auto found = peering_trouble(e, kube::name_of(node))) return after(std::move(chain), std::move(*found));
  return std::nullopt;
}

Explanation on_home_node(const Json& pod, Chain chain) {
  if (kube::pod_state(pod).ready) return fine(std::move(chain), "The pod runs on a node of home's own.");
  if (auto found = container_trouble(pod, at_home(pod), {})) return std::move(*found);
  return unexplained(std::move(chain));
}

Link state_link(const Json& pod) {
  const auto state = kube::pod_state(pod);
  return {fmt::format("the pod is on {}: {}", state.node, state.ready ? "ready" : state.why), at_home(pod)};
}

}  // namespace

Found offloaded(const Evidence& e, const Json& pod, const Json& node) {
  const bool ready = kube::pod_state(pod).ready;
  Chain chain{state_link(pod)};
  if (kube::label_of(pod, "liqo.io/remote-unavailable") == "true")
    chain.push_back({"label liqo.io/remote-unavailable=true: what is seen of it is old", at_home(pod)});
  if (!is_ready(node) || cloud_as_home_sees_it(e) == "Error") {
    chain.push_back(node_link(node));
    if (auto found = peering_trouble(e, kube::name_of(node))) return after(std::move(chain), std::move(*found));
  }
  if (ready) {
    if (auto found = foreign_api(e)) return after(std::move(chain), std::move(*found));
    return fine(std::move(chain), "The pod runs in the cloud.");
  }
  if (auto found = without_namespace(e, pod, chain)) return found;
  if (auto found = backed_off(e, pod, chain)) return found;
  if (auto found = not_reflected(e, pod, node, chain)) return found;
  const auto* remote = e.remote_pod();
  if (auto found = no_room(pod, remote, chain)) return found;
  if (auto found = container_trouble(remote ? *remote : pod, remote ? in_cloud(*remote) : at_home(pod), chain))
    return found;
  return unnamed_trouble(e, node, std::move(chain));
}

Explanation explain_pod(const Evidence& e) {
  if (!e.home.silent.empty()) return *peering_trouble(e);
  const auto* pod = e.pod();
  if (!pod) return never_made(e);
  if (codec::text_at(*pod, "spec.nodeName").empty()) {
    if (auto found = unscheduled(e, *pod)) return std::move(*found);
    return unexplained({{"the pod is Pending: " + kube::pod_state(*pod).why, at_home(*pod)}});
  }
  const auto* node = e.home.find("Node", codec::text_at(*pod, "spec.nodeName"));
  if (node && !is_virtual(*node)) return on_home_node(*pod, {state_link(*pod)});
  if (!node) {
    if (auto found = peering_trouble(e)) return after({state_link(*pod)}, std::move(*found));
    return unexplained({state_link(*pod)});
  }
  if (auto found = offloaded(e, *pod, *node)) return std::move(*found);
  return unexplained({state_link(*pod)});
}

}  // namespace tombolo::liqo::why
