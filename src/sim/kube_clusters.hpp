// The two simulated clusters: home, which is always there, and the cloud's, which a lighthouse's bootstrap brings up.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "sim/world.hpp"

namespace tombolo::sim {

inline constexpr std::string_view kHomeHost = "home.simulated";    // https://home.simulated:6443
inline constexpr std::string_view kCloudHost = "cloud.simulated";  // https://cloud.simulated:6443
inline constexpr std::uint16_t kCloudPort = 6443;
// The bootstrap's phase after which k3s answers.
inline constexpr std::string_view kCloudApiPhase = "k3s";

// What the administrator of a machine's cluster says he is, as "Bearer …": other machines' tokens are refused.
std::string admin_token(const std::string& instance);
// Whether a member of the mesh answers the lighthouse: Nebula is ready at home, has a certificate for that address, and was told
// where this lighthouse is.
bool home_answers(World& world, const std::string& lighthouse_address, const std::string& mesh_address, Time now);

// Values of a chart, YAML or JSON; an empty map for what is neither.
codec::Json read_values(std::string_view text);

// The cluster of that name as it is at `now`; nullptr when no API server answers there. The cloud's belongs to the newest running
// machine with the lighthouse's tag whose bootstrap has come that far. A replaced machine has an empty cluster of its own.
KubeStore* kube_at(World& world, std::string_view host, Time now);

}  // namespace tombolo::sim
