// What `up` does as resources, done by hand: the peering and its end, one namespace, and the recipe's test pod. Each goes
// through to its end and tells what it waits for. For the commands; nothing of it stands in a plan.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "cluster/kubernetes.hpp"
#include "liqo/offloading.hpp"
#include "liqo/peering.hpp"
#include "liqo/trial.hpp"

namespace tombolo::cluster {

using Say = std::function<void(const std::string& stage, const std::string& detail)>;

class ByHand {
 public:
  ByHand(Kubernetes& kubernetes, Clock& clock, Say say)
      : kubernetes_(kubernetes), clock_(clock), say_(std::move(say)) {}

  // Errors everywhere: the clients', after trying again for two minutes what may pass; kCancelled.

  // Errors: also liqo::Peering's.
  Result<liqo::Parties> peer(const liqo::PeeringRequest& request, const std::stop_token& stop);
  // Errors: also liqo::Unpeering's.
  Result<> unpeer(const std::string& cloud_id, bool forced, const std::stop_token& stop);

  struct Offloaded {
    bool changed = false;
    std::string remote_name;  // of the namespace in the cloud
  };
  // `labels` marks what we make. Errors: also liqo::offload()'s, kState when no virtual node is selected, kTimeout.
  Result<Offloaded> offload(const liqo::Offloading& wish, const codec::Json& labels, const std::stop_token& stop);
  Result<> unoffload(const std::string& name_space, const std::stop_token& stop);

  struct Tried {
    std::string node;  // of home: the virtual one
    std::string remote_node;  // where it really ran; "" when the cloud was not asked
    std::vector<std::string> log;  // its first two lines, read at home through the virtual node
    Duration took{};  // from the pod's making to its log
  };
  // Removes the pod however this ends, unless it shall be kept; what a kill leaves, the next trial sweeps, and the pod ends by
  // itself. Errors: also kState without a Ready virtual node, kTimeout when the pod does not run within `patience`.
  Result<Tried> try_out(const liqo::Trial& trial, bool keep, Duration patience, const std::stop_token& stop);

 private:
  Result<> go_through(const std::function<Result<liqo::Progress>()>& pass, const std::stop_token& stop);
  // Until `ready` says so; kTimeout with `what`, kCancelled.
  Result<> wait_until(const std::function<Result<bool>()>& ready, Duration patience,
                      const std::function<std::string()>& what, const std::stop_token& stop);
  Result<Tried> look_at_trial(kube::Client& home, const kube::ObjectName& pod, Duration patience,
                              const std::stop_token& stop);
  Result<std::string> node_in_cloud(kube::Client& home, const kube::ObjectName& pod, const std::stop_token& stop);

  Kubernetes& kubernetes_;
  Clock& clock_;
  Say say_;
};

}  // namespace tombolo::cluster
