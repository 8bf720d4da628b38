// IpPermissions on the wire: reading, checking and showing the rules of security groups.
#pragma once
#include <vector>

#include "sim/world.hpp"
#include "sim/xml_out.hpp"

namespace tombolo::sim {

// One rule per range or peer group of IpPermissions.N, or of the short form (IpProtocol, FromPort, ToPort, CidrIp).
Outcome<std::vector<GroupRule>> read_rules(const Query& q, bool egress);
bool same_rule(const GroupRule& a, const GroupRule& b);
std::string describe(const GroupRule& rule);  // "peer: 0.0.0.0/0, UDP, from port: 4242, to port: 4242, ALLOW"
// <ipPermissions> or <ipPermissionsEgress>: rules of the same protocol and ports are one item.
void show_permissions(XmlOut& out, const SecurityGroup& group, bool egress);
void show_rule(XmlOut& out, const Call& call, const SecurityGroup& group, const GroupRule& rule);

}  // namespace tombolo::sim
