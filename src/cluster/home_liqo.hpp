// Liqo at home without a Helm there: as a HelmRelease where Flux is, else rendered by the lighthouse's pinned Helm and applied
// like every other object of ours (docs/adr/0010). What was laid stands in an inventory, so that it can be taken away again.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "cluster/cluster_kinds.hpp"
#include "kube/manifests.hpp"

namespace tombolo::cluster {

inline constexpr std::string_view kInventoryName = "tombolo-liqo";  // ConfigMap in Liqo's namespace at home

using LiqoMarks = std::map<std::string, std::string>;

struct LiqoInventory {
  codec::Json made_from;  // the wish's inputs
  std::vector<std::string> objects;  // kube::reference_text, in the order they were applied
  bool with_flux = false;
  LiqoMarks marks = {};  // kube::ownership_mark of each once Liqo was ready; what differs from it was changed by hand
};

// Whether Liqo's namespace at home is one that we made: a run that ended early has left no more than that.
Result<bool> has_own_namespace(kube::Client& home, const spec::Cluster& cluster, const std::stop_token& stop);
// Nothing when we did not install Liqo at home.
Result<std::optional<LiqoInventory>> read_inventory(kube::Client& client, const spec::Cluster& cluster,
                                                    const std::stop_token& stop);

codec::Json liqo_namespace(const spec::Cluster& cluster);
// The chart for home, rendered on the lighthouse, every object with our labels and its namespace. kNotFound while the machine
// has not fetched the chart yet.
Result<std::vector<codec::Json>> rendered_manifests(const ClusterDesk& desk, kube::Client& home,
                                                    const codec::Json& values, const std::stop_token& stop);

// Applies, keeps the inventory, removes what an earlier inventory held and this one does not.
Result<kube::Applied> lay_liqo(const ClusterDesk& desk, kube::Client& home, const codec::Json& inputs,
                               const std::stop_token& stop);
// Once it is ready, for its own controllers change what is laid: what is ours of it from now on.
Result<> keep_marks(kube::Client& home, const spec::Cluster& cluster, const std::stop_token& stop);
// What of ours somebody has changed or removed since: [{field, is}].
Result<codec::JsonArray> changed_by_hand(kube::Client& home, const spec::Cluster& cluster,
                                         const LiqoInventory& inventory, const std::stop_token& stop);
// Removes what the inventory names, and the inventory.
Result<> take_liqo_away(kube::Client& home, const spec::Cluster& cluster, const std::stop_token& stop);

}  // namespace tombolo::cluster
