#include "cli/run.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstring>
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

Result<Exit> perform(const std::vector<std::string>& words, const std::vector<Command>& table, Console& console,
                     const Environment& env, const std::stop_token& stop) {
  const auto parsed = TRY(parse(words, table));
  if (parsed.request == Request::kUsage) {
    console.err << help_text(table, parsed.group);
    return Exit::kBadInput;
  }
  if (parsed.request == Request::kHelp) {
    console.out << (parsed.command != nullptr ? help_text(*parsed.command) : help_text(table, parsed.group));
    return Exit::kDone;
  }
  console.json = parsed.args.value("--output") == "json";
  log::enable(parsed.args.flag("--verbose"));
  Invocation invocation{.args = parsed.args, .console = console, .env = env, .stop = stop};
  return parsed.command->run(invocation);
}

}  // namespace

Exit run(const std::vector<std::string>& words, const std::vector<Command>& table, Console& console,
         const Environment& env, const std::stop_token& stop) {
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
  auto exit = run(words, commands(), console, env, stop.token());
  errno = 0;
  if (!std::cout.flush() && errno != EPIPE && exit == Exit::kDone) {
    exit = report(console, Error(Code::kIo, fmt::format("the output could not be written: {}", std::strerror(errno))));
  }
  return static_cast<int>(exit);
}

}  // namespace tombolo::cli
