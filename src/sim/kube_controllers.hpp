// What happens in a simulated cluster by itself. Controllers are functions over a store; they are called after every write and
// at the times they asked for (KubeStore::wake_at), in the order of these times, until none of them changes anything any more.
// So a store at a time is a function of the writes and their times alone, whoever looks at it meanwhile.
#pragma once
#include <string_view>
#include <vector>

#include "sim/kube_store.hpp"
#include "sim/world.hpp"

namespace tombolo::sim {

struct KubeScene {
  World& world;
  KubeStore& store;
  Time now;
};
using KubeController = void (*)(KubeScene&);
const std::vector<KubeController>& kube_controllers();

// After a write at `now`: until nothing changes.
void settle_kube(World& world, Time now);
// Everything that was due by `now`, in its order.
void let_kube_time_pass(World& world, Time now);

// One condition of status.conditions, set; lastTransitionTime changes with the status only.
void set_condition(codec::Json& object, std::string_view type, bool holds, std::string_view reason,
                   std::string_view message, Time now);
// Five letters that belong to the text.
std::string kube_suffix(std::string_view text);

// The controllers of kube_workloads.cpp and kube_pods.cpp.
void run_daemon_sets(KubeScene& scene);
void run_deployments(KubeScene& scene);
void run_pods(KubeScene& scene);
// Whether a pod with this spec may run on that node: selector, affinity, taints.
bool fits(const codec::Json& pod_spec, const codec::Json& node, bool of_daemon_set);

}  // namespace tombolo::sim
