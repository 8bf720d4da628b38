// What can be done to an instance that is there: terminate, stop, start, change attributes.
#pragma once
#include "sim/world.hpp"
#include "sim/xml_out.hpp"

namespace tombolo::sim {

Outcome<> terminate_instances(Call& call, XmlOut& out);
Outcome<> stop_instances(Call& call, XmlOut& out);
Outcome<> start_instances(Call& call, XmlOut& out);
Outcome<> describe_instance_attribute(Call& call, XmlOut& out);
Outcome<> modify_instance_attribute(Call& call, XmlOut& out);
Outcome<> modify_metadata_options(Call& call, XmlOut& out);
Outcome<> describe_credit_specifications(Call& call, XmlOut& out);
Outcome<> modify_credit_specification(Call& call, XmlOut& out);

Outcome<> get_uefi_data(Call& call, XmlOut& out);  // terraform asks for it, of images

// The instance begins to end, with the reason that reads will show.
void begin_end(World& world, Instance& instance, Time now, std::string code, std::string reason);

}  // namespace tombolo::sim
