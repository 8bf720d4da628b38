// The resource kinds that are in the two Kubernetes clusters: Nebula at home, k3s in the cloud, Liqo on both sides.
#pragma once
#include <functional>
#include <memory>

#include "cluster/home_manifests.hpp"
#include "cluster/kubernetes.hpp"
#include "cluster/machine_kinds.hpp"
#include "engine/resource.hpp"

namespace tombolo::cluster {

inline constexpr std::string_view kHomeNebulaKind = "home.nebula";
inline constexpr std::string_view kHomeMemberKind = "home.member";
inline constexpr std::string_view kK3sKind = "k3s.server";
inline constexpr std::string_view kLiqoKind = "liqo.installation";

// What these kinds share.
struct ClusterDesk {
  const spec::Cluster& cluster;
  Kubernetes& kubernetes;
  MachineDesk machine;
  // Home's members as they should be now; certificates are issued where they are missing.
  std::function<Result<HomeMesh>(const std::string& lighthouse_address)> home_mesh;
  std::function<Result<std::string>()> trust;  // hash of whom the mesh trusts and whom no more
  std::function<Result<codec::Json>()> home_values;  // for Liqo's chart, complete
  std::string nebula_laid_in;  // the namespace of home, as the journal has it; "": nowhere yet
};

// Ready when Nebula runs on every node of home that is a member and its device is up. Inputs: namespace, version, lighthouse
// (address), port (UDP), mtu (bytes), cipher, certificate/<member> (fingerprint), node/<member>. Outputs: namespace.
std::shared_ptr<engine::Kind> home_nebula_kind(ClusterDesk desk);
// One for each member at home: ready when a packet went from the lighthouse to it and back. Inputs: address, instance,
// namespace (Nebula's: where that moves, the member has to prove itself again).
std::shared_ptr<engine::Kind> home_member_kind(ClusterDesk desk);
// Ready when k3s' API has answered over the mesh address with the credentials it made, and its node is Ready.
// Inputs: instance, version. Outputs: server.
std::shared_ptr<engine::Kind> k3s_kind(ClusterDesk desk);
// "home" and "cloud": ready when its pods are, its webhooks answer, its definitions are served and it has a cluster ID.
// Inputs: version, values (hash), namespace; cloud also: instance. Outputs: clusterID, namespace, version.
// `only_home`: for `down`, after which there is no cloud to ask.
std::shared_ptr<engine::Kind> liqo_kind(ClusterDesk desk, bool only_home = false);

// What observe() has found changed by hand (attribute "byHand": [{field, is}]), as changes that lay it anew.
std::vector<engine::FieldChange> taken_back(const engine::Observed& observed);

// Failed with what the operator may do about it; adds the rules that are needed when permissions are missing.
Error home_failure(const Error& error);
// The same when the step has been patient enough: with a code that the engine does not begin to be patient about again.
Error given_up(const Error& error);

}  // namespace tombolo::cluster
