// What stands between a good request and a quick answer: injected faults, throttling buckets, latency.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "sim/world.hpp"

namespace tombolo::sim {

// The oldest fault that matches; used up once more by this.
std::optional<Fault> take_fault(World& world, const std::string& action,
                                const std::map<std::string, std::string>& parameters);

// How often an action may be called (EC2 API, "Request throttling": capacity and refill a second, per account and region).
enum class Pace { kFree, kRead, kBigRead, kRun, kTerminate, kIntensive, kMutate, kTag, kSlowMutate };

// Takes from the action's buckets; false: RequestLimitExceeded. A kBigRead without filter and page has a smaller bucket.
bool take_token(Region& region, const std::string& action, Pace pace, const Query& q, Time now);

// From request to answer, by action, evenly drawn from a table (real calls take 0.1 to 1 s and more). The nth call of an action has the same latency
// under the same seed, whatever happens in between.
Duration latency_of(World& world, const std::string& action);

}  // namespace tombolo::sim
