#include "base/virtual_clock.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>

namespace tombolo {

// One thread's wish to run again. Each has its own condition variable, so a turn wakes one thread and not all of them.
struct VirtualClock::Turn {
  Time until;
  std::stop_token stop;
  const std::function<bool()>* ready;  // called only while its owner is blocked here
  bool mine = false;
  std::condition_variable came{};

  bool wanted() const { return stop.stop_requested() || (*ready)(); }
  void await(std::unique_lock<std::mutex>& lock) {
    came.wait(lock, [this] { return mine; });
  }
};

VirtualClock::VirtualClock(Time start) : now_(start) {}
VirtualClock::~VirtualClock() = default;

Time VirtualClock::now() const {
  std::lock_guard guard(mutex_);
  return now_;
}

void VirtualClock::advance(Duration span) {
  std::lock_guard guard(mutex_);
  now_ += span;
}

void VirtualClock::pass_on() {
  if (waiting_.empty()) return;  // the last thread has ended
  // Whoever can run now, longest waiting first; if nobody can, whoever can run soonest, and it becomes that time.
  auto next =
      std::find_if(waiting_.begin(), waiting_.end(), [&](Turn* turn) { return turn->until <= now_ || turn->wanted(); });
  if (next == waiting_.end()) {
    next = std::min_element(waiting_.begin(), waiting_.end(), [](Turn* a, Turn* b) { return a->until < b->until; });
    if ((*next)->until == Time::max()) {
      std::fputs("virtual clock: every thread waits for something that nobody will do\n", stderr);
      std::abort();
    }
    now_ = (*next)->until;
  }
  (*next)->mine = true;
  (*next)->came.notify_one();
  waiting_.erase(next);
}

bool VirtualClock::wait(std::unique_lock<std::mutex>& user, Time until, const std::stop_token& stop,
                        const std::function<bool()>& ready) {
  if (stop.stop_requested() || ready()) return ready();
  user.unlock();
  {
    Turn turn{until, stop, &ready};
    std::unique_lock lock(mutex_);
    waiting_.push_back(&turn);
    pass_on();
    turn.await(lock);
  }
  user.lock();
  return ready();
}

std::jthread VirtualClock::start(std::function<void(std::stop_token)> body) {
  // The newcomer queues up as one that is ready, and gets its turn when its parent first waits.
  static const std::function<bool()> kReady = [] { return true; };
  auto turn = std::make_shared<Turn>(Time::max(), std::stop_token(), &kReady);
  {
    std::lock_guard guard(mutex_);
    waiting_.push_back(turn.get());
  }
  return std::jthread([this, turn, body = std::move(body)](std::stop_token stop) {
    {
      std::unique_lock lock(mutex_);
      turn->await(lock);
    }
    body(stop);
    std::lock_guard guard(mutex_);
    pass_on();
  });
}

}  // namespace tombolo
