// Whether and when a failed call is tried again, from its Code alone. One table; nobody else decides.
#pragma once
#include <random>

#include "base/clock.hpp"
#include "engine/resource.hpp"

namespace tombolo::engine {

struct Reaction {
  bool again = false;
  Duration base{};            // delay before the second try; doubles with each further one
  Duration cap{};             // longest delay
  Duration patience{};        // give up when it has failed for that long
  bool effect_unknown = false;  // the call may have happened
};

// AWS's own figures where it has some: throttling and transient bases of the SDKs' standard mode (2026), two minutes of
// eventual consistency, five minutes for a security group whose network interface is still going.
Reaction reaction(Code code);

// A step that failed: again in a second while its code allows it and `patience` since the step's begin is not over.
Step again_or_failed(Error error, const Call& call, Duration patience);

// Patience with somebody who may be away for a while at any time, also late in a step: it is counted from the first call that
// he did not answer. One step at a time uses it.
class Absence {
 public:
  // Again in a second, which is said once, as `phase`; Failed with `given_up` when the code allows no other try or `patience`
  // is over.
  Step again_or_failed(const Error& error, Error given_up, const std::string& phase, const Call& call,
                       Duration patience);
  void over() { since_ = {}; }  // he has answered

 private:
  Time since_{};
};

// Delays with jitter in [1/2, 1) of the doubling value, from the run's own generator: repeatable by seed.
class Backoff {
 public:
  explicit Backoff(std::uint64_t seed) : random_(seed) {}
  // The delay before the next try, or nothing when it is time to give up.
  std::optional<Duration> next(Code code, Time now);
  void success() { failures_ = 0; }

 private:
  std::mt19937_64 random_;
  int failures_ = 0;
  Time first_failure_{};
};

}  // namespace tombolo::engine
