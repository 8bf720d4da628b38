// The recipe's last two pages with the state of this moment: the table "Current Status" and the picture "Network Topology".
// Pure: values in, text out.
#pragma once
#include <string>
#include <vector>

#include "cluster/clusters_status.hpp"
#include "cluster/members.hpp"
#include "cluster/operate.hpp"

namespace tombolo::cli {

enum class Health { kGood, kWaiting, kBad, kAbsent };

struct Component {
  std::string name;  // the recipe's: "Nebula CA", "Mesh Connectivity", "Liqo Peering"
  Health health = Health::kAbsent;
  std::string status;  // one or two words
  std::string notes;
};

std::vector<Component> components(const spec::Cluster& file, const cluster::StatusReport& status,
                                  const cluster::MeshStatus& mesh, const cluster::ClustersStatus& clusters);

// At most 78 columns wide; ends with a line feed.
std::string topology(const spec::Cluster& file, const cluster::StatusReport& status, const cluster::MeshStatus& mesh,
                     const cluster::ClustersStatus& clusters);

}  // namespace tombolo::cli
