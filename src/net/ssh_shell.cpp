#include <fmt/format.h>
#include <libssh/callbacks.h>

#include <algorithm>
#include <utility>

#include "net/ssh_session.hpp"

namespace tombolo::net {
namespace {

constexpr std::size_t kInputPiece = 65536;  // bytes written at a time
constexpr Duration kOpening =
    std::chrono::seconds(20);  // for a channel and a command's start where the caller sets no limit
constexpr int kPollMilliseconds = 100;

// RFC 4254 6.10: names without "SIG". The numbers are Linux's, whatever this computer is.
int signal_number(std::string_view name) {
  constexpr std::pair<std::string_view, int> kKnown[] = {
      {"HUP", 1},   {"INT", 2},   {"QUIT", 3},  {"ILL", 4},   {"ABRT", 6},  {"FPE", 8},  {"KILL", 9},
      {"USR1", 10}, {"SEGV", 11}, {"USR2", 12}, {"PIPE", 13}, {"ALRM", 14}, {"TERM", 15}};
  for (const auto& [known, number] : kKnown)
    if (known == name) return number;
  return 127;  // one that SSH has no name for
}

// One command: the library's callbacks write here.
struct Running {
  const Shell::Sink& sink;
  std::optional<int> status;
  bool closed = false;
  bool unwanted = false;  // the sink has had enough
};

Running& running(void* user) { return *static_cast<Running*>(user); }

int on_data(ssh_session, ssh_channel, void* data, std::uint32_t size, int is_error, void* user) {
  auto& command = running(user);
  if (!command.unwanted) command.unwanted = !command.sink({static_cast<const char*>(data), size}, is_error != 0);
  return static_cast<int>(size);
}
void on_status(ssh_session, ssh_channel, int status, void* user) { running(user).status = status; }
void on_signal(ssh_session, ssh_channel, const char* name, int, const char*, const char*, void* user) {
  running(user).status = 128 + signal_number(name ? name : "");
}
void on_close(ssh_session, ssh_channel, void* user) { running(user).closed = true; }

// A channel and its callbacks; both go before the session does.
class Channel {
 public:
  Channel(ssh_session session, Running& command) : channel_(ssh_channel_new(session)) {
    callbacks_.size = sizeof callbacks_;
    callbacks_.userdata = &command;
    callbacks_.channel_data_function = on_data;
    callbacks_.channel_exit_status_function = on_status;
    callbacks_.channel_exit_signal_function = on_signal;
    callbacks_.channel_close_function = on_close;
    if (channel_) ssh_set_channel_callbacks(channel_, &callbacks_);
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel() {
    if (!channel_) return;
    ssh_remove_channel_callbacks(channel_, &callbacks_);
    ssh_channel_free(channel_);
  }
  ssh_channel get() const { return channel_; }

 private:
  ssh_channel_callbacks_struct callbacks_{};
  ssh_channel channel_;
};

class SshShell final : public Shell {
 public:
  SshShell(std::unique_ptr<SshSession> session, std::string where, Clock& clock)
      : clock_(clock), where_(std::move(where)), session_(std::move(session)), event_(ssh_event_new()) {
    ssh_event_add_session(event_, session_->get());
  }
  SshShell(const SshShell&) = delete;
  SshShell& operator=(const SshShell&) = delete;
  ~SshShell() override { hang_up(); }

  Result<Output> run(const std::string& command, const RunOptions& options, const std::stop_token& stop) override {
    Output output;
    bool too_much = false;
    const Sink keep = [&](std::string_view piece, bool is_error) {
      auto& to = is_error ? output.err : output.out;
      too_much = to.size() + piece.size() > options.limit;
      if (!too_much) to += piece;
      return !too_much;
    };
    Running state{keep, {}};
    auto status = execute(command, options.input, state, clock_.now() + options.patience, stop);
    if (too_much)
      return fail(Code::kUnsupported, fmt::format("a command on {} wrote more than {} bytes", where_, options.limit));
    output.status = TRY(std::move(status));
    return output;
  }

  Result<int> stream(const std::string& command, const Sink& sink, const std::stop_token& stop) override {
    Running state{sink, {}};
    auto status = execute(command, {}, state, std::nullopt, stop);
    if (state.unwanted) hang_up();
    return status;
  }

