// A mutex for work that waits: whoever finds it taken waits on the clock, so that its holder may sleep there in virtual time
// as well. (A std::mutex that is held by a sleeper stops a VirtualClock for ever.) For std::lock_guard.
#pragma once
#include <mutex>

#include "base/clock.hpp"

namespace tombolo {

class ClockMutex {
 public:
  explicit ClockMutex(Clock& clock) : clock_(clock) {}
  void lock() {
    std::unique_lock guard(mutex_);
    while (!clock_.wait(guard, clock_.now() + 1h, {}, [this] { return !taken_; })) {}
    taken_ = true;
  }
  void unlock() {
    {
      const std::lock_guard guard(mutex_);
      taken_ = false;
    }
    clock_.notify();
  }

 private:
  Clock& clock_;
  std::mutex mutex_;
  bool taken_ = false;
};

}  // namespace tombolo
