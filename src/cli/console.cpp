#include "cli/console.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <iostream>

extern char** environ;

namespace tombolo::cli {
namespace {

int terminal_columns(int fallback) {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : fallback;
}

// Reading would be begun again after a signal; poll() never is (signal(7)).
bool interrupted_before_input(const Console& console) {
  if (&console.in != &std::cin) return false;
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return poll(&input, 1, -1) < 0 && errno == EINTR;
}

}  // namespace

void Console::print(const codec::Json& value) { out << codec::to_pretty_text(value) << std::flush; }

std::string paint(std::string_view text, Colour colour, bool on) {
  if (!on || colour == Colour::kNone || text.empty()) return std::string(text);
  int code = 0;
  switch (colour) {
    case Colour::kNone: break;
    case Colour::kBold: code = 1; break;
    case Colour::kRed: code = 31; break;
    case Colour::kGreen: code = 32; break;
    case Colour::kYellow: code = 33; break;
    case Colour::kBlue: code = 34; break;
    case Colour::kGrey: code = 90; break;
  }
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

Console process_console(const Environment& env, const Preferences& wishes) {
  const bool plain = wishes.no_color || !env.get("NO_COLOR").empty() || env.get("TERM") == "dumb";
  Console console{.out = std::cout, .err = std::cerr, .in = std::cin};
  console.json = wishes.json;
  console.terminal = isatty(STDOUT_FILENO) == 1 && env.get("TERM") != "dumb";
  console.colour = console.terminal && !plain;
  console.error_colour = isatty(STDERR_FILENO) == 1 && !plain;
  console.columns = terminal_columns(console.columns);
  console.interactive = isatty(STDIN_FILENO) == 1;
  return console;
}

Environment process_environment() {
  Environment env;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) env.variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return env;
}

Result<std::optional<std::string>> read_line(Console& console, const std::string& prompt) {
  console.out << std::flush;
  console.err << prompt << std::flush;
  if (interrupted_before_input(console))
    return fail(Code::kCancelled, "stopped at a question; nothing was changed by it");
  std::string line;
  if (std::getline(console.in, line)) return line;
  console.err << '\n';
  return std::nullopt;
}

Result<bool> confirm(Console& console, const std::string& question, const std::string& flag) {
  if (!console.interactive) {
    return fail(Code::kBadInput, fmt::format("\"{}\" needs an answer, and nobody is at the terminal", question),
                fmt::format("Say {} on the command line to answer yes.", flag));
  }
  const auto answer = TRY(read_line(console, question + " [y/N] "));
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace tombolo::cli
