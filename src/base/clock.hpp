// Time, one of the two seams (the other is net::Transport). Everything that waits waits here.
//
// RealClock is the computer's. VirtualClock (virtual_clock.hpp) runs a whole program of threads in simulated time.
#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "base/result.hpp"

namespace tombolo {

using Time = std::chrono::system_clock::time_point;
using Duration = std::chrono::nanoseconds;
using namespace std::chrono_literals;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;

  // Gives up `lock` until ready() holds, `until` has come, or a stop is requested; holds it again on return.
  // ready() is called with the lock held, and must not call the clock. Returns ready().
  virtual bool wait(std::unique_lock<std::mutex>& lock, Time until, const std::stop_token& stop,
                    const std::function<bool()>& ready) = 0;
  // Wakes every wait() to look at its ready() again. Call after changing what a ready() reads.
  virtual void notify() = 0;
  // Starts a thread that takes part in this clock's time. Wait for its work with wait() before joining it.
  virtual std::jthread start(std::function<void(std::stop_token)> body) = 0;

  // False when a stop came first.
  bool sleep_until(Time until, const std::stop_token& stop);
  bool sleep_for(Duration span, const std::stop_token& stop) { return sleep_until(now() + span, stop); }
};

class RealClock final : public Clock {
 public:
  Time now() const override { return std::chrono::system_clock::now(); }
  bool wait(std::unique_lock<std::mutex>& lock, Time until, const std::stop_token& stop,
            const std::function<bool()>& ready) override;
  void notify() override;
  std::jthread start(std::function<void(std::stop_token)> body) override;

 private:
  std::condition_variable_any changed_;
};

// "2026-11-26T01:10:52Z", RFC 3339, whole seconds.
std::string format_time(Time t);
Result<Time> parse_time(std::string_view rfc3339);
// "1.4 s", "2 min 5 s": for people.
std::string format_duration(Duration d);

}  // namespace tombolo
