// Instances as reads show them: DescribeInstances, DescribeInstanceStatus, and RunInstances' own answer.
#pragma once
#include <string>
#include <vector>

#include "sim/world.hpp"
#include "sim/xml_out.hpp"

namespace tombolo::sim {

// The body of RunInstances' answer: the reservation of these instances, which are all of one.
void show_reservation(XmlOut& out, const Call& call, const std::vector<std::string>& instance_ids);
void show_state(XmlOut& out, std::string_view name, InstanceState state);

Outcome<> describe_instances(Call& call, XmlOut& out);
Outcome<> describe_instance_status(Call& call, XmlOut& out);

// An instance the caller may name now. Malformed, unknown and not yet visible ids are refused.
Outcome<Instance*> find_instance(Call& call, const std::string& id);

}  // namespace tombolo::sim
