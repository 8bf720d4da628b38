// Security groups and their rules. Names are unique in a VPC; a group in use cannot be deleted, nor for some time after its
// last instance has ended; rules are unique by protocol, ports and peer, whatever their description.
#pragma once
#include <string>

#include "sim/world.hpp"
#include "sim/xml_out.hpp"

namespace tombolo::sim {

Outcome<> create_security_group(Call& call, XmlOut& out);
Outcome<> delete_security_group(Call& call, XmlOut& out);
Outcome<> describe_security_groups(Call& call, XmlOut& out);
Outcome<> describe_security_group_rules(Call& call, XmlOut& out);
Outcome<> authorize_ingress(Call& call, XmlOut& out);
Outcome<> authorize_egress(Call& call, XmlOut& out);
Outcome<> revoke_ingress(Call& call, XmlOut& out);
Outcome<> revoke_egress(Call& call, XmlOut& out);

// A group that the caller may name now: well-formed, there, and visible.
Outcome<SecurityGroup*> find_group(Call& call, const std::string& id);
// By GroupId, or by GroupName in the default VPC.
Outcome<SecurityGroup*> named_group(Call& call);

}  // namespace tombolo::sim
