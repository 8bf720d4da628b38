#include "base/subprocess.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <thread>

namespace tombolo {
namespace {

using testing::HasSubstr;

Subprocess shell(std::string script) {
  Subprocess command;
  command.argv = {"sh", "-c", std::move(script)};
  return command;
}

TEST(RunProgram, GivesStatusAndBothStreams) {
  const auto result = run(shell("echo out; echo err >&2; exit 3"), {});
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(result->status, 3);
  EXPECT_EQ(result->out, "out\n");
  EXPECT_EQ(result->err, "err\n");
}

TEST(RunProgram, ArgumentsReachItUnchanged) {
  Subprocess command;
  command.argv = {"printf", "%s|", "a b", "$HOME", "*", ""};
  EXPECT_EQ(run(command, {})->out, "a b|$HOME|*||");
}

TEST(RunProgram, InputLargerThanAPipeGoesThroughWhileOutputComesBack) {
  Subprocess command;
  command.argv = {"cat"};
  for (int i = 0; i < 100'000; ++i) command.input += "line " + std::to_string(i) + "\n";
  command.output_limit = 4 << 20;
  const auto result = run(command, {});
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(result->out, command.input);
}

TEST(RunProgram, WithoutInputItReadsTheEndAtOnce) { EXPECT_EQ(run(shell("cat; echo end"), {})->out, "end\n"); }

TEST(RunProgram, OneThatDoesNotReadItsInputDoesNotHarmUs) {
  auto command = shell("exec 0<&-; echo done");
  command.input = std::string(1 << 20, 'x');
  const auto result = run(command, {});
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(result->out, "done\n");
  sigset_t pending;
  sigpending(&pending);
  EXPECT_FALSE(sigismember(&pending, SIGPIPE));
}

TEST(RunProgram, EnvironmentIsOursPlusWhatIsGiven) {
  ::setenv("TOMBOLO_TEST_KEPT", "kept", 1);
  ::setenv("TOMBOLO_TEST_CHANGED", "old", 1);
  auto command = shell("echo $TOMBOLO_TEST_KEPT $TOMBOLO_TEST_CHANGED");
  command.environment["TOMBOLO_TEST_CHANGED"] = "new";
  EXPECT_EQ(run(command, {})->out, "kept new\n");
}

TEST(RunProgram, AnAbsentProgramIsNotFound) {
  Subprocess command;
  command.argv = {"tombolo-there-is-no-such-program"};
  const auto result = run(command, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::kNotFound);
  EXPECT_THAT(result.error().text(), HasSubstr("tombolo-there-is-no-such-program"));
}

TEST(RunProgram, AFolderIsNotAProgram) {
  Subprocess command;
  command.argv = {"/tmp"};
  EXPECT_EQ(run(command, {}).error().code(), Code::kIo);
}

TEST(RunProgram, DeathBySignalIs128AndMore) { EXPECT_EQ(run(shell("kill -9 $$"), {})->status, 137); }

TEST(RunProgram, IsEndedWhenItsTimeIsOver) {
  Subprocess command;
  command.argv = {"sleep", "600"};
  command.timeout = 50ms;
  const auto before = std::chrono::steady_clock::now();
  const auto result = run(command, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::kTimeout);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 30s);
}

TEST(RunProgram, OneThatIgnoresTheFriendlySignalIsKilled) {
  auto command = shell("trap '' TERM; while :; do :; done");
  command.timeout = 100ms;
  EXPECT_EQ(run(command, {}).error().code(), Code::kTimeout);
}

TEST(RunProgram, AStopEndsIt) {
  std::stop_source stop;
  Subprocess command;
  command.argv = {"sleep", "600"};
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_EQ(run(command, stop.get_token()).error().code(), Code::kCancelled);
  EXPECT_EQ(run(command, stop.get_token()).error().code(), Code::kCancelled) << "and it is not even started";
}

TEST(RunProgram, TooMuchOutputIsAnErrorAndNotAMemoryProblem) {
  Subprocess command;
  command.argv = {"cat", "/dev/zero"};
  const auto result = run(command, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::kIo);
}

TEST(RunProgram, ADaemonThatKeepsThePipesOpenIsNotWaitedFor) {
  const auto result = run(shell("sleep 20 & echo $!"), {});
  ASSERT_TRUE(result) << result.error().text();
  const auto daemon = std::atoi(result->out.c_str());
  EXPECT_EQ(::kill(daemon, 0), 0) << "it still runs, and we are back";
  ::kill(daemon, SIGKILL);
}

TEST(RunProgram, StartsWithNoSignalBlockedOrIgnored) {
  sigset_t pipe, before;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &pipe, &before);
  const auto result = run(shell("grep -E 'SigBlk' /proc/self/status"), {});
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_THAT(result->out, HasSubstr("0000000000000000"));
}

TEST(RunProgram, ManyAtATimeDoNotHoldEachOthersPipes) {
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([t] {
      for (int i = 0; i < 10; ++i) {
        auto command = shell("cat");
        command.input = std::to_string(t * 100 + i);
        const auto result = run(command, {});
        ASSERT_TRUE(result) << result.error().text();
        EXPECT_EQ(result->out, command.input);
      }
    });
}

}  // namespace
}  // namespace tombolo
