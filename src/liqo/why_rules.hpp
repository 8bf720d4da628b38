// What the rules of why.hpp share among their files; not for anybody else.
#pragma once
#include "liqo/parties.hpp"
#include "liqo/why.hpp"

namespace tombolo::liqo::why {

using codec::Json;
using Chain = std::vector<Link>;
using Found = std::optional<Explanation>;

Explanation because(std::string id, Chain chain, std::string cause, std::string fix);
// The same cause, seen from further away.
Explanation after(Chain seen, Explanation explanation);

// "home, Pod work/hello".
std::string at_home(const Json& object);
std::string in_cloud(const Json& object);

bool is_virtual(const Json& node);
bool is_ready(const Json& node);
std::string ready_text(const Json& node);  // "Ready=Unknown, NodeStatusUnknown: Kubelet stopped posting node status."
const Json* foreign_cluster(const Evidence& e);
// What home itself says of the cloud's API server: "Established", "Error" or "".
std::string cloud_as_home_sees_it(const Evidence& e);
const Json* virtual_node(const Evidence& e);  // the cloud's, as a Node; nullptr when there is none
Link node_link(const Json& node);
Link dial_link(const Dial& dial);

// The newest warning about an object whose text holds `part`.
const Json* warning(const SideSeen& side, std::string_view kind, std::string_view name, std::string_view part = "");
std::string message_of(const Json* event);

// In the order in which they explain each other. Nothing: nothing is wrong as far as is known.
Found installation_trouble(const Evidence& e);
Found authentication_trouble(const Evidence& e);
Found way_trouble(const Evidence& e);  // advertised address, authority, mesh, API server
// `name` "" means every slice.
Found slice_trouble(const Evidence& e, std::string_view name);
Found node_trouble(const Evidence& e, std::string_view name);
// What runs goes on, and nothing new is taken: the cloud has cordoned the tenant or the slice.
Found cordon_trouble(const Evidence& e, std::string_view name);
// All of them.
Found peering_trouble(const Evidence& e, std::string_view slice = "");

// Why Liqo has given the pod no leave for the virtual node.
Found namespace_trouble(const Evidence& e, const Json& pod, Chain chain);
Found unscheduled(const Evidence& e, const Json& pod);
Found offloaded(const Evidence& e, const Json& pod, const Json& node);
Explanation explain_pod(const Evidence& e);

}  // namespace tombolo::liqo::why
