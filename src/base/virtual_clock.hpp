// A clock in which an hour costs nothing: the threads of a program take turns, one at a time, and time jumps to the
// next moment anybody waits for. The same program takes the same turns every time, so a failure is repeatable.
//
// Threads that wait on the clock must have been started by it (start()), except the one that made it.
// A wait that can never end (nobody runs, nobody waits for a time) is a bug of the program: it aborts with a message.
#pragma once
#include <list>
#include <mutex>

#include "base/clock.hpp"

namespace tombolo {

class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(Time start);
  ~VirtualClock() override;

  Time now() const override;
  bool wait(std::unique_lock<std::mutex>& lock, Time until, const std::stop_token& stop,
            const std::function<bool()>& ready) override;
  void notify() override {}  // everybody else is waiting; they are asked when the running thread waits
  std::jthread start(std::function<void(std::stop_token)> body) override;
  void advance(Duration span);  // for tests that play the passing of time themselves

 private:
  struct Turn;
  void pass_on();  // chooses who runs next and, if need be, what time it is; mutex_ is held

  mutable std::mutex mutex_;
  Time now_;
  std::list<Turn*> waiting_;  // in the order they began to wait
};

}  // namespace tombolo
