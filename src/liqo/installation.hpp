// Liqo as it is installed in a cluster: where, by whom, whether it could be used. Installing is cluster/'s business.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "kube/client.hpp"
#include "kube/workloads.hpp"
#include "liqo/names.hpp"

namespace tombolo::liqo {

struct Installation {
  std::string name_space;
  std::string cluster_id;  // of the ConfigMap that Liqo reads it from
  std::string version;     // tag of the controller manager's image: "v1.2.0"; "" when there is none yet
  std::string installer;   // "helm", "flux", "tombolo" or "" (somebody's manifests)
  std::vector<std::string> troubles;  // why it could not be used: pods, definitions, webhooks, the release itself
  std::vector<kube::PodState> pods = {};
  bool ready() const { return troubles.empty(); }
};

// Looks in every namespace: the recipe's two sides differ in it. Nothing when Liqo is nowhere. Errors: kConflict when it is in
// several namespaces.
Result<std::optional<Installation>> find_installation(kube::Client& client, const std::stop_token& stop);

// "v1.1.2" and "v1.2.0" talk to each other; other majors, and minors further apart, were never tried. "" when fine.
std::string version_skew(const std::string& home, const std::string& cloud);

}  // namespace tombolo::liqo
