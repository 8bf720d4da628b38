// How the pods of a workload are: ready, or not and why, from their own status. Source: Pod v1 core.
#pragma once
#include <string>
#include <vector>

#include "kube/objects.hpp"

namespace tombolo::kube {

struct PodState {
  std::string name_space;
  std::string name;
  std::string node;
  bool ready = false;  // running and ready, or completed
  std::string why;     // it is not: "ImagePullBackOff: Back-off pulling image …", "Unschedulable: 0/1 nodes …"
  bool hopeless = false;  // it will not come by itself: no such image, a bad command line, a name that is refused
  int restarts = 0;
  std::string template_generation = {};  // of a DaemonSet's: which version of it the pod was made from
  bool unproven = false;  // it runs, and its readiness probes have not passed
};
// Whether the pod was made from the DaemonSet's newest template, or nobody says.
bool is_newest(const PodState& pod, const codec::Json& daemon_set);
// Pure.
PodState pod_state(const codec::Json& pod);

// Of the pods with those labels ("" all) in a namespace ("" all), sorted by name. Pods on their way out are left out.
Result<std::vector<PodState>> pods(Client& client, const std::string& name_space, const std::string& labels,
                                   const std::stop_token& stop);

// Has the kubelet try readiness probes that have not passed now, and not only at the end of their period (ten seconds, where
// nobody says another): when anything of a pod changes it looks at the pod, and tries them then. Source: kubelet, prober_manager.go,
// UpdatePodStatus; measured with 1.35.
Result<> hurry(Client& client, const std::vector<PodState>& pods, const std::stop_token& stop);

// Whether what was wished for is what runs: "" when it is, else the reason. `object` is a Deployment or DaemonSet as read.
std::string rollout_trouble(const codec::Json& object);

// That the API server refuses pods of a workload (quota, pod security, a webhook) stands nowhere but in its controller's events.
struct PodRefusal {
  std::string why;  // the server's words, without the controller's "Error creating: "
  std::string mark;  // another one whenever it was refused again
};
// The newest refusal of a pod of `object`, a DaemonSet as read; it may be over by now. Nothing when there was none.
Result<std::optional<PodRefusal>> pod_refusal(Client& client, const codec::Json& object, const std::stop_token& stop);

// Nor does a pod say itself why its containers cannot even be begun (a mount, its network): "FailedMount: MountVolume.SetUp failed
// …", the newest warning about one that is only Pending; "" when there is none, or the pod says more. Errors: those of list().
Result<std::string> start_trouble(Client& client, const PodState& pod, const std::stop_token& stop);

struct NodeState {
  std::string name;
  bool ready = false;
  std::string why;  // it is not
  std::string version;  // of its kubelet
  std::string address;  // InternalIP
  std::vector<std::string> taints;  // "virtual-node.liqo.io/not-allowed=true:NoExecute"
  bool is_virtual = false;  // Liqo's
};
Result<std::vector<NodeState>> nodes(Client& client, const std::stop_token& stop);

}  // namespace tombolo::kube
