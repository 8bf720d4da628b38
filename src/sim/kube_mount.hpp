// The simulated clusters as the program's Kubernetes client reaches them: in place of libcurl, and of the operator's kubeconfig.
#pragma once
#include "kube/client.hpp"

namespace tombolo::sim {

// Requests go to `next`, which outlives the clients. Where a client connects to a tunnel's near end, that end's name takes the
// place of the server's: cloud.simulated is not resolved anywhere else.
kube::TransportMaker kube_transport(net::Transport& next);

// Who the operator is at home.
kube::Access home_access();

}  // namespace tombolo::sim
