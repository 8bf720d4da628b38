// How Nebula comes up at home once its objects are laid: followed until it runs on every node that is a member and its device is
// up, and what holds it up by name: an image, a node, a quota, a rule of the cluster.
#pragma once
#include <string>

#include "cluster/cluster_kinds.hpp"
#include "engine/retry.hpp"
#include "kube/workloads.hpp"

namespace tombolo::cluster {

kube::ObjectName nebula_daemon_set(const std::string& name_space);

// Why a pod of Nebula's is not ready, with what to do. `nodes` of home as they are now.
struct PodTrouble {
  std::string text;  // "the image … cannot be pulled on home-1: …"
  std::string hint;
  Duration patience{};  // how long that may last before it is a failure; 0: it will not mend itself
};
// Pure.
PodTrouble pod_trouble(const spec::Cluster& cluster, const kube::PodState& pod,
                       const std::vector<kube::NodeState>& nodes);

// One step at a time asks it; it remembers what it has said and since when it sees what it sees.
class HomeRollout {
 public:
  explicit HomeRollout(const spec::Cluster& cluster) : cluster_(cluster) {}
  // `since`: when everything was there to be rolled out. Never waits. Errors: home_failure()'s; kBroken and kTimeout that name
  // node, image or rule.
  engine::Step follow(kube::Client& client, Time since, const engine::Call& call);

 private:
  Result<std::optional<engine::Step>> judge_pods(kube::Client& client, const codec::Json& object,
                                                 const std::vector<kube::PodState>& pods, const engine::Call& call);
  engine::Step wait_or_fail(const PodTrouble& trouble, const engine::Call& call);
  engine::Step again_or_failed(const Error& error, const engine::Call& call);
  Result<std::string> device_of(kube::Client& client, const std::string& pod, const std::stop_token& stop) const;

  const spec::Cluster& cluster_;
  Time there_since_{};
  std::string cause_;  // of the trouble that was seen last
  Time since_{};  // when that began
  std::string said_;
  engine::Absence away_;  // home
  std::string first_refusal_;  // mark of what stood in the events when we began to look
};

}  // namespace tombolo::cluster
