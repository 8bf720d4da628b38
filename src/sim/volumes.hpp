// Volumes: the root volumes that launches make, and those made by CreateVolume.
#pragma once
#include "sim/world.hpp"
#include "sim/xml_out.hpp"

namespace tombolo::sim {

Outcome<> describe_volumes(Call& call, XmlOut& out);
Outcome<> create_volume(Call& call, XmlOut& out);
Outcome<> delete_volume(Call& call, XmlOut& out);

}  // namespace tombolo::sim
