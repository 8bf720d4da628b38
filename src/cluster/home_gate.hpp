// Before anything is made: can home be reached, does it know us, and may we do there what is about to be done? Else `up` would
// start machines for a home that cannot join them, and stop half-way through its objects.
#pragma once
#include <optional>
#include <vector>

#include "cluster/cluster_kinds.hpp"
#include "engine/plan.hpp"
#include "kube/review.hpp"

namespace tombolo::cluster {

// What of home a plan is going to write.
struct HomeWork {
  bool nebula = false;
  bool liqo = false;  // to be laid by us; not somebody else's
  bool peering = false;
  bool any() const { return nebula || liqo || peering; }
};
// Pure.
HomeWork home_work(const engine::Plan& plan);

// The rights at home that this work needs, each once, in the order in which they are needed. `flux`: Flux lays Liqo. Pure.
std::vector<kube::Permission> home_rights(const spec::Cluster& cluster, const HomeWork& work, bool flux);

// Whether home's nodes are those that the cluster file names, and no network of home lies over another one. Errors: kBadInput.
Result<> check_home(kube::Client& client, const spec::Cluster& cluster, const std::stop_token& stop);

// Why that work cannot be done; nothing when it can, or when that can only be seen by trying. Asks, and writes nothing. All
// missing rights are named at once, with a ClusterRole of everything that `up` needs. Of the codes kBadInput, kNotFound, kCredentials,
// kUntrusted, kUnreachable, kPermission.
std::optional<Error> home_trouble(const ClusterDesk& desk, const HomeWork& work, const std::stop_token& stop);

}  // namespace tombolo::cluster
