// What a simulated API server makes of an object before it keeps it: defaults, and the checks of its kind. Pure.
// Source: Kubernetes' own validation; its sentences where our client or its user reads them.
#pragma once
#include <string>

#include "sim/kube_refusal.hpp"

namespace tombolo::sim {

// Before fields are merged: what stringData means, values that are null. 400 when values have the wrong type.
KubeOutcome<> clean(const KubeKind& kind, codec::Json& object);
// Fields that the server fills in when they are absent. `store` has addresses for Services.
void fill_in(const KubeKind& kind, codec::Json& object, KubeStore& store);
// 422. `before` is null for a new object.
KubeOutcome<> check(const KubeKind& kind, const std::string& name, const codec::Json& object,
                    const codec::Json& before);

// The level of pod security that a namespace enforces: its label, or the server's own; nothing is asked of kube-system.
std::string pod_security_level(const KubeStore& store, const std::string& name_space);
// Why such a level forbids a pod: `violates PodSecurity "baseline:latest": …`; "" when it does not.
std::string pod_security_trouble(const codec::Json& pod_spec, const std::string& level);

}  // namespace tombolo::sim
