#include "cli/passphrase.hpp"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <istream>
#include <ostream>

namespace tombolo::cli {
namespace {

// Turns the terminal's echo off for its lifetime.
class Quiet {
 public:
  Quiet() : changed_(tcgetattr(STDIN_FILENO, &before_) == 0) {
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    if (changed_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  ~Quiet() {
    if (changed_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  termios before_{};
  bool changed_;
};

Secret<std::string> read_line(Console& console, const std::string& prompt) {
  console.err << prompt << std::flush;
  std::string line;
  {
    const Quiet quiet;
    std::getline(console.in, line);
  }
  console.err << '\n';
  return Secret<std::string>(std::move(line));
}

}  // namespace

Result<Secret<std::string>> ask_passphrase(const Invocation& call, const std::string& variable, const std::string& what, Ask how) {
  const auto given = call.env.get(variable);
  if (!given.empty()) return Secret<std::string>(given);
  if (!call.console.interactive) {
    return fail(Code::kBadInput, fmt::format("the passphrase of {} is needed, and nobody can be asked for it", what),
                fmt::format("Set {}, or run this in a terminal.", variable));
  }
  auto first = read_line(call.console, fmt::format("Passphrase of {}: ", what));
  if (first.empty()) return fail(Code::kBadInput, "an empty passphrase protects nothing");
  if (how == Ask::kTwice && read_line(call.console, "Once more: ").expose() != first.expose()) {
    return fail(Code::kBadInput, "the two passphrases differ");
  }
  return first;
}

}  // namespace tombolo::cli
