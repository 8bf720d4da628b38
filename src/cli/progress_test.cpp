#include "cli/progress.hpp"

#include <gtest/gtest.h>

#include <semaphore>
#include <sstream>

#include "base/virtual_clock.hpp"
#include "cli/test_support.hpp"

namespace tombolo::cli {
namespace {

using engine::Event;
using engine::EventType;

const std::string kInstance = "aws.instance/lighthouse";
const std::string kKey = "aws.key-pair/operator";

class ProgressTest : public ::testing::Test {
 protected:
  void play(Progress& progress) {
    progress.show({clock_.now(), EventType::kRunBegun, "", "", "", "up of home"});
    progress.show({clock_.now(), EventType::kStepBegun, kInstance, "create", "", ""});
    progress.show({clock_.now(), EventType::kStepBegun, kKey, "create", "", ""});
    clock_.advance(1500ms);
    progress.show({clock_.now(), EventType::kStepDone, kKey, "create", "", ""});
    progress.show({clock_.now(), EventType::kStepPhase, kInstance, "create", "running", ""});
    progress.show({clock_.now(), EventType::kStepPhase, kInstance, "create", "running", ""});
    clock_.advance(61s);
    progress.show({clock_.now(), EventType::kStepRetry, kInstance, "create", "", "no capacity in us-west-2a"});
    clock_.advance(2s);
    progress.show({clock_.now(), EventType::kStepFailed, kInstance, "create", "", "no capacity\nin any zone\n"});
    progress.show(
        {clock_.now(), EventType::kStepSkipped, "mesh.member/lighthouse", "create", "", "needs " + kInstance});
    progress.show({clock_.now(), EventType::kRunEnded, "", "", "", "failed"});
  }

  VirtualClock clock_{*parse_time("2026-11-26T01:10:52Z")};
  testing::Screen screen_;
};

TEST_F(ProgressTest, IsALineForEachEventWhereNobodyWatches) {
  Progress progress(screen_.console);
  play(progress);
  EXPECT_EQ(screen_.out.str(),
            " 0:00  begin   up of home\n"
            " 0:00  start   create aws.instance/lighthouse\n"
            " 0:00  start   create aws.key-pair/operator\n"
            " 0:01  done    create aws.key-pair/operator (1.5 s)\n"
            " 0:01          create aws.instance/lighthouse, running\n"
            " 1:02  retry   create aws.instance/lighthouse: no capacity in us-west-2a\n"
            " 1:04  failed  create aws.instance/lighthouse: no capacity\n"
            "               in any zone (" +
                format_duration(64500ms) +
                ")\n"
                " 1:04  skipped create mesh.member/lighthouse: needs aws.instance/lighthouse\n"
                " 1:04  end     failed (" +
                format_duration(64500ms) + ")\n");
}

TEST_F(ProgressTest, IsAJsonObjectForEachEvent) {
  screen_.console.json = true;
  screen_.console.terminal = true;
  Progress progress(screen_.console);
  play(progress);
  std::istringstream lines(screen_.out.str());
  std::string line;
  int count = 0;
  for (; std::getline(lines, line); ++count) {
    const auto parsed = codec::parse_json(line);
    ASSERT_TRUE(parsed) << line;
    EXPECT_FALSE(codec::text_at(*parsed, "type").empty());
    EXPECT_TRUE(parse_time(codec::text_at(*parsed, "at")));
    if (count == 6) {
      EXPECT_EQ(codec::text_at(*parsed, "address"), kInstance);
      EXPECT_EQ(codec::text_at(*parsed, "detail"), "no capacity in us-west-2a");
      EXPECT_EQ(codec::find(*parsed, "phase"), nullptr);
    }
  }
  EXPECT_EQ(count, 10);
}

// What a terminal shows after `text`: understands the two sequences Progress uses, cursor up and erase below.
std::vector<std::string> screen_after(const std::string& text) {
  std::vector<std::string> lines = {""};
  std::size_t row = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      if (++row == lines.size()) lines.emplace_back();
    } else if (text[i] == '\x1b') {
      const auto end = text.find_first_of("AJ", i);
      if (text[end] == 'A')
        row -= static_cast<std::size_t>(std::stoi(text.substr(i + 2)));
      else
        lines.resize(row + 1), lines[row].clear();
      i = end;
    } else if (text[i] != '\r') {
      lines[row] += text[i];
    }
  }
  return lines;
}

TEST_F(ProgressTest, OnATerminalRunningStepsStayBelowAndFinishedOnesScrollUp) {
  screen_.console.terminal = true;
  Progress progress(screen_.console);
  const auto start = clock_.now();
  progress.show({start, EventType::kStepBegun, kInstance, "create", "", ""});
  progress.show({start, EventType::kStepBegun, kKey, "create", "", ""});
  progress.show({start, EventType::kStepPhase, kInstance, "create", "running", "its console\nis silent"});
  progress.redraw(start + 75s);
  EXPECT_EQ(screen_after(screen_.out.str()),
            (std::vector<std::string>{" 1:15  ...     create aws.instance/lighthouse, running: its console",
                                      " 1:15  ...     create aws.key-pair/operator", ""}));
  progress.show({start + 80s, EventType::kStepDone, kKey, "create", "", ""});
  EXPECT_EQ(screen_after(screen_.out.str()),
            (std::vector<std::string>{" 1:20  done    create aws.key-pair/operator (" + format_duration(80s) + ")",
                                      " 1:20  ...     create aws.instance/lighthouse, running: its console", ""}));
}

TEST_F(ProgressTest, LeavesATerminalClean) {
  screen_.console.terminal = true;
  {
    Progress progress(screen_.console);
    progress.show({clock_.now(), EventType::kStepBegun, kInstance, "create", "", ""});
  }
  EXPECT_EQ(screen_after(screen_.out.str()), (std::vector<std::string>{""}));
}

TEST_F(ProgressTest, ManyRunningStepsDoNotFloodTheTerminal) {
  screen_.console.terminal = true;
  screen_.console.columns = 40;
  Progress progress(screen_.console);
  for (int i = 0; i < 500; ++i) {
    progress.show({clock_.now(), EventType::kStepBegun,
                   "aws.instance/a-very-long-name-of-a-worker-" + std::to_string(i), "create", "", ""});
  }
  const auto lines = screen_after(screen_.out.str());
  ASSERT_EQ(lines.size(), 12u);
  EXPECT_EQ(lines[10], "       ...     and 490 more");
  for (const auto& line : lines) EXPECT_LT(line.size(), 40u);
}

// Rings whenever something has been drawn.
class Bell final : public std::stringbuf {
 public:
  std::counting_semaphore<> drawn{0};

 private:
  int sync() override {
    drawn.release();
    return 0;
  }
};

TEST_F(ProgressTest, IsRedrawnUntilStoppedWithTheTimeOfTheRun) {
  Bell bell;
  std::ostream out(&bell);
  Console console{.out = out, .err = screen_.err, .in = screen_.in, .terminal = true};
  Progress progress(console);
  progress.show({clock_.now(), EventType::kStepBegun, kInstance, "create", "", ""});
  bell.drawn.acquire();
  clock_.advance(3500ms);
  {
    const auto redrawing = keep_redrawing(progress, clock_, 1ms);
    EXPECT_TRUE(bell.drawn.try_acquire_for(30s));
  }
  EXPECT_EQ(screen_after(bell.str())[0], " 0:03  ...     create aws.instance/lighthouse");
}

}  // namespace
}  // namespace tombolo::cli
