#include "base/diagnostics.hpp"

#include <gmock/gmock.h>

namespace tombolo {
namespace {

Diagnostic at(int line, int column, int length, std::string message, std::string hint = "") {
  Diagnostic d;
  d.file = "tombolo.yaml";
  d.at = {line, column};
  d.length = length;
  d.message = std::move(message);
  d.hint = std::move(hint);
  return d;
}

std::string render(Diagnostic d, std::string_view text) {
  Diagnostics diagnostics;
  diagnostics.add(std::move(d));
  return diagnostics.render(text);
}

TEST(Diagnostics, ShowWhereWhatAndWhatNext) {
  EXPECT_EQ(render(at(2, 12, 12, "it overlaps", "Take another."), "cloud:\n  podCIDR: 10.42.0.0/16\n"),
            "tombolo.yaml:2:12: it overlaps\n"
            "  2 |   podCIDR: 10.42.0.0/16\n"
            "    |            ^~~~~~~~~~~~\n"
            "  Take another.\n");
}

TEST(Diagnostics, WithoutAPositionOnlyTheFileIsNamed) {
  EXPECT_EQ(render(at(0, 0, 1, "the file is empty"), "x"), "tombolo.yaml: the file is empty\n");
}

TEST(Diagnostics, WarningsAreCalledSoAndAreNoErrors) {
  auto d = at(1, 1, 1, "careful");
  d.severity = Severity::kWarning;
  Diagnostics diagnostics;
  diagnostics.add(d);
  EXPECT_FALSE(diagnostics.has_errors());
  EXPECT_THAT(diagnostics.render("x"), testing::StartsWith("tombolo.yaml:1:1: warning: careful\n"));
  diagnostics.add(at(1, 1, 1, "wrong"));
  EXPECT_TRUE(diagnostics.has_errors());
}

TEST(Diagnostics, ColumnsCountCharactersNotBytes) {
  EXPECT_EQ(render(at(1, 8, 3, "m"), "n: \xc3\xa9\xc3\xa9 xyz"),
            "tombolo.yaml:1:8: m\n"
            "  1 | n: \xc3\xa9\xc3\xa9 xyz\n"
            "    |        ^~\n");
}

TEST(Diagnostics, TabsStayAboveTabs) {
  EXPECT_THAT(render(at(1, 3, 1, "m"), "\t\tx: 1"), testing::HasSubstr("  1 | \t\tx: 1\n    | \t\t^\n"));
}

TEST(Diagnostics, UnderlineEndsWithTheLine) {
  EXPECT_THAT(render(at(1, 4, 99, "m"), "a: bc"), testing::HasSubstr("    |    ^~\n"));
  EXPECT_THAT(render(at(1, 3, 5, "m"), "a:"), testing::HasSubstr("    |   ^\n"));
}

TEST(Diagnostics, LongLinesAreCutAroundTheFault) {
  const auto text = render(at(1, 1001, 3, "m"), std::string(1000, 'a') + "XYZ" + std::string(1000, 'b'));
  EXPECT_THAT(text, testing::HasSubstr("aXYZb"));
  EXPECT_LT(text.size(), 400u);
}

TEST(Diagnostics, NothingOfTheFileReachesTheTerminalAsAnOrder) {
  const auto text = render(at(1, 1, 1, "\x1b[31m is no name"), "\x1b]0;title\x07");
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\x07'), std::string::npos);
}

TEST(Diagnostics, WindowsLineEndsAreNotShown) {
  EXPECT_THAT(render(at(1, 1, 1, "m"), "a: b\r\nc: d\r\n"), testing::HasSubstr("  1 | a: b\n"));
}

TEST(Diagnostics, SortsByPositionAndKeepsTheOrderOfEquals) {
  Diagnostics diagnostics;
  for (auto d : {at(3, 1, 1, "third"), at(1, 5, 1, "first"), at(3, 1, 1, "fourth"), at(1, 9, 1, "second")})
    diagnostics.add(d);
  diagnostics.sort();
  std::vector<std::string> order;
  for (const auto& d : diagnostics.list()) order.push_back(d.message);
  EXPECT_THAT(order, testing::ElementsAre("first", "second", "third", "fourth"));
}

TEST(Nearest, FindsSlipsOfTheFinger) {
  const std::vector<std::string> keys{"region", "workers", "podCIDR", "serviceCIDR"};
  EXPECT_EQ(nearest("regoin", keys), "region");
  EXPECT_EQ(nearest("worker", keys), "workers");
  EXPECT_EQ(nearest("podCidr", keys), "podCIDR");
  EXPECT_EQ(nearest("serviceCDIR", keys), "serviceCIDR");
}

TEST(Nearest, SuggestsNothingForAnotherWord) {
  EXPECT_EQ(nearest("frobnicate", {"region", "workers"}), "");
  EXPECT_EQ(nearest("", {"a"}), "");
  EXPECT_EQ(nearest("x", {"y"}), "");
  EXPECT_EQ(nearest(std::string(10'000, 'a'), {"a"}), "");
}

}  // namespace
}  // namespace tombolo
