#include "sim/weather.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace tombolo::sim {
namespace {

struct Brake {
  double capacity;
  double refill;  // a second
};

Brake brake_of(Pace pace) {
  switch (pace) {
    case Pace::kRun: return {5, 2};
    case Pace::kRead: return {100, 20};
    case Pace::kBigRead: return {50, 10};
    case Pace::kTag: return {100, 10};
    case Pace::kTerminate:
    case Pace::kSlowMutate: return {100, 5};
    case Pace::kIntensive:
    case Pace::kMutate: return {50, 5};
    case Pace::kFree: break;
  }
  return {1e9, 1e9};
}

bool take(Region& region, const std::string& name, const Brake& brake, double amount, Time now) {
  auto [it, fresh] = region.buckets.try_emplace(name, Bucket{brake.capacity, now});
  auto& bucket = it->second;
  if (!fresh && now > bucket.at) {
    bucket.tokens =
        std::min(brake.capacity, bucket.tokens + brake.refill * std::chrono::duration<double>(now - bucket.at).count());
  }
  bucket.at = now;
  if (bucket.tokens < amount) return false;
  bucket.tokens -= amount;
  return true;
}

struct LatencyRow {
  std::string_view action;
  int least_ms;
  int most_ms;
};
constexpr std::array kLatencies = {
    LatencyRow{"RunInstances", 900, 1800},
    LatencyRow{"TerminateInstances", 300, 650},
    LatencyRow{"StopInstances", 300, 650},
    LatencyRow{"StartInstances", 350, 800},
    LatencyRow{"CreateSecurityGroup", 300, 650},
    LatencyRow{"DeleteSecurityGroup", 250, 550},
    LatencyRow{"AuthorizeSecurityGroupIngress", 250, 550},
    LatencyRow{"RevokeSecurityGroupIngress", 250, 550},
    LatencyRow{"CreateKeyPair", 350, 900},
    LatencyRow{"ImportKeyPair", 200, 450},
    LatencyRow{"DeleteKeyPair", 150, 350},
    LatencyRow{"AllocateAddress", 300, 700},
    LatencyRow{"AssociateAddress", 400, 950},
    LatencyRow{"DisassociateAddress", 300, 700},
    LatencyRow{"ReleaseAddress", 250, 600},
    LatencyRow{"CreateTags", 200, 400},
    LatencyRow{"DescribeImages", 250, 900},
    LatencyRow{"GetConsoleOutput", 150, 400},
    LatencyRow{"GetCallerIdentity", 60, 150},
    LatencyRow{"GetParameter", 60, 160},
    LatencyRow{"GetServiceQuota", 150, 400},
    LatencyRow{"CheckIp", 60, 180},
};
constexpr LatencyRow kOther = {"", 100, 280};

}  // namespace

std::optional<Fault> take_fault(World& world, const std::string& action,
                                const std::map<std::string, std::string>& parameters) {
  for (auto& fault : world.faults) {
    if (fault.times <= 0 || (fault.action != "*" && fault.action != action)) continue;
    bool matches = std::all_of(fault.match.begin(), fault.match.end(), [&](const auto& wanted) {
      auto it = parameters.find(wanted.first);
      return it != parameters.end() && it->second == wanted.second;
    });
    if (!matches) continue;
    if (fault.skip > 0) {
      --fault.skip;
      continue;
    }
    --fault.times;
    return fault;
  }
  return std::nullopt;
}

bool take_token(Region& region, const std::string& action, Pace pace, const Query& q, Time now) {
  if (pace == Pace::kBigRead) {
    bool narrowed = q.has("MaxResults") || q.has("Filter.1.Name");
    return narrowed ? take(region, action, brake_of(Pace::kRead), 1, now)
                    : take(region, action + " of everything", brake_of(pace), 1, now);
  }
  if (pace == Pace::kRun) {
    auto machines = std::max(1L, std::strtol(q.text("MaxCount", "1").c_str(), nullptr, 10));
    if (!take(region, action + " machines", {1000, 2}, static_cast<double>(machines), now)) return false;
  }
  if (pace == Pace::kTerminate &&
      !take(region, action + " machines", {1000, 20}, static_cast<double>(q.list("InstanceId").size()), now)) {
    return false;
  }
  return take(region, action, brake_of(pace), 1, now);
}

Duration latency_of(World& world, const std::string& action) {
  if (world.options.latency == Latency::kNone) return Duration{0};
  auto it =
      std::find_if(kLatencies.begin(), kLatencies.end(), [&](const LatencyRow& row) { return row.action == action; });
  const auto& row = it == kLatencies.end() ? kOther : *it;
  Random draw(world.options.seed ^ stable_hash(action) ^ (++world.calls_of[action] << 20));
  return draw.within({std::chrono::milliseconds(row.least_ms), std::chrono::milliseconds(row.most_ms)});
}

}  // namespace tombolo::sim
