#include "engine/retry.hpp"

#include <algorithm>

namespace tombolo::engine {

Reaction reaction(Code code) {
  switch (code) {
    case Code::kThrottled: return {true, 1s, 20s, 5min, false};
    case Code::kTransient: return {true, 200ms, 20s, 5min, true};
    case Code::kUnreachable: return {true, 1s, 10s, 1min, false};
    case Code::kDependency: return {true, 2s, 15s, 10min, false};
    case Code::kState: return {true, 1s, 5s, 5min, false};
    case Code::kInconsistent: return {true, 1s, 8s, 2min, false};
    // Decided elsewhere (next zone, next generation, adopt), or by a human.
    case Code::kCapacity:
    case Code::kTokenSpent:
    case Code::kDuplicate:
    case Code::kQuota:
    case Code::kAccount:
    case Code::kCredentials:
    case Code::kClock:
    case Code::kPermission:
    case Code::kConflict:
    case Code::kBadInput:
    case Code::kNotFound:
    case Code::kLocked:
    case Code::kCorrupt:
    case Code::kUntrusted:
    case Code::kIo:
    case Code::kUnsupported:
    case Code::kBroken:
    case Code::kInternal: return {};
    // We stopped waiting for an answer: the call may have happened all the same.
    case Code::kCancelled:
    case Code::kTimeout: return {false, {}, {}, {}, true};
  }
  return {};
}

Step again_or_failed(Error error, const Call& call, Duration patience) {
  if (!reaction(error.code()).again || call.clock.now() - call.since > patience) return Failed{std::move(error)};
  return RetryAfter{1s, error.sentence()};
}

Step Absence::again_or_failed(const Error& error, Error given_up, const std::string& phase, const Call& call,
                              Duration patience) {
  const auto now = call.clock.now();
  const bool first = since_ == Time{};
  if (first) since_ = now;
  if (!reaction(error.code()).again || now - since_ > patience) {
    over();
    return Failed{std::move(given_up)};
  }
  if (first) call.say(phase, error.sentence());
  return RetryAfter{1s, ""};
}

std::optional<Duration> Backoff::next(Code code, Time now) {
  const Reaction r = reaction(code);
  if (!r.again) return std::nullopt;
  if (failures_++ == 0) first_failure_ = now;
  if (now - first_failure_ >= r.patience) return std::nullopt;
  Duration delay = r.base;
  for (int i = 1; i < failures_ && delay < r.cap; ++i) delay *= 2;
  delay = std::min(delay, r.cap);
  const double share = 0.5 + std::uniform_real_distribution<double>(0, 0.5)(random_);
  return std::chrono::duration_cast<Duration>(delay * share);
}

}  // namespace tombolo::engine
