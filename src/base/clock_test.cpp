#include "base/clock.hpp"

#include <gtest/gtest.h>

namespace tombolo {
namespace {

Time at(std::string_view text) {
  const auto time = parse_time(text);
  EXPECT_TRUE(time) << text;
  return time ? *time : Time{};
}

TEST(TimeText, GoesThereAndBack) {
  for (const auto* text : {"1970-01-01T00:00:00Z", "2026-11-26T01:10:52Z", "2024-02-29T23:59:59Z",
                           "1969-12-31T23:59:59Z", "2262-04-11T23:47:15Z"})
    EXPECT_EQ(format_time(at(text)), text);
  EXPECT_EQ(at("2026-11-26T01:10:52Z").time_since_epoch(), std::chrono::seconds(1795655452));
}

TEST(TimeText, FractionsAreDropped) {
  EXPECT_EQ(at("2026-11-26T01:10:52.000Z"), at("2026-11-26T01:10:52Z"));
  EXPECT_EQ(at("2026-11-26T01:10:52.999999999+00:00"), at("2026-11-26T01:10:52Z"));
  EXPECT_EQ(format_time(at("2026-11-26T01:10:52Z") + 999ms), "2026-11-26T01:10:52Z");
  EXPECT_EQ(format_time(Time{} - 1ns), "1969-12-31T23:59:59Z");
}

TEST(TimeText, NeverIsTheEndOfTime) {
  EXPECT_EQ(at("9999-12-31T23:59:59Z"), Time::max());
  EXPECT_EQ(at("0001-01-01T00:00:00Z"), Time::min());
}

TEST(TimeText, EverythingElseIsRefused) {
  for (const auto* text :
       {"", "now", "2026-11-26", "2026-11-26T01:10:52", "2026-11-26T01:10:52+02:00", "2026-11-26 01:10:52Z",
        "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-26T24:00:00Z", "2026-11-26T01:60:00Z",
        "2026-11-26T01:10:52.Z", " 2026-11-26T01:10:52Z", "2026-11-26T01:10:52Zx", "+026-11-26T01:10:52Z",
        "2026-11-26T01:10:52.5"})
    EXPECT_EQ(parse_time(text).error().code(), Code::kBadInput) << text;
}

TEST(DurationText, IsForPeople) {
  EXPECT_EQ(format_duration(0s), "0 ms");
  EXPECT_EQ(format_duration(42ms), "42 ms");
  EXPECT_EQ(format_duration(1440ms), "1.4 s");
  EXPECT_EQ(format_duration(59'960ms), "1 min 0 s");
  EXPECT_EQ(format_duration(125s), "2 min 5 s");
  EXPECT_EQ(format_duration(3599'700ms), "1 h 0 min");
  EXPECT_EQ(format_duration(26h + 5min), "26 h 5 min");
  EXPECT_EQ(format_duration(-90s), "-1 min 30 s");
  EXPECT_FALSE(format_duration(Duration::min()).empty());
}

class RealTime : public testing::Test {
 protected:
  RealClock clock;
  std::mutex mutex;
};

TEST_F(RealTime, AWaitEndsWhenItsConditionHolds) {
  bool ready = false;
  auto setter = clock.start([&](const std::stop_token&) {
    {
      std::lock_guard guard(mutex);
      ready = true;
    }
    clock.notify();
  });
  std::unique_lock lock(mutex);
  EXPECT_TRUE(clock.wait(lock, Time::max(), {}, [&] { return ready; }));
  EXPECT_TRUE(lock.owns_lock());
}

TEST_F(RealTime, AWaitEndsAtItsTime) {
  std::unique_lock lock(mutex);
  const auto until = clock.now() + 5ms;
  EXPECT_FALSE(clock.wait(lock, until, {}, [] { return false; }));
  EXPECT_GE(clock.now(), until);
}

TEST_F(RealTime, AStopEndsAWaitAndASleep) {
  auto sleeper = clock.start([&](const std::stop_token& stop) { EXPECT_FALSE(clock.sleep_for(1h, stop)); });
  sleeper.request_stop();
  sleeper.join();
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  std::unique_lock lock(mutex);
  EXPECT_FALSE(clock.wait(lock, Time::max(), stop.get_token(), [] { return false; }));
}

TEST_F(RealTime, ASleepSaysWhetherItWasWhole) {
  EXPECT_TRUE(clock.sleep_for(1ms, {}));
  EXPECT_TRUE(clock.sleep_until(clock.now() - 1h, {})) << "what is over is slept at once";
}

}  // namespace
}  // namespace tombolo
