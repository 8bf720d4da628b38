#include "cli/run.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <iostream>

#include "base/log.hpp"
#include "cli/console.hpp"
#include "cli/help.hpp"
#include "cli/parse.hpp"
#include "cli/report.hpp"
#include "cli/signals.hpp"

namespace tombolo::cli {
namespace {

Error internal_error(const std::string& what, const std::vector<std::string>& words) {
  return Error(Code::kInternal, fmt::format("tombolo {} met a fault of its own: {}", TOMBOLO_VERSION, what))
      .hint(fmt::format(
          "Nothing is lost: the journal knows what was begun, and running the command again goes on from there. "
          "Please report this line, what \"tombolo version\" prints, and what happened before{}.",
          words.empty() ? "" : fmt::format(" (the command was \"{}\")", words.front())));
}

// `tombolo show | head` is no failure: who stopped reading has what they wanted.
bool reader_is_gone() {
  pollfd out{.fd = STDOUT_FILENO, .events = 0, .revents = 0};
  return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

Result<Exit> perform(const std::vector<std::string>& words, const CommandTable& table, Console& console,
                     const Environment& env, const std::stop_token& stop) {
  const auto parsed = TRY(parse(words, table));
  if (parsed.request == Request::kUsage) {
    console.err << help_text(make_all(table), parsed.group);
    return Exit::kBadInput;
  }
  if (parsed.request == Request::kHelp) {
    console.out << (parsed.command != nullptr ? help_text(*parsed.command) : help_text(make_all(table), parsed.group));
    return Exit::kDone;
  }
  console.json = parsed.args.value("--output") == "json";
  log::enable(parsed.args.flag("--verbose"));
  Invocation invocation{.args = parsed.args, .console = console, .env = env, .stop = stop};
  return parsed.command->run(invocation);
}

}  // namespace

Exit run(const std::vector<std::string>& words, const CommandTable& table, Console& console, const Environment& env,
         const std::stop_token& stop) {
  try {
    const auto done = perform(words, table, console, env, stop);
    return done ? *done : report(console, done.error());
  } catch (const std::exception& fault) {
    return report(console, internal_error(fault.what(), words));
  } catch (...) {
    return report(console, internal_error("an unknown exception", words));
  }
}

int run_process(int argc, char** argv) {
  // A reader that goes away (`tombolo up | head`) or a peer that closes its connection must not end a run half way.
  std::signal(SIGPIPE, SIG_IGN);
  // Nor a limit on file sizes: the write fails, and that is said in words.
  std::signal(SIGXFSZ, SIG_IGN);
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  const auto env = process_environment();
  auto console = process_console(env, preferences(words));
  const StopOnSignal stop;
  auto exit = run(words, command_table(), console, env, stop.token());
  std::cout.flush();
  if (!std::cout && !reader_is_gone() && exit == Exit::kDone) {
    exit = report(console, Error(Code::kIo, "the output could not be written")
                               .hint("The disk it goes to may be full; what the command did is done nevertheless."));
  }
  return static_cast<int>(exit);
}

}  // namespace tombolo::cli
