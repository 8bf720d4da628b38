// The resource kinds that need the machine itself, not only AWS: the way to it, and its place in the mesh.
#pragma once
#include <functional>
#include <memory>

#include "cloudinit/lighthouse.hpp"
#include "cluster/cloud.hpp"
#include "cluster/machine.hpp"
#include "engine/resource.hpp"
#include "mesh/prober.hpp"

namespace tombolo::cluster {

inline constexpr std::string_view kAccessKind = "machine.access";
inline constexpr std::string_view kMeshKind = "mesh.member";

// What both kinds share about one machine.
struct MachineDesk {
  std::shared_ptr<Machine> machine;
  Cloud& cloud;  // for the console, and for a machine that died while we wait
  std::string user;  // for SSH
  std::function<Result<cloudinit::LighthouseBootstrap>()> bootstrap;  // as it should be now; without an identity
  std::function<Result<std::string>()> certificate;  // PEM, as issued for the machine
  std::function<Result<mesh::ProbeRequest>(const std::string& address)> probe_request;
  mesh::Prober& prober;
  std::shared_ptr<std::size_t> told = std::make_shared<std::size_t>(0);  // phases of the bootstrap already shown
  Duration patience = std::chrono::minutes(10);  // for the whole bootstrap
};

// Adds a change "bootstrap" when the machine reports (attribute "bootstrap") another revision than the one it should have.
void compare_bootstrap(const MachineDesk& desk, std::string (*revision)(const cloudinit::LighthouseBootstrap&),
                       const engine::Observed& observed, std::vector<engine::FieldChange>& changes);

// Gives the machine its bootstrap again, which does whatever is not as it left it, and says `why`: Failed, or a RetryAfter.
engine::Step deliver(const MachineDesk& desk, const cloudinit::LighthouseBootstrap& bootstrap, const std::string& why,
                     const engine::Call& call);

// Ready when the machine's host keys are proven and pinned and, where it makes its own Nebula key, that key is made.
// Inputs: instance, generation, address, makesKey. Outputs: nebulaKey (base64; left out when it makes none).
std::shared_ptr<engine::Kind> access_kind(MachineDesk desk);

// Ready when Nebula runs as the cluster file says, UDP is bound, and a packet came back over the mesh.
// Inputs: instance, address, certificate (fingerprint). A change of what the bootstrap makes is one too. Outputs: none.
std::shared_ptr<engine::Kind> mesh_kind(MachineDesk desk);

}  // namespace tombolo::cluster
