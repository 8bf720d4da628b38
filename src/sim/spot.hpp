// Spot requests: every spot launch leaves one behind.
#pragma once
#include "sim/world.hpp"
#include "sim/xml_out.hpp"

namespace tombolo::sim {

Outcome<> describe_spot_requests(Call& call, XmlOut& out);
Outcome<> cancel_spot_requests(Call& call, XmlOut& out);

}  // namespace tombolo::sim
