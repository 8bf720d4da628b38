// Elastic addresses. AllocateAddress has no client token; AssociateAddress needs an instance that is past pending; an
// address in use is not released; the end of the instance ends the association.
#pragma once
#include "sim/world.hpp"
#include "sim/xml_out.hpp"

namespace tombolo::sim {

Outcome<> allocate_address(Call& call, XmlOut& out);
Outcome<> associate_address(Call& call, XmlOut& out);
Outcome<> disassociate_address(Call& call, XmlOut& out);
Outcome<> release_address(Call& call, XmlOut& out);
Outcome<> describe_addresses(Call& call, XmlOut& out);
Outcome<> describe_addresses_attribute(Call& call, XmlOut& out);

// Ends the association of the address, if it has one.
void disassociate(Region& region, ElasticAddress& address);

}  // namespace tombolo::sim
