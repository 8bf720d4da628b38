// Namespaces of home whose pods may run in the cloud: Liqo's NamespaceOffloading, and what becomes of the pods that were there
// before. Source: offloading.liqo.io/v1beta1.
#pragma once
#include <string>
#include <vector>

#include "liqo/parties.hpp"

namespace tombolo::liqo {

struct Offloading {
  std::string name_space;  // at home
  std::string mapping = "DefaultName";  // "EnforceSameName", "SelectedName"; cannot be changed later
  std::string remote_name;  // with SelectedName
  std::string strategy = "LocalAndRemote";  // "Remote", "Local"
  codec::Json selector = {
      {"nodeSelectorTerms", codec::JsonArray{}}};  // a v1.NodeSelector over virtual nodes; no terms: all
};

// The object as it is applied, and exported.
codec::Json offloading_object(const Offloading& wish);
// "" when the object says what is wished; else which field differs.
std::string offloading_difference(const codec::Json& object, const Offloading& wish);

struct OffloadingState {
  std::string
      phase;  // "Ready", "NoClusterSelected", "InProgress", "SomeFailed", "AllFailed", "Terminating"; "" at first
  std::string remote_name;
  std::string trouble;  // what its conditions say when it is not Ready
  bool ready() const { return phase == "Ready"; }
};
OffloadingState offloading_state(const codec::Json& object);

// Makes it so, from whatever there is. False: nothing had to be changed. Errors: kNotFound when home has no such namespace,
// kConflict for a mapping that differs from what is there, and what Liqo's webhook refuses.
Result<bool> offload(kube::Client& home, const Offloading& wish, const codec::Json& labels,
                     const std::stop_token& stop);
// True when it is gone.
Result<bool> unoffload(kube::Client& home, const std::string& name_space, const std::stop_token& stop);

// Pods of a namespace that cannot go to the cloud because they were made before it was offloaded: Liqo sees pods only as
// they are made. `all`: also those that run at home, for namespaces that shall run in the cloud alone.
struct EarlierPods {
  std::vector<std::string> remakable;  // names; something will make them again
  std::vector<std::string> bare;  // nothing will
};
Result<EarlierPods> earlier_pods(kube::Client& home, const std::string& name_space, bool all,
                                 const std::stop_token& stop);
Result<> remake(kube::Client& home, const std::string& name_space, const std::vector<std::string>& pods,
                const std::stop_token& stop);

// Whether one of a pod's tolerations covers a taint of a node. Source: Toleration v1 core.
bool tolerates(const codec::Json& pod, const codec::Json& taint);
// Whether a pod may be on the virtual node at all.
bool tolerates_virtual_node(const codec::Json& pod);

}  // namespace tombolo::liqo
