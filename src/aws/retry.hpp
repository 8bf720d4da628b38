// Repeating a call in place: how often, after how long, and when the whole client should stop trying.
// Source: AWS SDKs' "standard" retry mode with the constants of November 2026. Pure but for the generator it is given.
#pragma once
#include <cstdint>
#include <mutex>
#include <optional>
#include <random>
#include <string_view>

#include "aws/config_file.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace tombolo::aws {

struct RetryPolicy {
  int attempts = 8;  // of one call, the first included; a failed run leaves things behind, a slow one does not
  Duration total = std::chrono::seconds(60);  // no further try begins later than this after the first
  Duration transient_base = std::chrono::milliseconds(50);
  Duration throttle_base = std::chrono::seconds(1);
  Duration longest = std::chrono::seconds(20);
};
// AWS_MAX_ATTEMPTS, when it is a number from 1 to 100.
RetryPolicy retry_policy(const Environment& environment);

// Tokens shared by all calls of a client, so that an AWS in trouble is not hammered: a retry pays, a success pays back.
class RetryQuota {
 public:
  explicit RetryQuota(std::uint64_t seed) : random_(seed) {}
  // The pause before try number `attempt` + 1, or nothing when the tokens are used up. `attempt` is 1 for the first call.
  // `server_says` is x-amz-retry-after. Safe from several threads.
  std::optional<Duration> pause(const RetryPolicy& policy, Code why, int attempt, std::optional<Duration> server_says);
  void succeeded(int paid_tokens);  // what this call's last retry cost; 0: it needed none
  int tokens() const;
  static int cost(Code why);

 private:
  mutable std::mutex mutex_;
  std::mt19937_64 random_;
  int tokens_ = 500;
};

}  // namespace tombolo::aws
