#include "base/virtual_clock.hpp"

#include <cstdio>
#include <cstdlib>

namespace tombolo {

// One thread's wish to run again.
struct VirtualClock::Turn {
  Time until;
  std::stop_token stop;
  const std::function<bool()>* ready;  // called only while its owner is blocked here
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

void VirtualClock::pass_on(std::unique_lock<std::mutex>&) {
  running_ = nullptr;
  auto next = waiting_.end();
  for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
    if ((*it)->stop.stop_requested() || (*it)->until <= now_ || (*(*it)->ready)()) { next = it; break; }
    if (next == waiting_.end() || (*it)->until < (*next)->until) next = it;
  }
  if (next == waiting_.end()) return;  // the last thread has ended
  if (!(*next)->stop.stop_requested() && !(*(*next)->ready)()) {
    if ((*next)->until == Time::max()) {
      std::fputs("virtual clock: every thread waits for something that nobody will do\n", stderr);
      std::abort();
    }
    now_ = std::max(now_, (*next)->until);
  }
  running_ = *next;
  waiting_.erase(next);
  turn_changed_.notify_all();
}

bool VirtualClock::wait(std::unique_lock<std::mutex>& user, Time until, const std::stop_token& stop,
                        const std::function<bool()>& ready) {
  if (stop.stop_requested() || ready()) return ready();
  Turn turn{until, stop, &ready};
  user.unlock();
  {
    std::unique_lock lock(mutex_);
    waiting_.push_back(&turn);
    pass_on(lock);
    turn_changed_.wait(lock, [&] { return running_ == &turn; });
  }
  user.lock();
  return ready();
}

std::jthread VirtualClock::start(std::function<void(std::stop_token)> body) {
  // The newcomer queues up as one that is ready, and gets its turn when its parent first waits.
  static const std::function<bool()> kReady = [] { return true; };
  auto turn = std::make_shared<Turn>(Turn{Time::max(), {}, &kReady});
  {
    std::lock_guard guard(mutex_);
    waiting_.push_back(turn.get());
  }
  return std::jthread([this, turn, body = std::move(body)](std::stop_token stop) {
    {
      std::unique_lock lock(mutex_);
      turn_changed_.wait(lock, [&] { return running_ == turn.get(); });
    }
    body(stop);
    std::unique_lock lock(mutex_);
    pass_on(lock);
  });
}

}  // namespace tombolo
