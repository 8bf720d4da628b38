// Liqo's Helm chart as the simulated site has it: what `helm template` prints of it and `helm install` makes of it, with
// Liqo's network off. Pure. Source: two real installations of Liqo 1.2.0 (tests/data/liqo), deployments/liqo of its sources.
// Left out: cluster roles in full, schemas of the definitions, what serves networks and metrics.
#pragma once
#include <string>
#include <vector>

#include "sim/kube_kinds.hpp"

namespace tombolo::sim {

struct LiqoRelease {
  std::string version;  // "v1.2.0"
  std::string name_space;
  codec::Json values;
};

// The definitions first; every object names its namespace.
std::vector<codec::Json> liqo_chart(const LiqoRelease& release);

// `helm upgrade --install --create-namespace`, at that time: what is there already keeps its status.
void install_liqo(KubeStore& store, const LiqoRelease& release, Time at);

}  // namespace tombolo::sim
