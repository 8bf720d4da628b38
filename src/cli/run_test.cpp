#include "cli/run.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

#include "cli/test_support.hpp"

namespace tombolo::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class RunTest : public ::testing::Test {
 protected:
  Exit run_with(const std::vector<std::string>& words, std::function<Result<Exit>(Invocation&)> body = {}) {
    auto commands = testing::sample_commands();
    if (body) commands[0].run = std::move(body);
    return run(words, testing::table_of(commands), screen_.console, Environment{}, {});
  }

  testing::Screen screen_;
};

TEST_F(RunTest, TheExitCodeIsTheCommands) {
  EXPECT_EQ(run_with({"up"}), Exit::kDone);
  EXPECT_EQ(run_with({"up"}, [](Invocation&) -> Result<Exit> { return Exit::kChangesPending; }), Exit::kChangesPending);
  EXPECT_EQ(run_with({"up"}, [](Invocation&) -> Result<Exit> { return fail(Code::kQuota, "no"); }), Exit::kFailed);
  EXPECT_EQ(run_with({"up"}, [](Invocation&) -> Result<Exit> { return fail(Code::kBadInput, "no"); }), Exit::kBadInput);
  EXPECT_EQ(run_with({"up"}, [](Invocation&) -> Result<Exit> { return fail(Code::kCancelled, "no"); }),
            Exit::kCancelled);
}

TEST_F(RunTest, AMistakeOnTheCommandLineIsBadInputAndRunsNothing) {
  bool ran = false;
  EXPECT_EQ(run_with({"up", "--dryrun"},
                     [&](Invocation&) -> Result<Exit> {
                       ran = true;
                       return Exit::kDone;
                     }),
            Exit::kBadInput);
  EXPECT_FALSE(ran);
  EXPECT_EQ(screen_.out.str(), "");
  EXPECT_EQ(screen_.err.str(), "error: there is no option --dryrun\n  tombolo up --help shows what it takes.\n");
}

TEST_F(RunTest, HelpGoesToOutWhenAskedForAndToErrWhenNot) {
  EXPECT_EQ(run_with({"--help"}), Exit::kDone);
  EXPECT_THAT(screen_.out.str(), HasSubstr("cert sign"));
  EXPECT_EQ(screen_.err.str(), "");
  screen_.out.str("");
  EXPECT_EQ(run_with({}), Exit::kBadInput);
  EXPECT_EQ(screen_.out.str(), "");
  EXPECT_THAT(screen_.err.str(), HasSubstr("cert sign"));
}

TEST_F(RunTest, JsonIsSetForTheCommand) {
  run_with({"up", "-o", "json"}, [](Invocation& call) -> Result<Exit> {
    EXPECT_TRUE(call.console.json);
    return Exit::kDone;
  });
  run_with({"up", "-o", "text"}, [](Invocation& call) -> Result<Exit> {
    EXPECT_FALSE(call.console.json);
    return Exit::kDone;
  });
}

TEST_F(RunTest, AnExceptionIsAFaultOfOursWithWhatToReport) {
  EXPECT_EQ(run_with({"up"}, [](Invocation&) -> Result<Exit> { throw std::logic_error("impossible plan"); }),
            Exit::kFailed);
  EXPECT_THAT(screen_.err.str(),
              StartsWith("error: tombolo " TOMBOLO_VERSION " met a fault of its own: impossible plan\n"));
  EXPECT_THAT(screen_.err.str(), HasSubstr("tombolo version"));
  EXPECT_EQ(run_with({"up"}, [](Invocation&) -> Result<Exit> { throw 7; }), Exit::kFailed);
}

// Becomes `tombolo version` with standard output going to `out`.
[[noreturn]] void become_version(int out) {
  dup2(out, STDOUT_FILENO);
  char name[] = "tombolo";
  char word[] = "version";
  char* argv[] = {name, word, nullptr};
  std::exit(run_process(2, argv));
}

class ProcessDeathTest : public ::testing::Test {
 protected:
  void SetUp() override { ::testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

TEST_F(ProcessDeathTest, AFullDiskIsAFailure) {
  EXPECT_EXIT(become_version(open("/dev/full", O_WRONLY)), ::testing::ExitedWithCode(1),
              "the output could not be written");
}

TEST_F(ProcessDeathTest, AReaderThatStopsReadingIsNone) {
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  close(pipe_ends[0]);
  EXPECT_EXIT(become_version(pipe_ends[1]), ::testing::ExitedWithCode(0), "^$");
  close(pipe_ends[1]);
}

}  // namespace
}  // namespace tombolo::cli
