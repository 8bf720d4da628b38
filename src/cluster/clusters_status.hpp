// Both Kubernetes clusters as they are right now: nodes, pods that are not ready and why, Liqo and its skew. For `status`.
#pragma once
#include <string>
#include <vector>

#include "cluster/session.hpp"
#include "kube/workloads.hpp"
#include "liqo/installation.hpp"
#include "liqo/state.hpp"

namespace tombolo::cluster {

struct SideStatus {
  std::string trouble;  // why it could not be asked; "" when it could
  std::string version;  // of its API server
  std::vector<kube::NodeState> nodes;
  std::vector<kube::PodState> waiting;  // of Nebula's and Liqo's namespaces: not ready
  std::optional<liqo::Installation> liqo;
};

struct ClustersStatus {
  SideStatus home, cloud;
  std::string skew;  // of the two Liqos; "" when they fit
  std::optional<liqo::PeeringState> peering;  // nothing when home could not be asked
};

// Errors: kCancelled.
Result<ClustersStatus> look_at_clusters(Session& session, const std::stop_token& stop);

engine::Json to_json(const ClustersStatus& status);

}  // namespace tombolo::cluster
