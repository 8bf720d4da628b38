#include "cli/signals.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <semaphore>

namespace tombolo::cli {
namespace {

TEST(StopOnSignal, TheFirstSignalAsksToStopAndSaysSo) {
  ::testing::internal::CaptureStderr();
  {
    const StopOnSignal signals;
    EXPECT_FALSE(signals.token().stop_requested());
    std::binary_semaphore stopped{0};
    const std::stop_callback tell(signals.token(), [&] { stopped.release(); });
    std::raise(SIGTERM);
    EXPECT_TRUE(stopped.try_acquire_for(std::chrono::seconds(30)));
    EXPECT_TRUE(signals.token().stop_requested());
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "stopping: finishing the calls in flight; press Ctrl-C again to stop hard\n");
}

TEST(StopOnSignalDeathTest, TheSecondSignalEndsTheProcessWithExitCode4) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        const StopOnSignal signals;
        std::raise(SIGINT);
        std::raise(SIGINT);
      },
      ::testing::ExitedWithCode(4), "stopping");
}

TEST(StopOnSignal, MayFollowAnotherOne) {
  { const StopOnSignal first; }
  const StopOnSignal second;
  EXPECT_FALSE(second.token().stop_requested());
}

}  // namespace
}  // namespace tombolo::cli
