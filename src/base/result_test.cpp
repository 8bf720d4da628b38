#include "base/result.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace tombolo {
namespace {

Result<int> half(int n) {
  if (n % 2) return fail(Code::kBadInput, "odd", "Take an even one.");
  return n / 2;
}

Result<int> quarter(int n) { return TRY(half(TRY(half(n)))); }
Result<> check(int n) {
  TRY(half(n));
  return {};
}

TEST(Try, TakesTheValueOrReturnsTheError) {
  EXPECT_EQ(*quarter(12), 3);
  EXPECT_EQ(quarter(6).error().sentence(), "odd");
  EXPECT_TRUE(check(2));
  EXPECT_EQ(check(3).error().hint(), "Take an even one.");
}

TEST(Try, MovesValuesThatCannotBeCopied) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(7); };
  const auto pass = [&]() -> Result<std::unique_ptr<int>> { return TRY(make()); };
  EXPECT_EQ(**pass(), 7);
}

TEST(Try, EvaluatesItsExpressionOnce) {
  int calls = 0;
  const auto count = [&]() -> Result<int> { return ++calls; };
  const auto caller = [&]() -> Result<int> { return TRY(count()) + 1; };
  EXPECT_EQ(*caller(), 2);
  EXPECT_EQ(calls, 1);
}

TEST(Error, TellsWhatWeWereDoingOutermostFirst) {
  Result<int> failed = context(context(half(1), "halving"), "planning");
  EXPECT_EQ(failed.error().text(), "planning: halving: odd");
  EXPECT_EQ(failed.error().contexts(), (std::vector<std::string>{"halving", "planning"}));
  EXPECT_EQ(*context(half(4), "halving"), 2);
}

TEST(Error, SaysWhatTheRemoteSaid) {
  const auto error = Error(Code::kThrottled, "AWS is busy").from({"RequestLimitExceeded", 503, "req-1"});
  EXPECT_EQ(error.text(), "AWS is busy (RequestLimitExceeded, HTTP 503, request req-1)");
  EXPECT_EQ(Error(Code::kThrottled, "AWS is busy").from({"", 500, ""}).text(), "AWS is busy (HTTP 500)");
  EXPECT_EQ(Error(Code::kThrottled, "AWS is busy").from({}).text(), "AWS is busy");
}

TEST(Code, EveryOneHasItsOwnName) {
  std::vector<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(Code::kInternal); ++code) names.push_back(name(static_cast<Code>(code)));
  for (std::size_t i = 0; i < names.size(); ++i) {
    EXPECT_NE(names[i], "unknown") << i;
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(names[i], names[j]);
  }
}

}  // namespace
}  // namespace tombolo
