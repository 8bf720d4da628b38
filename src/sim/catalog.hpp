// The instance types that the simulated AWS offers: size, architecture, where, and which quota their vCPUs count against.
// Numbers are EC2's own (DescribeInstanceTypes, Service Quotas).
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/world.hpp"
#include "sim/xml_out.hpp"

namespace tombolo::sim {

struct InstanceType {
  std::string_view name;
  int vcpus = 0;
  int memory_mib = 0;
  std::string_view architecture;  // "x86_64", "arm64"
  bool nitro = true;
  int gpus = 0;
  std::string_view gpu_name;
  int gpu_memory_mib = 0;
  double spot_price = 0;  // dollars an hour in the first zone; others differ by some percent
  bool burstable() const { return name.starts_with("t"); }
};

const InstanceType* find_type(std::string_view name);
// Zones of the region where the type can be launched, in order.
std::vector<std::string> zones_offering(const Region& region, const InstanceType& type);
// Quota of the vCPUs: "L-1216C47A" and so on.
std::string quota_of(const InstanceType& type, bool spot);

Outcome<> describe_instance_types(Call& call, XmlOut& out);
Outcome<> describe_instance_type_offerings(Call& call, XmlOut& out);
Outcome<> describe_spot_price_history(Call& call, XmlOut& out);

}  // namespace tombolo::sim
