#include "aws/retry.hpp"

#include <algorithm>
#include <charconv>

namespace tombolo::aws {
namespace {

constexpr int kFull = 500;
constexpr int kThrottleCost = 5;
constexpr int kOtherCost = 14;
constexpr Duration kServerSlack = std::chrono::seconds(5);  // how far we may go beyond what the server asks for

}  // namespace

RetryPolicy retry_policy(const Environment& environment) {
  RetryPolicy policy;
  const std::string text = environment.get("AWS_MAX_ATTEMPTS");
  int attempts = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), attempts);
  if (error == std::errc() && end == text.data() + text.size() && attempts >= 1 && attempts <= 100)
    policy.attempts = attempts;
  return policy;
}

int RetryQuota::cost(Code why) { return why == Code::kThrottled ? kThrottleCost : kOtherCost; }

std::optional<Duration> RetryQuota::pause(const RetryPolicy& policy, Code why, int attempt,
                                          std::optional<Duration> server_says) {
  std::lock_guard guard(mutex_);
  if (tokens_ < cost(why)) return std::nullopt;
  tokens_ -= cost(why);
  const Duration base = why == Code::kThrottled ? policy.throttle_base : policy.transient_base;
  const Duration ceiling = std::min(base * (std::int64_t{1} << std::min(attempt - 1, 20)), policy.longest);
  const double part = static_cast<double>(random_() >> 11) * 0x1p-53;  // [0, 1)
  const auto delay = std::chrono::duration_cast<Duration>(ceiling * part);
  return server_says ? std::clamp(delay, *server_says, *server_says + kServerSlack) : delay;
}

void RetryQuota::succeeded(int paid_tokens) {
  std::lock_guard guard(mutex_);
  tokens_ = std::min(kFull, tokens_ + std::max(paid_tokens, 1));
}

int RetryQuota::tokens() const {
  std::lock_guard guard(mutex_);
  return tokens_;
}

}  // namespace tombolo::aws
