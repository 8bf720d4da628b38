// What texts of Liqo, liqoctl and Kubernetes mean. Here, and not in the rules, because whoever pastes a text may have no cluster
// to be asked. Source: Liqo 1.2.0, and what it printed.
#include <array>

#include "liqo/why.hpp"

namespace tombolo::liqo {
namespace why {
namespace {

struct Text {
  std::string_view part;  // of what was pasted
  std::string_view id, cause, fix;
};

constexpr std::string_view kInstall = "Run `tombolo up`: it installs Liqo on both sides. Then `tombolo peer`.";
constexpr std::string_view kDefinitionsAbsent =
    "Liqo's definitions are not there: Liqo is not installed on that side, or it is older than v1.0.";
constexpr std::string_view kTenantGone =
    "The cloud has no Tenant for home in the namespace that was looked in: never made, deleted, without its label, or "
    "the "
    "cloud was made anew. Tenants are namespaced since v1.0.";
constexpr std::string_view kPeerAnew =
    "`tombolo why peering` says which; then `tombolo unpeer --force` and `tombolo peer`.";
constexpr std::string_view kNothingToDo = "Harmless.";

// The first that is found counts: the more exact text stands first.
constexpr auto kTexts = std::to_array<Text>({
    // Liqo's installation
    {"configmaps \"configmaps\" not found", "liqo-not-installed",
     "No ConfigMap with Liqo's cluster ID in the namespace that was looked in: Liqo is in another namespace there "
     "(liqoctl takes "
     "`liqo` for both sides, and the cloud's is usually liqo-system), or it is not installed. The text names no side.",
     "Use `tombolo peer` and `tombolo unpeer`, which find Liqo's namespaces; with liqoctl add --remote-namespace "
     "liqo-system. If "
     "Liqo is not installed there: `tombolo up`."},
    {"customresourcedefinitions \"tenants.authentication.liqo.io\" not found", "liqo-not-installed", kDefinitionsAbsent,
     kInstall},
    {"no matches for kind \"Tenant\"", "liqo-not-installed", kDefinitionsAbsent, kInstall},
    {"the server doesn't have a resource type \"tenants\"", "liqo-not-installed", kDefinitionsAbsent, kInstall},
    {"the server could not find the requested resource", "liqo-not-installed", kDefinitionsAbsent, kInstall},
    {"disable offloading for clusters", "uninstall-while-peered",
     "Liqo is being uninstalled while the clusters are peered.",
     "Run `tombolo unoffload NAMESPACE` and `tombolo unpeer`, then uninstall again."},
    {"Pre-uninstall checks failed", "stale-foreign-cluster",
     "Liqo's uninstaller sees something peered or offloaded. After a clean unpeering it is the ForeignCluster, which "
     "is not brought "
     "up to date.",
     "Run `tombolo unoffload NAMESPACE` and `tombolo unpeer`; then, at home, `kubectl delete "
     "foreignclusters.core.liqo.io --all`, and "
     "uninstall again."},
    {"disable authentication for clusters", "stale-foreign-cluster",
     "The uninstaller believes the ForeignCluster, which is not brought up to date after unpeering.",
     "At home: `kubectl delete foreignclusters.core.liqo.io --all`; then uninstall again."},
    // the handshake
    {"nonce secret already exists with a different nonce", "nonce-differs",
     "Home's signed nonce is left from an earlier peering: the cloud has made a new one since.",
     "At home: `kubectl -n liqo-tenant-CLOUD delete secret liqo-signed-nonce`; then `tombolo peer`."},
    {"the stored and the provided CSR do not match", "csr-differs",
     "The cloud has a certificate for home's former keys, or for the same request in another encoding.",
     "`tombolo kubectl -n liqo-tenant-HOME delete secret liqo-remote-certificate` and every liqo-remote-certificate-*; "
     "then `tombolo "
     "peer`."},
    {"no ApiServer.Address variable provided and no master node found", "no-advertised-address",
     "The cloud's Liqo does not know which address to advertise: no node is labelled as control plane, and none is "
     "configured.",
     "Set apiServer.address in the cloud's Liqo values (liqo.cloudValues), run `tombolo up`, then `tombolo peer`."},
    {"multiple tenant namespaces found for cluster", "tenant-namespace-twice",
     "Two namespaces carry the labels of the tenant namespace of one cluster.",
     "Take the label liqo.io/tenant-namespace off one of them: `kubectl label namespace NAME "
     "liqo.io/tenant-namespace-`."},
    {"a Tenant already exists in the tenant namespace", "tenant-twice",
     "A tenant namespace holds one Tenant, and there is one already.",
     "`tombolo kubectl get tenants.authentication.liqo.io -A` shows it; delete it if it is nobody's, then `tombolo "
     "peer`."},
    {"Failed waiting for tenant status to be updated", "csr-differs",
     "The cloud has not answered the Tenant. The reason is an event on the Tenant, most often that the stored and the "
     "provided CSR do "
     "not match.",
     "`tombolo why peering` reads it. For the CSR: `tombolo kubectl -n liqo-tenant-HOME delete secret "
     "liqo-remote-certificate`, then "
     "`tombolo peer`."},
    {"cannot delete resource \"renews\"", "peered-too-soon",
     "The Tenant was deleted before home had taken its copies back.",
     "Run `tombolo peer`, then `tombolo unpeer`, which keeps the order; then peer again."},
    {"since local objects are still present", "peered-too-soon",
     "The clusters were peered again before the last unpeering had ended: Liqo waits for itself.",
     "Run `tombolo unpeer`, at home `kubectl -n liqo rollout restart deployment liqo-crd-replicator`, then `tombolo "
     "peer`."},
    {"Failed waiting for ResourceSlice authentication to be accepted", "advertised-address-wrong",
     "Home's Liqo does not reach the cloud's API server: a wrong address or authority is advertised, the mesh is cut, "
     "or the last "
     "unpeering had not ended. The API shows no difference.",
     "`tombolo why peering` dials what is advertised and tells them apart."},
    {"ResourceSlice resources not accepted", "slice-class-unknown",
     "Nobody in the cloud has answered the slice: its class has no controller, or the tenant is cordoned.",
     "`tombolo why peering` says which; `tombolo peer` makes a slice of the class default."},
    // the Tenant
    {"an error occurred while retrieving tenant", "tenant-missing", kTenantGone, kPeerAnew},
    {"tenants.authentication.liqo.io", "tenant-missing", kTenantGone, kPeerAnew},
    {"TenantNotFound", "tenant-missing", kTenantGone, kPeerAnew},
    // names
    {"a resourceslice with the same name already exists in the cluster", "slice-name-taken",
     "A slice's name is unique in home's cluster: it is the node's.",
     "Delete the other slice (`kubectl get resourceslices.authentication.liqo.io -A`), or choose another name; then "
     "`tombolo peer`."},
    // pods on their way into the cloud
    {"failed getting quota", "no-quota",
     "The cloud has no Quota for the user that the virtual node logs in as: its slice is gone or not accepted, or "
     "Liqo's controller "
     "manager there does not run.",
     "`tombolo why POD` says which. If the slice is gone: `tombolo peer`; else `tombolo kubectl -n liqo-system rollout "
     "restart "
     "deployment liqo-controller-manager`."},
    {"missing creator label", "cloud-webhook-silent", "The cloud's mutating webhook did not see the pod.",
     "`tombolo kubectl -n liqo-system rollout restart deployment liqo-webhook`; `tombolo up` if it stays."},
    {"user is cordoned", "tenant-cordoned",
     "The cloud has cordoned home's tenant or its Quota, and gives it nothing new.",
     "`tombolo kubectl -n liqo-tenant-HOME patch tenants.authentication.liqo.io HOME --type merge -p "
     "'{\"spec\":{\"tenantCondition\":\"Active\"}}'`."},
    {"Cluster ID label mismatch", "identity-stale", "The virtual node logs in with another cluster's identity.",
     "Run `tombolo unpeer`, then `tombolo peer`."},
    {"initialization in progress", "webhook-starting", "The cloud's webhook was started a moment ago.",
     "Wait: the virtual kubelet tries again by itself."},
    {"quota limit not found for this peering", "slice-too-small", "The slice does not have that resource at all.",
     "Add it to the ResourceSlice's spec.resources at home, or let the pod not ask for it."},
    {"quota usage exceeded", "slice-too-small", "Pods in the cloud have used up what the slice has.",
     "Raise the ResourceSlice's spec.resources at home, or end other pods in the cloud."},
    {"failed calling webhook \"pod.mutate.liqo.io\"", "home-webhook-silent",
     "Liqo's webhook at home does not answer, so no pod can be made in an offloaded namespace.",
     "At home: `kubectl -n liqo rollout restart deployment liqo-webhook`; `tombolo up` if it stays."},
    {"failed calling webhook \"shadowpod.", "cloud-webhook-silent",
     "Liqo's webhook in the cloud does not answer, so the cloud takes no pod over.",
     "`tombolo kubectl -n liqo-system rollout restart deployment liqo-webhook`; the virtual kubelet tries again by "
     "itself."},
    {"disabled for namespace", "namespace-not-offloaded",
     "The pod tolerates the virtual node's taint by itself, and its namespace is not offloaded.",
     "Run `tombolo offload NAMESPACE`, then make the pod again; keep DaemonSets away by the affinity liqo.io/type "
     "DoesNotExist."},
    {"OffloadingBackOff", "namespace-not-offloaded",
     "The pod tolerates the virtual node's taint by itself, and its namespace is not offloaded.",
     "Run `tombolo offload NAMESPACE`, then make the pod again; keep DaemonSets away by the affinity liqo.io/type "
     "DoesNotExist."},
    // the scheduler
    {"virtual-node.liqo.io/not-allowed", "namespace-not-offloaded",
     "The pod has no NoExecute toleration for the virtual node: its namespace is not offloaded, or the pod is older "
     "than the "
     "offloading, or its own toleration has the effect NoSchedule.",
     "Run `tombolo offload NAMESPACE`, then make the pod again; a toleration of your own needs the effect NoExecute."},
    {"node.kubernetes.io/unreachable", "mesh-cut",
     "The virtual node is not ready, most often because home does not reach the cloud.",
     "`tombolo why node` says why."},
    {"node.kubernetes.io/not-ready", "mesh-cut",
     "The virtual node is not ready, most often because home does not reach the cloud.",
     "`tombolo why node` says why."},
    {"node.kubernetes.io/network-unavailable", "network-check",
     "The virtual node waits for Liqo's network between the clusters, which is disabled here.",
     "Set offloading.disableNetworkCheck: true in home's Liqo values (liqo.homeValues), then `tombolo up`."},
    {"Insufficient ", "slice-too-small",
     "No node has as much as the pod asks for; the virtual node has what the slice says.",
     "`tombolo why POD` tells the slice from the cloud's own nodes. Raise the ResourceSlice's spec.resources, or ask "
     "for less."},
    {"had untolerated taint", "namespace-not-offloaded",
     "Kubernetes 1.35 does not name the taint. If the pod is to go to the cloud, its namespace is not offloaded or the "
     "pod is older "
     "than the offloading.",
     "Run `tombolo offload NAMESPACE`, then make the pod again; `tombolo why POD` decides it from the cluster."},
    // the way to the cloud
    {"certificate signed by unknown authority", "advertised-ca-wrong",
     "Whoever answers is not signed by the authority that the cloud advertised: a wrong apiServer.ca, or the cloud was "
     "made anew.",
     "`tombolo why peering` tells which: correct the cloud's Liqo values and `tombolo peer`, or `tombolo unpeer "
     "--force` and `tombolo "
     "peer`."},
    {"API server readiness check failed", "api-checker-stale",
     "Home's Liqo believes that the cloud's API server does not answer: it does not, or Liqo keeps an old connection.",
     "`tombolo why node` tells which. For an old connection, at home: `kubectl -n liqo rollout restart deployment "
     "liqo-controller-manager`."},
    {"The foreign cluster API Server is not ready", "mesh-cut", "Home does not reach the cloud's API server.",
     "`tombolo why peering` says why."},
    {"foreign cluster with ID", "foreign-cluster-missing",
     "The ForeignCluster was deleted while the clusters are peered; nothing makes it again by itself.",
     "At home: `kubectl -n liqo rollout restart deployment liqo-controller-manager`."},
    {"Kubelet stopped posting node status", "mesh-cut",
     "The virtual node is not ready, most often because home does not reach the cloud.",
     "`tombolo why node` says why."},
    {"TLS handshake timeout", "cloud-api-silent", "The API server takes connections and does not answer: it hangs.",
     "Run `tombolo doctor`, then `tombolo up`. If the cloud is gone for good: `tombolo unpeer --force`."},
    {"the server is currently unable to handle the request", "cloud-api-silent",
     "Something answers at the API server's address, and the API server behind it does not: it hangs, or it has only "
     "just started.",
     "Run `tombolo doctor`, then `tombolo up`. If the cloud is gone for good: `tombolo unpeer --force`."},
    // nothing
    {"no reflector found for ForeignCluster", "harmless", "A cluster that only provides has no reflector, and says so.",
     kNothingToDo},
    {"the object has been modified", "harmless", "Two of Liqo's controllers wrote at the same time; one does it again.",
     kNothingToDo},
    {"unable to get PodCIDR", "harmless", "Liqo's network is disabled, so it has no address ranges.", kNothingToDo},
});

// "node cloud already exists", with any name between.
bool is_node_taken(std::string_view text) {
  for (auto at = text.find("node "); at != text.npos; at = text.find("node ", at + 1)) {
    const auto name = text.substr(at + 5, text.find(' ', at + 5) - at - 5);
    if (!name.empty() && text.substr(at + 5 + name.size()).starts_with(" already exists")) return true;
  }
  return false;
}

}  // namespace
}  // namespace why

std::optional<Advice> advice_for_text(std::string_view text) {
  for (const auto& known : why::kTexts)
    if (text.find(known.part) != text.npos)
      return Advice{std::string(known.id), std::string(known.cause), std::string(known.fix)};
  if (why::is_node_taken(text))
    return Advice{"node-name-taken",
                  "Home has a node of that name already; slice, virtual node and node have one name.",
                  "Choose another name for the slice, or give the node another; then `tombolo peer`."};
  return std::nullopt;
}

}  // namespace tombolo::liqo
