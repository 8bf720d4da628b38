#include "engine/retry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/virtual_clock.hpp"

namespace tombolo::engine {
namespace {

const Error kAway(Code::kUnreachable, "nobody answers");
const Error kGivenUp(Code::kTimeout, "nobody answers any more");

TEST(Absence, IsCountedFromTheFirstSilenceAndSaidOnce) {
  VirtualClock clock(Time{} + 1h);
  std::vector<std::string> said;
  const Call call{clock, {}, clock.now(), 0, [&](auto phase, auto detail) { said.push_back(phase + ": " + detail); }};
  clock.advance(10min);  // the step goes on for long before
  Absence absence;
  for (int i = 0; i < 60; ++i) {
    ASSERT_TRUE(std::holds_alternative<RetryAfter>(absence.again_or_failed(kAway, kGivenUp, "home", call, 1min))) << i;
    clock.advance(1s);
  }
  EXPECT_THAT(said, testing::ElementsAre("home: nobody answers"));
  clock.advance(1s);
  const auto over = absence.again_or_failed(kAway, kGivenUp, "home", call, 1min);
  ASSERT_TRUE(std::holds_alternative<Failed>(over));
  EXPECT_EQ(std::get<Failed>(over).error.code(), Code::kTimeout);
}

TEST(Absence, BeginsAnewAfterAnAnswer) {
  VirtualClock clock(Time{} + 1h);
  int said = 0;
  const Call call{clock, {}, clock.now(), 0, [&](auto, auto) { ++said; }};
  Absence absence;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(std::holds_alternative<RetryAfter>(absence.again_or_failed(kAway, kGivenUp, "home", call, 1min)));
    clock.advance(50s);
    absence.over();
  }
  EXPECT_EQ(said, 3);
}

TEST(Absence, IsNoReasonToWaitWhenTheCodeAllowsNoOtherTry) {
  VirtualClock clock(Time{} + 1h);
  const Call call{clock, {}, clock.now()};
  Absence absence;
  EXPECT_TRUE(std::holds_alternative<Failed>(
      absence.again_or_failed(Error(Code::kPermission, "forbidden"), kGivenUp, "home", call, 1min)));
}

}  // namespace
}  // namespace tombolo::engine
