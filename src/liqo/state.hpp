// A peering as it is right now, read from both clusters: for plans, for `status`, and for whoever wants to know until when its
// certificates hold. Changes nothing.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "liqo/parties.hpp"
#include "liqo/resources.hpp"

namespace tombolo::liqo {

struct Module {
  std::string name;  // "authentication", "offloading", "networking"
  bool enabled = false;
  std::string trouble;  // "" when healthy or not enabled
};

// As a ForeignCluster tells them.
std::vector<Module> modules_of(const codec::Json& foreign_cluster);

struct PeeringCertificate {
  std::string name;  // of the Identity: "controlplane-homelab-cloud"
  Time until{};
  bool due = false;  // Liqo should have renewed it
};

struct OffloadedNamespace {
  std::string name;
  std::string remote_name;
  std::string strategy;
  std::string phase;
  std::string trouble;
  std::vector<std::string> pods;  // names of those on the virtual node
};

struct PeeringState {
  bool any = false;  // anything of a peering is at home or in the cloud
  std::string home_id;  // "" where Liqo is not installed
  std::string cloud_id;
  bool tenant = false;  // the cloud has home as its tenant: false also when it was not asked
  bool same_cloud = true;  // home's identity is of the cloud that stands there now, as far as anybody was asked
  std::string api_server;  // what home calls
  std::string api_trouble;  // why it does not get an answer; "" when it does
  std::vector<Module> modules;
  Resources asked;  // of the slice
  bool has_node = false;
  bool node_ready = false;
  std::string node_trouble;
  Resources allocatable;  // of the virtual node
  std::vector<PeeringCertificate> certificates;
  std::vector<OffloadedNamespace> namespaces;
  std::vector<std::string> waiting;  // pods in home's tenant namespace that are not ready, and why
  std::string trouble;  // the first thing that keeps it from being used; "" when it can be
  bool ready() const { return any && trouble.empty(); }
};

// `cloud` may be nullptr: home alone is asked. `cloud_id`: whom home may be peered with.
Result<PeeringState> look_at_peering(kube::Client& home, kube::Client* cloud, const std::string& cloud_id,
                                     const std::stop_token& stop);

}  // namespace tombolo::liqo
