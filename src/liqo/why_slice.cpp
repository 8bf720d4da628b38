// Why a slice of the cloud is not a ready virtual node: slice, virtual node, virtual kubelet, node.
#include <fmt/format.h>

#include "kube/workloads.hpp"
#include "liqo/why_rules.hpp"

namespace tombolo::liqo::why {
namespace {

// LCM logs one such conflict in every good peering.
constexpr std::string_view kHarmlessConflict = "the object has been modified";
constexpr std::string_view kCordonSlice = "liqo.io/cordon";

std::string complaint(const SideSeen& side, const Json& slice) {
  std::string newest;
  for (const auto* event : side.events_of("ResourceSlice", kube::name_of(slice)))
    if (const auto text = message_of(event);
        codec::text_at(*event, "type") == "Warning" && text.find(kHarmlessConflict) == text.npos)
      newest = codec::text_at(*event, "reason") + ": " + text;
  return newest;
}

Explanation not_copied(const Evidence& e, const Json& slice) {
  const auto name_space = e.home.liqo ? e.home.liqo->name_space : "liqo";
  return because(
      "slice-not-copied",
      {{"the slice has no condition at all", at_home(slice)},
       {"there is no copy of it", fmt::format("cloud, {}", e.cloud.tenant_namespace)}},
      "Home's replicator has not copied the slice to the cloud.",
      fmt::format("At home: `kubectl -n {} rollout restart deployment liqo-crd-replicator`, then `tombolo peer`.",
                  name_space));
}

Explanation refused(const Evidence& e, const Json& slice, Chain chain) {
  const auto said = complaint(e.cloud, slice);
  if (!said.empty()) chain.push_back({said, "cloud, event on the ResourceSlice"});
  if (const auto advice = advice_for_text(said))
    return because(advice->id, std::move(chain), advice->cause, advice->fix);
  return because("slice-refused", std::move(chain),
                 "The cloud's Liqo does not accept the slice" + (said.empty() ? "." : ": " + said),
                 "Run `tombolo peer` again; if it stays, `tombolo unpeer` and `tombolo peer`.");
}

Found unauthenticated(const Evidence& e, const Json& slice) {
  const auto status = condition_word(slice, "Authentication");
  if (status == "Accepted") return std::nullopt;
  if (status.empty() && e.cloud.knows("ResourceSlice") && !e.cloud.find("ResourceSlice", kube::name_of(slice)))
    return not_copied(e, slice);
  return refused(
      e, slice, {{status.empty() ? "Authentication has no condition" : "Authentication is " + status, at_home(slice)}});
}

Found cordoned_tenant(const Evidence& e, Chain chain) {
  for (const auto* tenant : e.cloud.all("Tenant")) {
    const auto condition = codec::text_at(*tenant, "spec.tenantCondition");
    if (condition.empty() || condition == "Active") continue;
    chain.push_back({"tenantCondition is " + condition, in_cloud(*tenant)});
    return because("tenant-cordoned", std::move(chain),
                   fmt::format("The cloud has {} home's tenant, and gives it nothing new.",
                               condition == "Drained" ? "drained" : "cordoned"),
                   fmt::format("`tombolo kubectl -n {} patch tenants.authentication.liqo.io {} --type merge -p "
                               "'{{\"spec\":{{\"tenantCondition\":\"Active\"}}}}'`.",
                               e.cloud.tenant_namespace, e.home_id));
  }
  return std::nullopt;
}

Found unsupplied(const Evidence& e, const Json& slice) {
  const auto resources = kube::condition_of(slice, "Resources");
  if (resources && resources->status == "Accepted") return std::nullopt;
  Chain chain{{resources ? fmt::format("Resources is {}: {}", resources->status, resources->message)
                         : "Authentication is Accepted, and there is no condition Resources",
               at_home(slice)}};
  if (auto found = cordoned_tenant(e, chain)) return found;
  const auto of_class = codec::text_at(slice, "spec.class");
  if (!resources && !of_class.empty() && of_class != "default") {
    chain.push_back({"spec.class is " + of_class, at_home(slice)});
    return because(
        "slice-class-unknown", std::move(chain),
        fmt::format("No controller in the cloud serves slices of the class {}.", of_class),
        fmt::format("At home: `kubectl -n {} delete resourceslices.authentication.liqo.io {}`; then `tombolo peer`, "
                    "which takes the class default.",
                    kube::namespace_of(slice), kube::name_of(slice)));
  }
  return refused(e, slice, std::move(chain));
}

Found without_virtual_node(const Evidence& e, const Json& slice) {
  const auto name = kube::name_of(slice);
  if (!e.home.knows("VirtualNode") || e.home.find("VirtualNode", name)) return std::nullopt;
  Chain chain{{"the slice is accepted, and there is no VirtualNode of its name", at_home(slice)}};
  const auto wish = kube::annotation_of(slice, kCreateVirtualNode);
  if (wish.empty() || wish == "false") {
    chain.push_back({fmt::format("no annotation {}=true", kCreateVirtualNode), at_home(slice)});
    return because("no-virtual-node-wanted", std::move(chain), "The slice was made without wishing for a virtual node.",
                   fmt::format("At home: `kubectl -n {} annotate resourceslices.authentication.liqo.io {} {}=true`.",
                               kube::namespace_of(slice), name, kCreateVirtualNode));
  }
  if (const auto* node = e.home.find("Node", name); node && !is_virtual(*node)) {
    chain.push_back({fmt::format("node {} already exists", name), at_home(*node)});
    return because("node-name-taken", std::move(chain),
                   fmt::format("Home has a node of its own that is called {}, as the virtual node would be.", name),
                   "Give the cloud another cluster ID, or the node another name; then `tombolo peer`.");
  }
  const auto said = complaint(e.home, slice);
  if (!said.empty()) chain.push_back({said, "home, event on the ResourceSlice"});
  return because("virtual-node-missing", std::move(chain), "Home's Liqo has not made the virtual node.",
                 "Run `tombolo peer` again; if it stays, `tombolo unpeer` and `tombolo peer`.");
}

const Json* kubelet_pod(const Evidence& e, const std::string& node) {
  for (const auto* pod : e.home.all("Pod"))
    if (kube::label_of(*pod, "liqo.io/virtual-node") == node && !kube::is_being_deleted(*pod)) return pod;
  return nullptr;
}

Found kubelet_trouble(const Evidence& e, const std::string& node, const Chain& seen) {
  Chain chain = seen;
  const auto* deployment = e.home.find("Deployment", virtual_kubelet(node));
  const auto* pod = kubelet_pod(e, node);
  if (pod) {
    const auto state = kube::pod_state(*pod);
    if (state.ready) return std::nullopt;
    chain.push_back({"the virtual kubelet: " + state.why, at_home(*pod)});
  } else if (deployment) {
    const auto trouble = kube::rollout_trouble(*deployment);
    if (trouble.empty()) return std::nullopt;
    chain.push_back({"the virtual kubelet: " + trouble, at_home(*deployment)});
  } else if (e.home.knows("Deployment")) {
    chain.push_back({"no Deployment " + virtual_kubelet(node), "home, " + e.home.tenant_namespace});
  } else {
    return std::nullopt;
  }
  return because(
      "virtual-kubelet-down", std::move(chain), "The virtual kubelet, which is the virtual node, does not run.",
      fmt::format("At home: `kubectl -n {} logs deployment/{}`, then `kubectl -n {} rollout restart deployment {}`.",
                  e.home.tenant_namespace, virtual_kubelet(node), e.home.tenant_namespace, virtual_kubelet(node)));
}

Found unready(const Json& node, Chain chain) {
  if (codec::text_at(node, "status.allocatable.cpu", "0") == "0") {
    chain.push_back({"it has no cpu to give", at_home(node)});
    return because("slice-empty", std::move(chain),
                   "The slice names no cpu or memory, and the virtual node needs both.",
                   "Give the slice cpu and memory: `tombolo peer`.");
  }
  if (condition_word(node, "NetworkUnavailable") == "True")
    return because(
        "network-check", std::move(chain),
        "The virtual node waits for Liqo's network between the clusters, which is disabled here.",
        "Set offloading.disableNetworkCheck: true in home's Liqo values (liqo.homeValues), then `tombolo up`.");
  chain.push_back({"home reaches the cloud, and the virtual kubelet runs", "home"});
  return because("node-coming-back", std::move(chain),
                 "Nothing is wrong any more: the node's state lags behind the way to the cloud by up to a minute.",
                 "Wait a minute, then ask again: `tombolo why node`.");
}

}  // namespace

Found slice_trouble(const Evidence& e, std::string_view name) {
  if (!e.home.knows("ResourceSlice")) return std::nullopt;
  bool any = false;
  for (const auto* slice : e.home.all("ResourceSlice")) {
    if (!name.empty() && kube::name_of(*slice) != name) continue;
    any = true;
    if (auto found = unauthenticated(e, *slice)) return found;
    if (auto found = unsupplied(e, *slice)) return found;
    if (auto found = without_virtual_node(e, *slice)) return found;
  }
  if (any || !name.empty()) return std::nullopt;
  return because("no-slice", {{"no ResourceSlice", "home, " + e.home.tenant_namespace}},
                 "Home has asked the cloud for nothing: there is no slice.", "Run `tombolo peer`.");
}

Found node_trouble(const Evidence& e, std::string_view name) {
  for (const auto* wanted : e.home.all("VirtualNode")) {
    const auto called = kube::name_of(*wanted);
    if (!name.empty() && called != name) continue;
    const auto* node = e.home.find("Node", called);
    if (node && is_ready(*node) && !codec::bool_at(*node, "spec.unschedulable")) continue;
    Chain chain;
    if (!node) chain.push_back({fmt::format("there is no Node {}", called), at_home(*wanted)});
    if (node && is_ready(*node))
      return because("node-cordoned", {{"the virtual node is unschedulable", at_home(*node)}},
                     "Somebody cordoned the virtual node, or it is being drained.",
                     fmt::format("At home: `kubectl uncordon {}`.", called));
    if (auto found = kubelet_trouble(e, called, chain)) return found;
    if (node) return unready(*node, std::move(chain));
    return because(
        "node-missing", std::move(chain), "The virtual kubelet runs and has made no node yet.",
        fmt::format("At home: `kubectl -n {} logs deployment/{}`.", e.home.tenant_namespace, virtual_kubelet(called)));
  }
  return std::nullopt;
}

Found cordon_trouble(const Evidence& e, std::string_view name) {
  if (auto found = cordoned_tenant(e, {})) return found;
  for (const auto* quota : e.cloud.all("Quota")) {
    if (!codec::bool_at(*quota, "spec.cordoned")) continue;
    for (const auto* slice : e.cloud.all("ResourceSlice")) {
      const auto called = kube::name_of(*slice);
      if ((!name.empty() && called != name) || slice_user(called, e.home_id) != kube::name_of(*quota)) continue;
      return because("tenant-cordoned", {{"spec.cordoned is true", in_cloud(*quota)}},
                     fmt::format("The cloud has cordoned the slice {}, and takes no new pod for it.", called),
                     fmt::format("`tombolo kubectl -n {} annotate resourceslices.authentication.liqo.io {} {}-`.",
                                 e.cloud.tenant_namespace, called, kCordonSlice));
    }
  }
  return std::nullopt;
}

}  // namespace tombolo::liqo::why
