// What Liqo calls things: its resources, labels, and the names it derives from a cluster's ID. Everything that speaks of
// Liqo's objects takes the words from here. Source: Liqo 1.2.0, pkg/consts, apis/ and what two real clusters did.
#pragma once
#include <string>
#include <string_view>

#include "kube/object.hpp"

namespace tombolo::liqo {

inline const kube::Resource kTenants{"authentication.liqo.io", "v1beta1", "tenants", "Tenant"};
inline const kube::Resource kIdentities{"authentication.liqo.io", "v1beta1", "identities", "Identity"};
inline const kube::Resource kResourceSlices{"authentication.liqo.io", "v1beta1", "resourceslices", "ResourceSlice"};
inline const kube::Resource kRenews{"authentication.liqo.io", "v1beta1", "renews", "Renew"};
inline const kube::Resource kForeignClusters{"core.liqo.io", "v1beta1", "foreignclusters", "ForeignCluster", false};
inline const kube::Resource kVirtualNodes{"offloading.liqo.io", "v1beta1", "virtualnodes", "VirtualNode"};
inline const kube::Resource kNamespaceMaps{"offloading.liqo.io", "v1beta1", "namespacemaps", "NamespaceMap"};
inline const kube::Resource kNamespaceOffloadings{"offloading.liqo.io", "v1beta1", "namespaceoffloadings",
                                                  "NamespaceOffloading"};
inline const kube::Resource kQuotas{"offloading.liqo.io", "v1beta1", "quotas", "Quota"};
inline const kube::Resource kShadowPods{"offloading.liqo.io", "v1beta1", "shadowpods", "ShadowPod"};
inline const kube::Resource kNetworks{"ipam.liqo.io", "v1alpha1", "networks", "Network"};
// Flux', which may be what installs Liqo.
inline const kube::Resource kHelmReleases{"helm.toolkit.fluxcd.io", "v2", "helmreleases", "HelmRelease"};
inline const kube::Resource kHelmRepositories{"source.toolkit.fluxcd.io", "v1", "helmrepositories", "HelmRepository"};
inline const kube::Resource kHelmCharts{"source.toolkit.fluxcd.io", "v1", "helmcharts", "HelmChart"};
inline constexpr std::string_view kReleaseName = "helm.toolkit.fluxcd.io/name";  // label of all that a release brings
inline constexpr std::string_view kReleaseNamespace = "helm.toolkit.fluxcd.io/namespace";

inline constexpr std::string_view kRemoteClusterId = "liqo.io/remote-cluster-id";  // label: whom an object is about
inline constexpr std::string_view kTenantNamespace = "liqo.io/tenant-namespace";
inline constexpr std::string_view kReplication = "liqo.io/replication";
inline constexpr std::string_view kRemoteId = "liqo.io/remoteID";
inline constexpr std::string_view kNonceLabel = "liqo.io/nonce";
inline constexpr std::string_view kSignedNonceLabel = "liqo.io/signed-nonce";
inline constexpr std::string_view kCreateVirtualNode = "liqo.io/create-virtual-node";  // annotation
inline constexpr std::string_view kUnreachable = "liqo.io/foreign-cluster-permanently-unreachable";  // annotation
inline constexpr std::string_view kSchedulingEnabled = "liqo.io/scheduling-enabled";  // label of offloaded namespaces
inline constexpr std::string_view kNodeType = "liqo.io/type";  // label of nodes; virtual ones: "virtual-node"
inline constexpr std::string_view kVirtualNodeType = "virtual-node";
inline constexpr std::string_view kShadowPodLabel = "liqo.io/shadowPod";  // home's half of an offloaded pod
inline constexpr std::string_view kNotAllowedTaint = "virtual-node.liqo.io/not-allowed";  // "true", NoExecute

inline constexpr std::string_view kNonceSecret = "liqo-nonce";  // on the provider: data.nonce
inline constexpr std::string_view kSignedNonceSecret = "liqo-signed-nonce";  // on the consumer: nonce, signedNonce
inline constexpr std::string_view kKeysSecret = "authentication-keys";  // in Liqo's namespace: privateKey, publicKey
inline constexpr std::string_view kCertificateSecret = "liqo-remote-certificate";  // on the provider: csr, certificate
inline constexpr std::string_view kOffloadingName = "offloading";  // the only one a NamespaceOffloading may have

inline std::string tenant_namespace(const std::string& peer_id) { return "liqo-tenant-" + peer_id; }
inline std::string control_plane_identity(const std::string& peer_id) { return "controlplane-" + peer_id; }
inline std::string slice_identity(const std::string& slice) { return "resourceslice-" + slice; }
inline std::string kubeconfig_secret(const std::string& identity) { return "kubeconfig-" + identity; }
inline std::string virtual_kubelet(const std::string& node) {
  return "vk-" + node;
}  // a Deployment in the tenant namespace

// "cloud-4ea140588150": the common name of a slice's certificate, its user and its Quota on the provider.
std::string slice_user(const std::string& slice, const std::string& consumer_id);

}  // namespace tombolo::liqo
