// The two simulated clusters: home, which is always there, and the cloud's, which a lighthouse's bootstrap brings up.
#pragma once
#include <string_view>

#include "sim/world.hpp"

namespace tombolo::sim {

inline constexpr std::string_view kHomeHost = "home.simulated";    // https://home.simulated:6443
inline constexpr std::string_view kCloudHost = "cloud.simulated";  // https://cloud.simulated:6443
// The bootstrap's phase after which k3s answers.
inline constexpr std::string_view kCloudApiPhase = "k3s";

// The cluster of that name as it is at `now`; nullptr when no API server answers there. The cloud's belongs to the newest running
// machine with the lighthouse's tag whose bootstrap has come that far. A replaced machine has an empty cluster of its own.
KubeStore* kube_at(World& world, std::string_view host, Time now);

}  // namespace tombolo::sim
