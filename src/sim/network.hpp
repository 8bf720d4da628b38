// What a region has before anybody builds in it: VPCs, subnets, zones, route tables; and network interfaces.
#pragma once
#include "sim/world.hpp"
#include "sim/xml_out.hpp"

namespace tombolo::sim {

Outcome<> describe_regions(Call& call, XmlOut& out);
Outcome<> describe_zones(Call& call, XmlOut& out);
Outcome<> describe_vpcs(Call& call, XmlOut& out);
Outcome<> describe_vpc_attribute(Call& call, XmlOut& out);
Outcome<> describe_subnets(Call& call, XmlOut& out);
Outcome<> describe_route_tables(Call& call, XmlOut& out);
Outcome<> describe_network_acls(Call& call, XmlOut& out);
Outcome<> describe_account_attributes(Call& call, XmlOut& out);
Outcome<> describe_network_interfaces(Call& call, XmlOut& out);

}  // namespace tombolo::sim
