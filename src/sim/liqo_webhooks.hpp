// liqo-webhook of the simulated clusters: what it changes in objects and what it refuses, before they are kept. Only where it is
// installed. Source: Liqo 1.2.0, pkg/webhooks.
#pragma once
#include "sim/kube_refusal.hpp"

namespace tombolo::sim {

// `before` is null for a new object. 403 with the webhook's words; 500 when it is installed and does not run.
KubeOutcome<> ask_liqo_webhooks(const KubeStore& store, const KubeKind& kind, const std::string& name_space,
                                const std::string& name, codec::Json& object, const codec::Json& before);
// A new pod of an offloaded namespace may go to virtual nodes.
void admit_offloaded_pod(const KubeStore& store, const std::string& name_space, codec::Json& pod);

}  // namespace tombolo::sim
