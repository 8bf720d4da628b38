#include "base/virtual_clock.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace tombolo {
namespace {

const Time kStart = *parse_time("2026-11-26T00:00:00Z");

class VirtualTime : public testing::Test {
 protected:
  VirtualClock clock{kStart};
  std::mutex mutex;

  Duration elapsed() const { return clock.now() - kStart; }
  // The only way to join: let the others have their turns until `done`.
  void wait_for(const std::function<bool()>& done) {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(clock.wait(lock, Time::max(), {}, done));
  }
};

TEST_F(VirtualTime, AnHourCostsNothing) {
  EXPECT_TRUE(clock.sleep_for(1h, {}));
  EXPECT_EQ(elapsed(), 1h);
  clock.advance(5min);
  EXPECT_EQ(elapsed(), 65min);
}

TEST_F(VirtualTime, SleepersWakeInTheOrderOfTheirTimes) {
  std::vector<std::pair<int, Duration>> woken;
  std::vector<std::jthread> sleepers;
  for (const int minutes : {30, 10, 20})
    sleepers.push_back(clock.start([&, minutes](const std::stop_token& stop) {
      clock.sleep_for(std::chrono::minutes(minutes), stop);
      woken.emplace_back(minutes, elapsed());
    }));
  wait_for([&] { return woken.size() == 3; });
  EXPECT_EQ(woken, (std::vector<std::pair<int, Duration>>{{10, 10min}, {20, 20min}, {30, 30min}}));
}

TEST_F(VirtualTime, EqualTimesWakeInTheOrderOfTheirWaits) {
  std::vector<int> woken;
  std::vector<std::jthread> sleepers;
  for (int i = 0; i < 20; ++i)
    sleepers.push_back(clock.start([&, i](const std::stop_token& stop) {
      clock.sleep_until(kStart + 1min, stop);
      woken.push_back(i);
    }));
  wait_for([&] { return woken.size() == 20; });
  for (int i = 0; i < 20; ++i) EXPECT_EQ(woken[static_cast<std::size_t>(i)], i);
}

TEST_F(VirtualTime, AConditionComesBeforeALaterTime) {
  bool ready = false;
  Duration seen{};
  auto waiter = clock.start([&](const std::stop_token& stop) {
    std::unique_lock lock(mutex);
    EXPECT_TRUE(clock.wait(lock, kStart + 1h, stop, [&] { return ready; }));
    seen = elapsed();
  });
  auto setter = clock.start([&](const std::stop_token& stop) {
    clock.sleep_for(10s, stop);
    std::lock_guard guard(mutex);
    ready = true;
  });
  wait_for([&] { return seen != Duration{}; });
  EXPECT_EQ(seen, 10s);
}

TEST_F(VirtualTime, AWaitWhoseTimeIsOverSaysFalseAndLetsOthersGoFirst) {
  std::vector<std::string> order;
  auto other = clock.start([&](const std::stop_token&) { order.push_back("other"); });
  std::unique_lock lock(mutex);
  EXPECT_FALSE(clock.wait(lock, kStart - 1h, {}, [] { return false; }));
  EXPECT_TRUE(lock.owns_lock());
  order.push_back("we");
  EXPECT_EQ(order, (std::vector<std::string>{"other", "we"}));
  EXPECT_EQ(elapsed(), 0s);
}

TEST_F(VirtualTime, AStopWakesASleeperWithoutTimePassing) {
  bool woken = false;
  auto sleeper = clock.start([&](const std::stop_token& stop) {
    EXPECT_FALSE(clock.sleep_for(24h, stop));
    woken = true;
  });
  clock.sleep_for(1s, {});
  sleeper.request_stop();
  wait_for([&] { return woken; });
  EXPECT_EQ(elapsed(), 1s);
}

TEST_F(VirtualTime, AStopThatCameBeforeEndsTheWaitAtOnce) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(clock.sleep_for(1h, stop.get_token()));
  EXPECT_EQ(elapsed(), 0s);
}

TEST_F(VirtualTime, ThreadsMayStartThreads) {
  int leaves = 0;
  std::vector<std::jthread> threads;
  threads.reserve(7);
  std::function<void(int)> grow = [&](int depth) {
    threads.push_back(clock.start([&, depth](const std::stop_token& stop) {
      clock.sleep_for(1s, stop);
      if (depth == 0)
        ++leaves;
      else
        for (int i = 0; i < 2; ++i) grow(depth - 1);
    }));
  };
  grow(2);
  wait_for([&] { return leaves == 4; });
  EXPECT_EQ(elapsed(), 3s);
}

TEST_F(VirtualTime, AWaitWithoutAnEndIsABugThatIsNamed) {
  EXPECT_DEATH(
      {
        VirtualClock alone(kStart);
        alone.sleep_until(Time::max(), {});
      },
      "every thread waits for something that nobody will do");
}

// A small factory: producers and consumers around a queue, with times drawn by chance. What happens is written down.
std::vector<std::string> factory(unsigned seed) {
  VirtualClock clock(kStart);
  std::mutex mutex;
  std::deque<int> queue;
  std::vector<std::string> told;
  int open = 8;
  const auto tell = [&](const std::string& who, int item) {
    told.push_back(who + " " + std::to_string(item) + " at " + std::to_string((clock.now() - kStart).count()));
  };
  std::vector<std::jthread> threads;
  for (int p = 0; p < 4; ++p)
    threads.push_back(clock.start([&, p](const std::stop_token& stop) {
      std::mt19937 random(seed + static_cast<unsigned>(p));
      for (int i = 0; i < 25; ++i) {
        clock.sleep_for(std::chrono::milliseconds(random() % 5), stop);
        std::lock_guard guard(mutex);
        queue.push_back(p * 100 + i);
        tell("made", queue.back());
        clock.notify();
      }
      std::lock_guard guard(mutex);
      --open;
    }));
  for (int c = 0; c < 4; ++c)
    threads.push_back(clock.start([&, c](const std::stop_token& stop) {
      std::mt19937 random(seed + 50u + static_cast<unsigned>(c));
      for (int i = 0; i < 25; ++i) {
        std::unique_lock lock(mutex);
        clock.wait(lock, Time::max(), stop, [&] { return !queue.empty(); });
        tell("took", queue.front());
        queue.pop_front();
        lock.unlock();
        clock.sleep_for(std::chrono::milliseconds(random() % 7), stop);
      }
      std::lock_guard guard(mutex);
      --open;
    }));
  std::unique_lock lock(mutex);
  clock.wait(lock, Time::max(), {}, [&] { return open == 0; });
  return told;
}

TEST(VirtualTimeStory, IsTheSameEveryTime) {
  const auto first = factory(7);
  EXPECT_EQ(first.size(), 200u);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(factory(7), first) << i;
}

TEST(VirtualTimeStory, IsAnotherOneForAnotherSeed) { EXPECT_NE(factory(7), factory(8)); }

}  // namespace
}  // namespace tombolo
