// What ssh.cpp (connecting), ssh_shell.cpp (commands) and ssh_tunnel.cpp share of libssh: one connection, never blocking.
// For these only.
#pragma once
#include <libssh/libssh.h>
#include <poll.h>

#include <concepts>
#include <memory>

#include "net/dial.hpp"
#include "net/shell.hpp"

namespace tombolo::net {

class SshSession {
 public:
  // Takes the connected socket.
  explicit SshSession(Descriptor socket);
  SshSession(const SshSession&) = delete;
  SshSession& operator=(const SshSession&) = delete;
  ~SshSession();

  ssh_session get() const { return session_; }
  bool connected() const { return ssh_is_connected(session_) != 0; }
  std::uint64_t bytes_received() const { return traffic_.in_bytes; }
  // The library's words for what went wrong.
  std::string complaint() const { return ssh_get_error(session_); }

  // Asks `call` until it answers something else than `again`. nullopt: `until` came, or the stop was requested.
  template <std::invocable Call>
  std::optional<int> finish(Call call, int again, const Clock& clock, Time until, const std::stop_token& stop) const {
    for (;;) {
      const int answer = call();
      if (answer != again) return answer;
      if (stop.stop_requested() || clock.now() >= until) return std::nullopt;
      const bool unsent = ssh_get_poll_flags(session_) & SSH_WRITE_PENDING;
      wait_for(ssh_get_fd(session_), static_cast<short>(POLLIN | (unsent ? POLLOUT : 0)), clock, until);
    }
  }

 private:
  Descriptor socket_;
  ssh_session session_;
  ssh_counter_struct traffic_{};
  ssh_counter_struct unused_{};
};

// Whether a connection still lives: after four seconds of silence the other side is asked for a sign, and 13 seconds after it
// was last heard it counts as gone. To be asked several times a second.
class Pulse {
 public:
  Pulse(const SshSession& session, Time now)
      : session_(session), heard_(now), asked_(now), received_(session.bytes_received()) {}
  bool beats(Time now);

 private:
  const SshSession& session_;
  Time heard_;
  Time asked_;
  std::uint64_t received_;
};

// For an authenticated session.
std::unique_ptr<Shell> make_ssh_shell(std::unique_ptr<SshSession> session, std::string where, Clock& clock);

// As make_ssh_shell; a thread of its own carries the bytes.
Result<std::unique_ptr<Tunnel>> make_ssh_tunnel(std::unique_ptr<SshSession> session, std::string host,
                                                std::uint16_t port, Clock& clock);

}  // namespace tombolo::net
