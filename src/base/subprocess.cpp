#include "base/subprocess.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/descriptor.hpp"
#include "base/secret.hpp"

extern char** environ;

namespace tombolo {
namespace {

constexpr auto kGrace = std::chrono::milliseconds(500);  // between SIGTERM and SIGKILL

struct Pipe {
  Descriptor read;
  Descriptor write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return fail(Code::kIo, fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

// Writing to a program that has stopped reading must be an error value, not the end of us. Signals that were pending
// before are left alone.
class NoSigpipe {
 public:
  NoSigpipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoSigpipe() {
    const timespec now{};
    while (!was_pending_ && sigtimedwait(&pipe_, nullptr, &now) == SIGPIPE) {}
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;

 private:
  sigset_t pipe_;
  sigset_t before_;
  bool was_pending_ = false;
};

// argv or envp: C strings that live as long as this.
class CStrings {
 public:
  void add(std::string text) { texts_.push_back(std::move(text)); }
  char* const* get() {
    pointers_.clear();
    for (auto& text : texts_) pointers_.push_back(text.data());
    pointers_.push_back(nullptr);
    return pointers_.data();
  }

 private:
  std::vector<std::string> texts_;
  std::vector<char*> pointers_;
};

CStrings environment_with(const std::map<std::string, std::string>& added) {
  CStrings all;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text(*entry);
    if (!added.contains(std::string(text.substr(0, text.find('='))))) all.add(std::string(text));
  }
  for (const auto& [name, value] : added) all.add(name + "=" + value);
  return all;
}

// The child: spawned, and, if we leave early, killed and reaped.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid), exit_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) end();
  }
  int exit_descriptor() const { return exit_.get(); }  // readable when the child has ended

  int reap() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
    pid_ = -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  void end() {
    ::kill(pid_, SIGTERM);
    pollfd wait{exit_.get(), POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(kGrace.count())) <= 0) ::kill(pid_, SIGKILL);
    reap();
  }

 private:
  pid_t pid_;
  Descriptor exit_;
};

Result<pid_t> spawn(const Subprocess& command, const Pipe& in, const Pipe& out, const Pipe& err) {
  CStrings argv;
  for (const auto& argument : command.argv) argv.add(argument);
  CStrings environment = environment_with(command.environment);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, in.read.get(), 0);
  posix_spawn_file_actions_adddup2(&files, out.write.get(), 1);
  posix_spawn_file_actions_adddup2(&files, err.write.get(), 2);

  // What we block or ignore is our business; the program starts as from a shell. It stays in our process group, so that
  // it may ask its user at the terminal, and a Ctrl-C reaches it as well.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, command.argv[0].c_str(), &files, &attributes, argv.get(), environment.get());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error == ENOENT || error == ENOTDIR)
    return fail(Code::kNotFound, fmt::format("there is no program {}", command.argv[0]));
  if (error != 0) return fail(Code::kIo, fmt::format("cannot start {}: {}", command.argv[0], std::strerror(error)));
  return pid;
}

// Takes what is there now. False when the other end is closed. kIo past the limit.
Result<bool> take(int fd, std::string& into, std::size_t limit, const std::string& program) {
  std::array<char, 16384> buffer;
  while (true) {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN;
    if (n == 0) return false;
    into.append(buffer.data(), static_cast<std::size_t>(n));
    wipe(buffer.data(), static_cast<std::size_t>(n));  // it may have been a secret
    if (into.size() > limit) return fail(Code::kIo, fmt::format("{} printed more than {} bytes", program, limit));
  }
}

// Gives what fits now; closes the pipe when all is given or nobody reads.
void give(Descriptor& fd, std::string_view& left) {
  while (!left.empty()) {
    const ssize_t n = ::write(fd.get(), left.data(), left.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0) break;
    left.remove_prefix(static_cast<std::size_t>(n));
  }
  fd.close();
}

}  // namespace

Result<SubprocessResult> run(const Subprocess& command, const std::stop_token& stop) {
  if (command.argv.empty()) return fail(Code::kInternal, "no program was named");
  const std::string& program = command.argv[0];
  if (stop.stop_requested()) return fail(Code::kCancelled, fmt::format("stopped before {} was started", program));

  auto in = TRY(make_pipe());
  auto out = TRY(make_pipe());
  auto err = TRY(make_pipe());
  Descriptor stopped(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stopped.is_open()) return fail(Code::kIo, fmt::format("cannot make an eventfd: {}", std::strerror(errno)));
  std::stop_callback wake(stop, [&] { eventfd_write(stopped.get(), 1); });

  const NoSigpipe no_sigpipe;
  Child child(TRY(spawn(command, in, out, err)));
  if (child.exit_descriptor() < 0)
    return fail(Code::kIo, fmt::format("cannot watch {}: this needs Linux 5.3 or newer", program));
  in.read.close();
  out.write.close();
  err.write.close();
  for (const int fd : {in.write.get(), out.read.get(), err.read.get()}) ::fcntl(fd, F_SETFL, O_NONBLOCK);

  SubprocessResult result;
  result.out.reserve(16384);  // a key that is printed is not copied about while the text grows
  std::string_view input = command.input;
  const auto deadline = std::chrono::steady_clock::now() + command.timeout;
  while (true) {
    if (in.write.is_open()) give(in.write, input);
    // A closed descriptor is -1, which poll() ignores.
    std::array<pollfd, 5> events{{{child.exit_descriptor(), POLLIN, 0},
                                  {stopped.get(), POLLIN, 0},
                                  {out.read.get(), POLLIN, 0},
                                  {err.read.get(), POLLIN, 0},
                                  {in.write.get(), POLLOUT, 0}}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0)
      return fail(Code::kTimeout, fmt::format("{} did not end within {}", program, format_duration(command.timeout)));
    const auto patience = static_cast<int>(std::min<std::int64_t>(left.count(), 60'000));
    if (::poll(events.data(), events.size(), patience) < 0 && errno != EINTR)
      return fail(Code::kIo, fmt::format("cannot wait for {}: {}", program, std::strerror(errno)));
    if (stop.stop_requested()) return fail(Code::kCancelled, fmt::format("{} was stopped", program));
    // What is printed before the exit is complete; what a daemon it left behind prints later is not waited for.
    const bool ended = events[0].revents != 0;
    if (out.read.is_open() && !TRY(take(out.read.get(), result.out, command.output_limit, program))) out.read.close();
    if (err.read.is_open() && !TRY(take(err.read.get(), result.err, command.output_limit, program))) err.read.close();
    if (!ended) continue;
    result.status = child.reap();
    return result;
  }
}

}  // namespace tombolo
