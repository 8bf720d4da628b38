// What makes one cluster out of two, as resource kinds: the peering, and the namespaces it offloads.
#pragma once
#include <memory>

#include "cluster/cluster_kinds.hpp"
#include "liqo/peering.hpp"

namespace tombolo::cluster {

inline constexpr std::string_view kPeeringKind = "liqo.peering";
inline constexpr std::string_view kOffloadingKind = "liqo.offloading";

// What the cloud offers home: the lighthouse and every worker pool at its largest, workers that do not exist yet included.
// Machine types that the price table does not know count for nothing but their GPUs.
liqo::Resources offered_resources(const spec::Cluster& cluster);

// "cloud": ready when the virtual node is, and home sees the cloud healthy. Inputs: home, cloud (cluster IDs), instance (of the
// lighthouse), resources. Outputs: node. `only_home`: for `down`.
std::shared_ptr<engine::Kind> peering_kind(ClusterDesk desk, bool only_home = false);
// One for each offloaded namespace. Inputs: strategy, mapping. Outputs: remoteName. `only_ours`: for `down`; else what somebody
// else has made for a namespace that the cluster file names is seen too, and used.
std::shared_ptr<engine::Kind> offloading_kind(ClusterDesk desk, bool only_ours = false);

// What the cloud must tell home, from what we know of it. Errors: kubernetes.cloud_kubeconfig()'s.
Result<liqo::PeeringRequest> peering_request(const spec::Cluster& cluster, Kubernetes& kubernetes);

}  // namespace tombolo::cluster
