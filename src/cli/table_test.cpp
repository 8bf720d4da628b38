#include "cli/table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tombolo::cli {
namespace {

using ::testing::ElementsAre;

TEST(DisplayWidth, IsWhatATerminalShows) {
  EXPECT_EQ(display_width(""), 0);
  EXPECT_EQ(display_width("mesh"), 4);
  EXPECT_EQ(display_width("Zürich"), 6);
  EXPECT_EQ(display_width("Zu\u0308rich"), 6);       // a combining diaeresis takes no column
  EXPECT_EQ(display_width("東京"), 4);
  EXPECT_EQ(display_width("\u2713 \U0001F600"), 4);  // a check mark is narrow, an emoji is wide
  EXPECT_EQ(display_width("\x1b[31mred\x1b[0m"), 3);
  EXPECT_EQ(display_width("\xff\xfe"
                          "a\xc3"),
            4);   // not UTF-8: a column for each byte
}

TEST(Table, AlignsColumnsByWidthNotBytes) {
  Table table({"NAME", "COST", "ZONE"}, {Align::kLeft, Align::kRight});
  table.add({"Zürich", "1.50", "東京"});
  table.add({"home", "12.00", "x"});
  table.add({"\x1b[32mok\x1b[0m"});
  EXPECT_EQ(table.render(),
            "NAME     COST  ZONE\n"
            "Zürich   1.50  東京\n"
            "home    12.00  x\n"
            "\x1b[32mok\x1b[0m\n");
}

TEST(Table, WithoutHeadersIsIndentedPairs) {
  Table table({"", ""});
  EXPECT_TRUE(table.empty());
  table.add({"region", "us-west-2"});
  table.add({"id", "i-1"});
  EXPECT_EQ(table.render(2), "  region  us-west-2\n  id      i-1\n");
}

TEST(Wrap, BreaksBetweenWordsAndKeepsLongOnesWhole) {
  EXPECT_THAT(wrap("one two  three\nfour", 9), ElementsAre("one two", "three", "four"));
  EXPECT_THAT(wrap("a https://example.com/long b", 6), ElementsAre("a", "https://example.com/long", "b"));
  EXPECT_THAT(wrap("東京 東京", 5), ElementsAre("東京", "東京"));
  EXPECT_THAT(wrap("  ", 5), ElementsAre());
}

TEST(Cut, NeverExceedsTheWidthAndNeverSplitsACharacter) {
  EXPECT_EQ(cut("lighthouse", 10), "lighthouse");
  EXPECT_EQ(cut("lighthouse", 9), "lighth...");
  EXPECT_EQ(cut("東京東京", 6), "東...");
  EXPECT_EQ(cut("Zürich", 5), "Zü...");
  EXPECT_EQ(cut("lighthouse", 2), "..");
}

TEST(Printable, TakesTheTerminalOutOfTheHandsOfARemote) {
  EXPECT_EQ(printable("ok\x1b[2Jgone\r\nnext\ttab"), "ok [2Jgone \nnext tab");
  EXPECT_EQ(printable("Zürich \u0085"), "Zürich  ");
}

}  // namespace
}  // namespace tombolo::cli
