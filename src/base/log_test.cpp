#include "base/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tombolo {
namespace {

TEST(Log, IsSilentUntilEnabled) {
  testing::internal::CaptureStderr();
  log::debug("before");
  log::enable(true);
  EXPECT_TRUE(log::enabled());
  log::debug("a line with {braces}");
  log::enable(false);
  log::debug("after");
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::MatchesRegex("[0-9:.]+ \\[[0-9]+\\] a line with \\{braces\\}\n"));
}

}  // namespace
}  // namespace tombolo
