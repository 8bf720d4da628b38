// What Liqo's Helm chart is told on either side, with its own network off: the values Tombolo depends on, and the user's own
// beside them. Pure. Source: deployments/liqo/values.yaml of Liqo 1.2.0.
#pragma once
#include <string>
#include <vector>

#include "base/result.hpp"
#include "codec/cidr.hpp"
#include "codec/json.hpp"

namespace tombolo::liqo {

enum class Side { kHome, kCloud };
std::string_view name(Side side);  // "home", "cloud"

struct ValuesRequest {
  Side side = Side::kHome;
  std::string cluster_id;  // at most 63 characters, a DNS label: part of namespaces' names
  std::string api_server;  // "https://10.42.0.1:6443": what the other side is told to call
  codec::Cidr pods{};
  codec::Cidr services{};
};

// The values that are ours: a peering over the mesh does not work with others.
codec::Json owned_values(const ValuesRequest& request);

// `extra` with everything of `owned` in it; maps are mixed, lists and scalars are not. kBadInput when `extra` is no map or
// says otherwise than `owned`, naming every such place.
Result<codec::Json> merged_values(const codec::Json& owned, const codec::Json& extra);

}  // namespace tombolo::liqo