 private:
  Result<int> execute(const std::string& command, std::string_view input, Running& state, std::optional<Time> until,
                      const std::stop_token& stop);
  Result<int> converse(Channel& channel, std::string_view input, Running& state, std::optional<Time> until,
                       const std::stop_token& stop);
  Result<> start(Channel& channel, const std::string& command, Time until, const std::stop_token& stop);

  // Whoever went away in the middle of something cannot go on with this connection.
  void hang_up() {
    if (!session_) return;
    ssh_event_remove_session(event_, session_->get());
    ssh_event_free(event_);
    session_.reset();
  }

  tl::unexpected<Error> lost(std::string_view why) const {
    return fail(Code::kTransient, fmt::format("the connection to {} is lost: {}", where_, why),
                "What the command did before is unknown.");
  }

  tl::unexpected<Error> over(const std::stop_token& stop) const {
    if (stop.stop_requested()) return fail(Code::kCancelled, fmt::format("stopped while a command ran on {}", where_));
    return fail(Code::kTransient, fmt::format("a command on {} did not end in time", where_),
                "What it did before is unknown.");
  }

  Clock& clock_;
  std::string where_;
  std::unique_ptr<SshSession> session_;
  ssh_event event_;
};

Result<> SshShell::start(Channel& channel, const std::string& command, Time until, const std::stop_token& stop) {
  const auto step = [&](auto call, std::string_view doing) -> Result<> {
    const auto answer = session_->finish(call, SSH_AGAIN, clock_, until, stop);
    if (!answer) return over(stop);
    if (*answer == SSH_OK) return {};
    if (!session_->connected()) return lost(session_->complaint());
    return fail(Code::kUnsupported, fmt::format("{} refuses to {}: {}", where_, doing, session_->complaint()));
  };
  TRY(step([&] { return ssh_channel_open_session(channel.get()); }, "open a channel"));
  return step([&] { return ssh_channel_request_exec(channel.get(), command.c_str()); }, "run a command");
}

Result<int> SshShell::converse(Channel& channel, std::string_view input, Running& state, std::optional<Time> until,
                               const std::stop_token& stop) {
  Pulse pulse(*session_, clock_.now());
  bool feeding = true;
  while (!state.closed && !state.unwanted) {
    bool wrote = false;
    if (feeding && !input.empty()) {
      const auto size = static_cast<std::uint32_t>(std::min(input.size(), kInputPiece));
      const int written = ssh_channel_write(channel.get(), input.data(), size);
      wrote = written > 0;
      if (wrote) input.remove_prefix(static_cast<std::size_t>(written));
      if (written < 0 && written != SSH_AGAIN) feeding = false;  // the command reads no more: its output still counts
    }
    if (feeding && input.empty()) {
      ssh_channel_send_eof(channel.get());
      feeding = false;
    }
    if (state.closed || state.unwanted) break;
    if (ssh_event_dopoll(event_, wrote ? 0 : kPollMilliseconds) == SSH_ERROR || !session_->connected()) {
      if (state.closed && state.status) break;
      return lost(session_->complaint());
    }
    const Time now = clock_.now();
    if (stop.stop_requested() || (until && now >= *until)) return over(stop);
    if (!pulse.beats(now)) return lost("it has given no sign of life");
  }
  if (state.unwanted) return 0;
  if (!state.status) return lost("the command ended without its exit status");
  return *state.status;
}

Result<int> SshShell::execute(const std::string& command, std::string_view input, Running& state,
                              std::optional<Time> until, const std::stop_token& stop) {
  if (!session_) return lost("it was closed before");
  Result<int> status = 0;
  {
    Channel channel(session_->get(), state);
    if (!channel.get()) return lost(session_->complaint());
    auto started = start(channel, command, until.value_or(clock_.now() + kOpening), stop);
    status = started ? converse(channel, input, state, until, stop) : fail(std::move(started.error()));
  }
  if (!status && status.error().code() != Code::kUnsupported) hang_up();
  return status;
}

}  // namespace

std::unique_ptr<Shell> make_ssh_shell(std::unique_ptr<SshSession> session, std::string where, Clock& clock) {
  return std::make_unique<SshShell>(std::move(session), std::move(where), clock);
}

}  // namespace tombolo::net
