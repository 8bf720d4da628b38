// What a machine prints on its serial console: a little of the kernel, cloud-init, its SSH host keys, and the phases of our
// bootstrap when its user-data holds one. A function of time: nothing runs.
#pragma once
#include <string>

#include "sim/world.hpp"
#include "sim/xml_out.hpp"

namespace tombolo::sim {

// Everything printed by `now`.
std::string console_text(const World& world, const Instance& instance, Time now);

Outcome<> get_console_output(Call& call, XmlOut& out);

}  // namespace tombolo::sim
