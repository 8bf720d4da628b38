#include "store/lock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/temp_folder.hpp"

namespace tombolo::store {
namespace {

using testing::HasSubstr;

const Time kLockedAt = *parse_time("2026-11-26T01:10:52Z");

class Lock : public testing::Test {
 protected:
  TempFolder temp;
  StateFolder folder = *StateFolder::make(temp / "state");
};

TEST_F(Lock, ASecondRunIsToldWhoHoldsTheCluster) {
  const auto first = ClusterLock::acquire(folder, "up", kLockedAt);
  ASSERT_TRUE(first) << first.error().text();
  const auto second = ClusterLock::acquire(folder, "down", kLockedAt);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::kLocked);
  EXPECT_THAT(second.error().text(),
              HasSubstr("`tombolo up` holds this cluster: process " + std::to_string(::getpid())));
  EXPECT_THAT(second.error().text(), HasSubstr("2026-11-26T01:10:52Z"));
  EXPECT_THAT(second.error().hint(), HasSubstr("kill -INT " + std::to_string(::getpid())));
}

TEST_F(Lock, IsFreeAgainWhenTheRunEnds) {
  {
    const auto first = ClusterLock::acquire(folder, "up", kLockedAt);
    ASSERT_TRUE(first);
    EXPECT_EQ(lock_holder(folder)->command, "up");
  }
  EXPECT_FALSE(lock_holder(folder));
  EXPECT_TRUE(ClusterLock::acquire(folder, "down", kLockedAt));
}

TEST_F(Lock, ARunThatWasKilledLeavesNothingBehind) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto held = ClusterLock::acquire(folder, "up", kLockedAt);
    ::kill(::getpid(), SIGKILL);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_FALSE(lock_holder(folder)) << "the dead are not named";
  EXPECT_TRUE(ClusterLock::acquire(folder, "down", kLockedAt));
}

TEST_F(Lock, AHolderWithoutANameStillHolds) {
  const auto silent = FileLock::acquire(folder.lock(), "\n");
  ASSERT_TRUE(silent);
  const auto second = ClusterLock::acquire(folder, "up", kLockedAt);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::kLocked);
  EXPECT_THAT(second.error().hint(), HasSubstr("Ctrl-C"));
}

}  // namespace
}  // namespace tombolo::store
