// From the words of a command line to a command and its arguments. Looks only at the one command that was asked for:
// starting takes the same time however many commands there are.
//
// The rules are those of getopt_long, made strict where a slip could run something else than what was meant: an empty
// value, a value that looks like an option, and an option given twice are errors. Long names are also taken with one
// dash ("-name"), as users of nebula-cert write them. Why no library does this: docs/adr/0005.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "cli/command.hpp"

namespace tombolo::cli {

// The options every command has: -f, -o, --state, --sim, --verbose, --no-color, --help.
const std::vector<Option>& global_options();

enum class Request { kRun, kHelp, kUsage };  // kUsage: no command was named, so the help is an answer to a mistake

struct Parsed {
  Request request = Request::kRun;
  std::shared_ptr<const Command> command;  // null with kHelp and kUsage: the help of `group`
  std::string group;                 // "cert"; "" is the whole program
  Arguments args;
};

// `words` is argv without the program's name. Global options may stand before the command.
// Errors: kBadInput, with the nearest valid name where one is near.
Result<Parsed> parse(const std::vector<std::string>& words, const CommandTable& table);

// What can be told before parsing, because a parse that fails has to be reported in this form too.
struct Preferences {
  bool json = false;
  bool no_color = false;
};
Preferences preferences(const std::vector<std::string>& words);

// "--networks" of "--networks,--ip"; "--yes" of "-y,--yes": the name Arguments knows the option by.
std::string first_long_name(const Option& option);
// {"-y", "--yes"} of "-y,--yes".
std::vector<std::string> all_names(const Option& option);

}  // namespace tombolo::cli
