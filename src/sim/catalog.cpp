#include "sim/catalog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/filters.hpp"

namespace tombolo::sim {
namespace {

constexpr std::array kTypes = {
    InstanceType{"t2.micro", 1, 1024, "x86_64", false, 0, "", 0, 0.0035},
    InstanceType{"t3.nano", 2, 512, "x86_64", true, 0, "", 0, 0.0016},
    InstanceType{"t3.micro", 2, 1024, "x86_64", true, 0, "", 0, 0.0031},
    InstanceType{"t3.small", 2, 2048, "x86_64", true, 0, "", 0, 0.0062},
    InstanceType{"t3.medium", 2, 4096, "x86_64", true, 0, "", 0, 0.0125},
    InstanceType{"t3.large", 2, 8192, "x86_64", true, 0, "", 0, 0.025},
    InstanceType{"t3a.small", 2, 2048, "x86_64", true, 0, "", 0, 0.0056},
    InstanceType{"t3a.medium", 2, 4096, "x86_64", true, 0, "", 0, 0.0113},
    InstanceType{"t4g.micro", 2, 1024, "arm64", true, 0, "", 0, 0.0025},
    InstanceType{"t4g.small", 2, 2048, "arm64", true, 0, "", 0, 0.005},
    InstanceType{"t4g.medium", 2, 4096, "arm64", true, 0, "", 0, 0.01},
    InstanceType{"m5.large", 2, 8192, "x86_64", true, 0, "", 0, 0.035},
    InstanceType{"m6i.large", 2, 8192, "x86_64", true, 0, "", 0, 0.037},
    InstanceType{"m6i.xlarge", 4, 16384, "x86_64", true, 0, "", 0, 0.075},
    InstanceType{"m7g.large", 2, 8192, "arm64", true, 0, "", 0, 0.032},
    InstanceType{"c5.large", 2, 4096, "x86_64", true, 0, "", 0, 0.034},
    InstanceType{"c6i.large", 2, 4096, "x86_64", true, 0, "", 0, 0.035},
    InstanceType{"g4dn.xlarge", 4, 16384, "x86_64", true, 1, "T4", 16384, 0.1578},
    InstanceType{"g4dn.2xlarge", 8, 32768, "x86_64", true, 1, "T4", 16384, 0.2256},
    InstanceType{"g4dn.12xlarge", 48, 196608, "x86_64", true, 4, "T4", 16384, 1.1736},
    InstanceType{"g5.xlarge", 4, 16384, "x86_64", true, 1, "A10G", 22888, 0.3018},
    InstanceType{"g5.2xlarge", 8, 32768, "x86_64", true, 1, "A10G", 22888, 0.3636},
    InstanceType{"g5.12xlarge", 48, 196608, "x86_64", true, 4, "A10G", 22888, 1.7016},
    InstanceType{"g5g.xlarge", 4, 8192, "arm64", true, 1, "T4g", 16384, 0.126},
    InstanceType{"g6.xlarge", 4, 16384, "x86_64", true, 1, "L4", 22888, 0.2414},
    InstanceType{"g6.2xlarge", 8, 32768, "x86_64", true, 1, "L4", 22888, 0.2933},
    InstanceType{"g6e.xlarge", 4, 32768, "x86_64", true, 1, "L40S", 45776, 0.5583},
    InstanceType{"p3.2xlarge", 8, 62464, "x86_64", false, 1, "V100", 16384, 0.918},
    InstanceType{"p4d.24xlarge", 96, 1179648, "x86_64", true, 8, "A100", 40960, 9.83},
    InstanceType{"p5.48xlarge", 192, 2097152, "x86_64", true, 8, "H100", 81920, 24.5},
};

// Types that a zone lacks. us-east-1e is an old zone: on AWS too it has no t3 and no GPU types.
struct Gap {
  std::string_view zone;
  std::string_view family;
};
constexpr std::array kGaps = {
    Gap{"us-east-1e", "t3"},  Gap{"us-east-1e", "t3a"},  Gap{"us-east-1e", "t4g"}, Gap{"us-east-1e", "g4dn"},
    Gap{"us-east-1e", "g5"},  Gap{"us-east-1e", "g6"},   Gap{"us-east-1f", "g5"},  Gap{"us-east-1f", "g6"},
    Gap{"us-east-1e", "m6i"}, Gap{"us-east-1e", "m7g"},  Gap{"us-east-1e", "c6i"}, Gap{"us-east-1f", "g6e"},
    Gap{"us-east-1e", "g6e"}, Gap{"us-west-2d", "g4dn"}, Gap{"us-west-2d", "g6"},  Gap{"eu-west-1", "g6"},
    Gap{"eu-west-1", "g6e"},  Gap{"eu-west-1", "p5"},    Gap{"us-east-1e", "g5g"}, Gap{"us-west-1", "g6e"},
};

std::string_view family_of(std::string_view type) { return type.substr(0, type.find('.')); }

void show(XmlOut& out, const InstanceType& type) {
  out.leaf("instanceType", type.name).leaf("currentGeneration", true).leaf("freeTierEligible", false);
  auto one = [&](std::string_view list, std::string_view text) { out.node(list, [&] { out.leaf("item", text); }); };
  out.node("supportedUsageClasses", [&] { out.leaf("item", "on-demand").leaf("item", "spot"); });
  one("supportedRootDeviceTypes", "ebs");
  one("supportedVirtualizationTypes", "hvm");
  out.leaf("bareMetal", false).leaf("hypervisor", type.nitro ? "nitro" : "xen");
  out.node("processorInfo", [&] { one("supportedArchitectures", type.architecture); });
  out.node("vCpuInfo", [&] {
    out.leaf("defaultVCpus", type.vcpus).leaf("defaultCores", std::max(1, type.vcpus / 2));
    out.leaf("defaultThreadsPerCore", type.vcpus > 1 ? 2 : 1);
  });
  out.node("memoryInfo", [&] { out.leaf("sizeInMiB", type.memory_mib); });
  out.leaf("instanceStorageSupported", false);
  out.node("ebsInfo", [&] {
    out.leaf("ebsOptimizedSupport", "default").leaf("encryptionSupport", "supported");
    out.leaf("nvmeSupport", type.nitro ? "required" : "unsupported");
  });
  out.node("networkInfo", [&] {
    out.leaf("networkPerformance", "Up to 5 Gigabit").leaf("maximumNetworkInterfaces", 3);
    out.leaf("maximumNetworkCards", 1).leaf("defaultNetworkCardIndex", 0);
    out.leaf("ipv4AddressesPerInterface", 4).leaf("ipv6AddressesPerInterface", 4).leaf("ipv6Supported", true);
    out.leaf("enaSupport", type.nitro ? "required" : "unsupported").leaf("efaSupported", false);
  });
  if (type.gpus > 0) {
    out.node("gpuInfo", [&] {
      out.list("gpus", std::array{&type}, [&](const InstanceType* each) {
        out.leaf("name", each->gpu_name).leaf("manufacturer", "NVIDIA").leaf("count", each->gpus);
        out.node("memoryInfo", [&] { out.leaf("sizeInMiB", each->gpu_memory_mib); });
      });
      out.leaf("totalGpuMemoryInMiB", type.gpus * type.gpu_memory_mib);
    });
  }
  out.leaf("hibernationSupported", false).leaf("burstablePerformanceSupported", type.burstable());
  out.leaf("dedicatedHostsSupported", false).leaf("autoRecoverySupported", true);
  out.node("supportedBootModes", [&] { out.leaf("item", "legacy-bios").leaf("item", "uefi"); });
}

const std::vector<FilterField<InstanceType>>& type_fields() {
  static const std::vector<FilterField<InstanceType>> table = {
      {"instance-type", [](const InstanceType& t) { return Values{std::string(t.name)}; }},
      {"processor-info.supported-architecture",
       [](const InstanceType& t) { return Values{std::string(t.architecture)}; }},
      {"current-generation", [](const InstanceType&) { return Values{"true"}; }},
      {"bare-metal", [](const InstanceType&) { return Values{"false"}; }},
      {"hypervisor", [](const InstanceType& t) { return Values{t.nitro ? "nitro" : "xen"}; }},
      {"burstable-performance-supported",
       [](const InstanceType& t) { return Values{t.burstable() ? "true" : "false"}; }},
      {"supported-usage-class", [](const InstanceType&) { return Values{"on-demand", "spot"}; }},
      {"vcpu-info.default-vcpus", [](const InstanceType& t) { return Values{std::to_string(t.vcpus)}; }},
      {"memory-info.size-in-mib", [](const InstanceType& t) { return Values{std::to_string(t.memory_mib)}; }},
  };
  return table;
}

struct Offering {
  std::string type;
  std::string location;
};

struct Price {
  std::string type;
  std::string zone;
  double dollars = 0;
};

template <class T>
std::vector<T> cut_out(const std::vector<const T*>& from, const Page& page) {
  std::vector<T> out;
  for (auto i = page.first; i < page.end; ++i) out.push_back(*from[i]);
  return out;
}

}  // namespace

const InstanceType* find_type(std::string_view name) {
  auto it = std::find_if(kTypes.begin(), kTypes.end(), [&](const InstanceType& type) { return type.name == name; });
  return it == kTypes.end() ? nullptr : &*it;
}

std::vector<std::string> zones_offering(const Region& region, const InstanceType& type) {
  std::vector<std::string> zones = region.zones;
  std::erase_if(zones, [&](const std::string& zone) {
    return std::any_of(kGaps.begin(), kGaps.end(), [&](const Gap& gap) {
      return gap.family == family_of(type.name) && (gap.zone == zone || gap.zone == region.name);
    });
  });
  return zones;
}

std::string quota_of(const InstanceType& type, bool spot) {
  switch (type.name.front()) {
    case 'g': return spot ? "L-3819A6DF" : "L-DB2E81BA";
    case 'p': return spot ? "L-7212CCBC" : "L-417A185B";
    default: return spot ? "L-34B43A08" : "L-1216C47A";
  }
}

Outcome<> describe_instance_types(Call& call, XmlOut& out) {
  std::vector<InstanceType> wanted;
  auto names = call.q.list("InstanceType");
  for (const auto& name : names) {
    const auto* type = find_type(name);
    if (!type || zones_offering(call.region, *type).empty()) {
      return refuse("InvalidInstanceType",
                    fmt::format("The following supplied instance types do not exist: [{}]", name));
    }
    wanted.push_back(*type);
  }
  if (names.empty()) {
    std::copy_if(kTypes.begin(), kTypes.end(), std::back_inserter(wanted),
                 [&](const InstanceType& type) { return !zones_offering(call.region, type).empty(); });
  }
  auto passing = GRANTED(filtered<InstanceType>(call, wanted, type_fields()));
  auto page = GRANTED(page_of(call.q, passing.size(), 5, 100));
  out.list("instanceTypeSet", cut_out(passing, page), [&](const InstanceType& type) { show(out, type); });
  out.leaf_if("nextToken", page.next_token);
  return {};
}

Outcome<> describe_instance_type_offerings(Call& call, XmlOut& out) {
  auto kind = call.q.text("LocationType", "region");
  if (kind != "region" && kind != "availability-zone" && kind != "availability-zone-id") {
    return invalid_value("LocationType", kind);
  }
  std::vector<Offering> all;
  for (const auto& type : kTypes) {
    auto zones = zones_offering(call.region, type);
    if (kind == "region" && !zones.empty()) all.push_back({std::string(type.name), call.region.name});
    if (kind == "region") continue;
    for (const auto& zone : zones) {
      all.push_back({std::string(type.name), kind == "availability-zone" ? zone : zone_id(zone)});
    }
  }
  static const std::vector<FilterField<Offering>> fields = {
      {"instance-type", [](const Offering& o) { return Values{o.type}; }},
      {"location", [](const Offering& o) { return Values{o.location}; }},
  };
  auto passing = GRANTED(filtered<Offering>(call, all, fields));
  auto page = GRANTED(page_of(call.q, passing.size(), 5, 1000));
  out.list("instanceTypeOfferingSet", cut_out(passing, page), [&](const Offering& offering) {
    out.leaf("instanceType", offering.type).leaf("locationType", kind).leaf("location", offering.location);
  });
  out.leaf_if("nextToken", page.next_token);
  return {};
}

Outcome<> describe_spot_price_history(Call& call, XmlOut& out) {
  std::vector<Price> all;
  auto types = call.q.list("InstanceType");
  for (const auto& type : kTypes) {
    if (!types.empty() && std::find(types.begin(), types.end(), type.name) == types.end()) continue;
    double price = type.spot_price;
    for (const auto& zone : zones_offering(call.region, type)) {
      all.push_back({std::string(type.name), zone, price});
      price *= 1.07;  // so that the cheapest zone is a matter of fact
    }
  }
  if (auto zone = call.q.text("AvailabilityZone"); !zone.empty()) {
    std::erase_if(all, [&](const Price& price) { return price.zone != zone; });
  }
  static const std::vector<FilterField<Price>> fields = {
      {"instance-type", [](const Price& p) { return Values{p.type}; }},
      {"availability-zone", [](const Price& p) { return Values{p.zone}; }},
      {"product-description", [](const Price&) { return Values{"Linux/UNIX"}; }},
  };
  auto passing = GRANTED(filtered<Price>(call, all, fields));
  auto page = GRANTED(page_of(call.q, passing.size(), 1, 1000));
  out.list("spotPriceHistorySet", cut_out(passing, page), [&](const Price& price) {
    out.leaf("instanceType", price.type).leaf("productDescription", "Linux/UNIX");
    out.leaf("spotPrice", fmt::format("{:.6f}", price.dollars)).leaf("timestamp", iso_time(call.now - 17min));
    out.leaf("availabilityZone", price.zone);
  });
  out.leaf_if("nextToken", page.next_token);
  return {};
}

}  // namespace tombolo::sim
