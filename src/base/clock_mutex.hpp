// A mutex for work that waits: whoever finds it taken waits on the clock, so that its holder may sleep there in virtual time
// as well. (A std::mutex that is held by a sleeper stops a VirtualClock for ever.) For std::lock_guard.
#pragma once
#include <cstdint>
#include <mutex>

#include "base/clock.hpp"

namespace tombolo {

class ClockMutex {
 public:
  explicit ClockMutex(Clock& clock) : clock_(clock) {}
  void lock() {
    std::unique_lock guard(mutex_);
    const auto mine = last_++;
    while (!clock_.wait(guard, clock_.now() + 1h, {}, [&] { return served_ == mine; })) {}
  }
  void unlock() {
    {
      const std::lock_guard guard(mutex_);
      ++served_;
    }
    clock_.notify();
  }

 private:
  Clock& clock_;
  std::mutex mutex_;
  // First come, first served: a loop that takes it again at once would never let anybody else in.
  std::uint64_t last_ = 0, served_ = 0;
};

}  // namespace tombolo
