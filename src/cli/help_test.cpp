#include "cli/help.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <set>

#include "cli/parse.hpp"
#include "cli/table.hpp"
#include "cli/test_support.hpp"

namespace tombolo::cli {
namespace {

using testing::expect_golden;
using testing::sample_commands;

TEST(Help, OfACommandHasEverything) { expect_golden("tests/data/cli/help-up.txt", help_text(sample_commands()[0])); }
TEST(Help, OfTheProgramListsTheCommands) { expect_golden("tests/data/cli/help.txt", help_text(sample_commands(), "")); }
TEST(Help, OfAGroupListsItsCommands) {
  expect_golden("tests/data/cli/help-cert.txt", help_text(sample_commands(), "cert"));
}
TEST(Help, PageIsMarkdown) { expect_golden("tests/data/cli/page-up.md", manual_page(sample_commands()[0])); }

// docs/commands/ is written by this test with TOMBOLO_REWRITE_GOLDEN=1.
TEST(Manual, EveryCommandHasItsPageAndThereIsNoPageWithoutACommand) {
  std::set<std::string> names = {"README.md"};
  expect_golden("docs/commands/README.md", manual_index(make_all(command_table())));
  for (const auto& command : make_all(command_table())) {
    names.insert(manual_file_name(command));
    expect_golden("docs/commands/" + manual_file_name(command), manual_page(command));
  }
  for (const auto& entry : std::filesystem::directory_iterator(TOMBOLO_SOURCE_DIR "/docs/commands")) {
    EXPECT_TRUE(names.contains(entry.path().filename().string()))
        << entry.path() << " belongs to no command: remove it";
  }
}

// The rules of command.hpp, for every command there is.
TEST(Commands, AreDescribedCompletely) {
  std::set<std::string> reserved;
  for (const auto& option : global_options()) {
    // A command may give a short form another meaning where the field's habit is stronger: `logs -f` follows.
    for (const auto& name : all_names(option))
      if (name.starts_with("--")) reserved.insert(name);
  }
  std::set<std::string> paths;
  for (const auto& command : make_all(command_table())) {
    SCOPED_TRACE(command.path);
    EXPECT_TRUE(paths.insert(command.path).second) << "two commands of this name";
    ASSERT_FALSE(command.summary.empty());
    EXPECT_TRUE(std::isupper(static_cast<unsigned char>(command.summary[0])));
    EXPECT_FALSE(command.summary.ends_with('.'));
    EXPECT_FALSE(command.example.empty());
    EXPECT_TRUE(command.example.find("tombolo " + command.path) != std::string::npos)
        << "the example shows another command";
    EXPECT_TRUE(command.run != nullptr);
    auto names = reserved;
    for (const auto& option : command.options) {
      EXPECT_FALSE(option.help.empty()) << option.names;
      EXPECT_FALSE(option.help.ends_with('.')) << option.names;
      EXPECT_TRUE(first_long_name(option).starts_with("--")) << option.names;
      EXPECT_FALSE(option.value.empty() && (!option.fallback.empty() || !option.choices.empty() || option.repeatable))
          << option.names << " is a flag";
      for (const auto& name : all_names(option)) EXPECT_TRUE(names.insert(name).second) << name << " is taken";
    }
    bool optional_seen = false;
    for (const auto& argument : command.arguments) {
      EXPECT_FALSE(argument.help.empty()) << argument.name;
      EXPECT_FALSE(optional_seen && argument.required) << argument.name << " can never be reached";
      EXPECT_TRUE(!argument.repeatable || &argument == &command.arguments.back()) << argument.name;
      optional_seen = optional_seen || !argument.required;
    }
  }
}

TEST(Commands, AreListedUnderTheirOwnPaths) {
  for (const auto& entry : command_table()) EXPECT_EQ(entry.path, entry.make().path);
}

TEST(Help, FitsOnATerminal) {
  for (const auto& command : make_all(command_table())) {
    std::istringstream lines(help_text(command));
    for (std::string line; std::getline(lines, line);)
      EXPECT_LE(display_width(line), 120) << command.path << ": " << line;
  }
}

}  // namespace
}  // namespace tombolo::cli
