#include "cli/passphrase.hpp"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <ostream>

#include "cli/console.hpp"

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

Result<Secret<std::string>> read_secret(Console& console, const std::string& prompt) {
  const Quiet quiet;
  auto line = TRY(read_line(console, prompt));
  if (!line) return Secret<std::string>();
  console.err << '\n';  // the one that was typed was not shown
  Secret<std::string> secret(*line);
  wipe(line->data(), line->size());
  return secret;
}

}  // namespace

Result<Secret<std::string>> ask_passphrase(const Invocation& call, const std::string& variable, const std::string& what,
                                           Ask how) {
  const auto given = call.env.get(variable);
  if (!given.empty()) return Secret<std::string>(given);
  if (!call.console.interactive) {
    return fail(Code::kBadInput, fmt::format("the passphrase of {} is needed, and nobody can be asked for it", what),
                fmt::format("Set {}, or run this in a terminal.", variable));
  }
  auto first = TRY(read_secret(call.console, fmt::format("Passphrase of {}: ", what)));
  if (first.empty()) return fail(Code::kBadInput, "an empty passphrase protects nothing");
  if (how == Ask::kTwice) {
    const auto again = TRY(read_secret(call.console, "Once more: "));
    if (again.expose() != first.expose()) return fail(Code::kBadInput, "the two passphrases differ");
  }
  return first;
}

}  // namespace tombolo::cli
