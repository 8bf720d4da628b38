#include "cli/console.hpp"

#include <gtest/gtest.h>

#include "cli/test_support.hpp"

namespace tombolo::cli {
namespace {

Result<bool> answered(const std::string& typed, bool interactive = true) {
  testing::Screen screen;
  screen.in.str(typed);
  screen.console.interactive = interactive;
  auto answer = confirm(screen.console, "Remove everything?", "--yes");
  EXPECT_EQ(screen.out.str(), "") << "a question is not data";
  EXPECT_EQ(screen.err.str().starts_with("Remove everything? [y/N] "), interactive);
  return answer;
}

TEST(Confirm, OnlyAYesIsAYes) {
  EXPECT_TRUE(*answered("y\n"));
  EXPECT_TRUE(*answered("yes\n"));
  EXPECT_FALSE(*answered("\n"));
  EXPECT_FALSE(*answered("yesterday\n"));
  EXPECT_FALSE(*answered(""));
}

TEST(Confirm, WithNobodyToAskNamesTheFlag) {
  const auto answer = answered("y\n", false);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kBadInput);
  EXPECT_NE(answer.error().hint().find("--yes"), std::string::npos);
}

TEST(Console, DataIsPrettyJsonOnOut) {
  testing::Screen screen;
  screen.console.print(codec::JsonObject{{"id", "i-1"}});
  EXPECT_EQ(screen.out.str(), "{\n  \"id\": \"i-1\"\n}\n");
}

TEST(Paint, IsPlainTextUnlessOn) {
  EXPECT_EQ(paint("done", Colour::kGreen, false), "done");
  EXPECT_EQ(paint("done", Colour::kGreen, true), "\x1b[32mdone\x1b[0m");
  EXPECT_EQ(paint("", Colour::kGreen, true), "");
}

TEST(ProcessConsole, HasNoColourWhereItIsNotWanted) {
  const auto coloured = [](std::map<std::string, std::string> variables, bool no_color) {
    const auto console = process_console(Environment{std::move(variables)}, {.no_color = no_color});
    return console.colour || console.error_colour;
  };
  EXPECT_FALSE(coloured({{"NO_COLOR", "1"}, {"TERM", "xterm"}}, false));
  EXPECT_FALSE(coloured({{"TERM", "dumb"}}, false));
  EXPECT_FALSE(coloured({{"TERM", "xterm"}}, true));
}

}  // namespace
}  // namespace tombolo::cli
