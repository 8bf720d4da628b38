#include "cli/signals.hpp"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>

#include "cli/command.hpp"

namespace tombolo::cli {
namespace {

// What the handler touches; it may do little more than write to a pipe and end the process (signal-safety(7)).
std::atomic<int> signals_seen{0};
int wake_up[2] = {-1, -1};
termios terminal_at_start{};
bool on_terminal = false;

constexpr std::string_view kStopping = "stopping: finishing the calls in flight; press Ctrl-C again to stop hard\n";

void say(std::string_view text) {
  if (write(STDERR_FILENO, text.data(), text.size()) < 0) return;  // nobody listens, and there is nobody else to tell
}

[[noreturn]] void end_hard() {
  if (on_terminal)
    tcsetattr(STDIN_FILENO, TCSANOW, &terminal_at_start);  // a passphrase may have been asked for: echo is off
  _exit(static_cast<int>(Exit::kCancelled));
}

void on_signal(int) {
  const int saved = errno;
  if (signals_seen.fetch_add(1) > 0) end_hard();
  say(kStopping);
  if (write(wake_up[1], "s", 1) < 0) end_hard();
  errno = saved;
}

void install(void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

StopOnSignal::StopOnSignal() {
  signals_seen = 0;
  on_terminal = tcgetattr(STDIN_FILENO, &terminal_at_start) == 0;
  if (pipe2(wake_up, O_CLOEXEC) != 0) return;  // no descriptors left: Ctrl-C keeps its default, which ends the process
  listener_ = std::jthread([this] {
    char word = 0;
    while (read(wake_up[0], &word, 1) < 0 && errno == EINTR) {}
    if (word == 's') source_.request_stop();
  });
  install(on_signal);
}

StopOnSignal::~StopOnSignal() {
  if (!listener_.joinable()) return;
  install(SIG_DFL);
  if (write(wake_up[1], "q", 1) < 0) std::abort();  // a one-byte write to our own pipe
  listener_.join();
  close(wake_up[0]);
  close(wake_up[1]);
}

}  // namespace tombolo::cli
