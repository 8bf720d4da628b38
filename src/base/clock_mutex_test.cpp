#include "base/clock_mutex.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/virtual_clock.hpp"

namespace tombolo {
namespace {

TEST(ClockMutex, WhoTakesItAgainAtOnceComesAfterThoseWhoWait) {
  VirtualClock clock(Time{});
  ClockMutex mutex(clock);
  std::vector<std::string> order;
  mutex.lock();
  std::mutex done_mutex;
  bool done = false;
  auto other = clock.start([&](std::stop_token) {
    mutex.lock();
    order.emplace_back("who waited");
    mutex.unlock();
    const std::lock_guard guard(done_mutex);
    done = true;
    clock.notify();
  });
  clock.sleep_for(1s, {});  // until it waits
  for (int i = 0; i < 3; ++i) {
    mutex.unlock();
    mutex.lock();
    order.emplace_back("again");
  }
  mutex.unlock();
  std::unique_lock guard(done_mutex);
  ASSERT_TRUE(clock.wait(guard, clock.now() + 1h, {}, [&] { return done; }));
  EXPECT_THAT(order, testing::ElementsAre("who waited", "again", "again", "again"));
}

}  // namespace
}  // namespace tombolo
