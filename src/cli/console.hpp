// The console of a process, and the few colours we use. What is bright on a terminal is plain text everywhere else.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "cli/command.hpp"
#include "cli/parse.hpp"

namespace tombolo::cli {

enum class Colour { kNone, kRed, kGreen, kYellow, kBlue, kGrey, kBold };

// `text` in that colour when `on`, and as it is otherwise.
std::string paint(std::string_view text, Colour colour, bool on);

// std::cout, std::cerr and std::cin. Colour needs a terminal, NO_COLOR unset or empty (no-color.org), TERM not "dumb",
// and no --no-color.
Console process_console(const Environment& env, const Preferences& wishes);

// The environment of the process.
Environment process_environment();

// Shows `prompt` on err and reads a line from in; nullopt at its end. Errors: kCancelled after Ctrl-C.
Result<std::optional<std::string>> read_line(Console& console, const std::string& prompt);

// Asks on err, reads a line from in. Only "y" and "yes" are a yes; an end of input is a no.
// Errors: kBadInput when nobody can be asked (the hint names `flag`, such as "--yes").
Result<bool> confirm(Console& console, const std::string& question, const std::string& flag);

}  // namespace tombolo::cli
