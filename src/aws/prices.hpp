// What things cost, as far as a plan has to say it: a table with a date, not a promise. USD, on demand, Linux.
// Source: AWS's public price list of us-east-1 (us-west-2 is the same for what was compared), on kPricesDate.
#pragma once
#include <optional>
#include <string_view>

namespace tombolo::aws {

inline constexpr std::string_view kPricesDate = "2026-07-20";
inline constexpr std::string_view kPricesRegion = "us-east-1";

inline constexpr double kAddressPerHour = 0.005;          // each public IPv4 address, used or not
inline constexpr double kDiskPerGibMonth = 0.08;          // gp3, without extra IOPS
inline constexpr double kHoursPerMonth = 730;

// Facts about an instance type that plans and quotas need without asking AWS.
struct TypeFacts {
  std::string_view name;
  int vcpus;
  int memory_gib;
  int gpus;
  std::string_view gpu;   // "L4"; empty: none
  double per_hour;
};

const TypeFacts* type_facts(std::string_view instance_type);  // nullptr: not in the table
std::optional<double> price_per_hour(std::string_view instance_type);

}  // namespace tombolo::aws
