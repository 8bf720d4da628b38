#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <list>
#include <thread>
#include <utility>
#include <vector>

#include "net/ssh_session.hpp"

namespace tombolo::net {
namespace {

constexpr int kMostConnections = 64;
constexpr std::size_t kPiece = 65536;  // bytes held in each direction of one connection

// One connection: a socket here, a channel of the machine's there, and what one has given that the other has not taken.
class Pipe {
 public:
  Pipe(Descriptor socket, ssh_session session) : socket_(std::move(socket)), channel_(ssh_channel_new(session)) {}
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    if (channel_) ssh_channel_free(channel_);
  }

  bool over() const { return over_ || !channel_; }
  // Nothing before the machine has opened its channel: what waits at the socket would only wake us again and again.
  short wants() const {
    if (!open_) return 0;
    short events = 0;
    if (!near_ended_ && out_.size() < kPiece) events |= POLLIN;
    if (!in_.empty()) events |= POLLOUT;
    return events;
  }
  int socket() const { return socket_.get(); }

  // Carries what can be carried without waiting. True when something moved.
  bool carry(const std::string& host, int port) {
    if (over()) return false;
    if (!open_) {
      const int answer = ssh_channel_open_forward(channel_, host.c_str(), port, "127.0.0.1", 0);
      if (answer == SSH_AGAIN) return false;
      if (answer != SSH_OK) return end();
      open_ = true;
    }
    bool moved = take_near();  // each has its turn, whatever the one before it moved
    moved |= give_far();
    moved |= take_far();
    moved |= give_near();
    if (far_ended_ && in_.empty() && (near_ended_ || ssh_channel_is_closed(channel_))) return end();
    return moved;
  }

 private:
  bool end() {
    over_ = true;
    return true;
  }
  bool take_near() {
    if (near_ended_ || out_.size() >= kPiece) return false;
    char piece[16384];
    const auto got = ::recv(socket_.get(), piece, sizeof piece, 0);
    if (got > 0) {
      out_.append(piece, static_cast<std::size_t>(got));
      return true;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    near_ended_ = true;
    if (got < 0) return end();
    return true;
  }
  bool give_far() {
    bool moved = false;
    if (!out_.empty() && ssh_channel_window_size(channel_) > 0) {
      const int sent = ssh_channel_write(channel_, out_.data(), static_cast<std::uint32_t>(out_.size()));
      if (sent < 0 && sent != SSH_AGAIN) return end();
      if (sent > 0) {
        out_.erase(0, static_cast<std::size_t>(sent));
        moved = true;
      }
    }
    if (near_ended_ && out_.empty() && !told_end_) {
      ssh_channel_send_eof(channel_);
      told_end_ = true;
      moved = true;
    }
    return moved;
  }
  bool take_far() {
    if (far_ended_ || in_.size() >= kPiece) return false;
    char piece[16384];
    const int got = ssh_channel_read_nonblocking(channel_, piece, sizeof piece, 0);
    if (got > 0) {
      in_.append(piece, static_cast<std::size_t>(got));
      return true;
    }
    if (got == 0 && !ssh_channel_is_eof(channel_)) return false;
    if (got == SSH_AGAIN) return false;
    far_ended_ = true;
    return true;
  }
  bool give_near() {
    if (!in_.empty()) {
      const auto sent = ::send(socket_.get(), in_.data(), in_.size(), MSG_NOSIGNAL);
      if (sent < 0) return errno == EAGAIN || errno == EINTR ? false : end();
      in_.erase(0, static_cast<std::size_t>(sent));
    }
    if (far_ended_ && in_.empty() && !shut_) {
      ::shutdown(socket_.get(), SHUT_WR);
      shut_ = true;
    }
    return !in_.empty() ? false : shut_ && !std::exchange(said_shut_, true);
  }

  Descriptor socket_;
  ssh_channel channel_;
  std::string out_, in_;
  bool open_ = false, near_ended_ = false, far_ended_ = false, told_end_ = false, shut_ = false, said_shut_ = false,
       over_ = false;
};

class SshTunnel final : public Tunnel {
 public:
  SshTunnel(std::unique_ptr<SshSession> session, Descriptor listener, int near_port, std::string host,
            std::uint16_t port, Clock& clock)
      : near_port_(near_port),
        thread_([this, session = std::move(session), listener = std::move(listener), host = std::move(host), port,
                 &clock](std::stop_token stop) mutable {
          serve(*session, listener, host, port, clock, stop);
          alive_ = false;
        }) {}
  std::string near_end() const override { return fmt::format("127.0.0.1:{}", near_port_); }
  bool alive() const override { return alive_; }

 private:
  void serve(SshSession& session, const Descriptor& listener, const std::string& host, int port, const Clock& clock,
             const std::stop_token& stop);

  int near_port_;
  std::atomic<bool> alive_ = true;
  std::jthread thread_;  // last: it uses what stands above
};

// libssh's session is one thread's: everything happens here, in turns.
void SshTunnel::serve(SshSession& session, const Descriptor& listener, const std::string& host, int port,
                      const Clock& clock, const std::stop_token& stop) {
  const auto free_event = [&session](ssh_event event) {
    ssh_event_remove_session(event, session.get());
    ssh_event_free(event);
  };
  const std::unique_ptr<ssh_event_struct, decltype(free_event)> wire(ssh_event_new(), free_event);
  ssh_event_add_session(wire.get(), session.get());
  std::list<Pipe> pipes;
  Pulse pulse(session, clock.now());
  while (!stop.stop_requested() && session.connected()) {
    // Takes off the wire what is there, for whichever channel it is.
    if (ssh_event_dopoll(wire.get(), 0) == SSH_ERROR) return;
    bool moved = false;
    for (auto& pipe : pipes) moved = pipe.carry(host, port) || moved;
    pipes.remove_if([](const Pipe& pipe) { return pipe.over(); });
    if (!pulse.beats(clock.now())) return;
    if (moved) continue;
    const bool unsent = ssh_get_poll_flags(session.get()) & SSH_WRITE_PENDING;
    std::vector<pollfd> wanted{{ssh_get_fd(session.get()), static_cast<short>(POLLIN | (unsent ? POLLOUT : 0)), 0}};
    wanted.push_back({listener.get(), static_cast<short>(pipes.size() < kMostConnections ? POLLIN : 0), 0});
    // A socket from which nothing is wanted would still report that its other end is gone, again and again.
    for (const auto& pipe : pipes) wanted.push_back({pipe.wants() ? pipe.socket() : -1, pipe.wants(), 0});
    ::poll(wanted.data(), wanted.size(), 100);
    if (wanted[1].revents & POLLIN) {
      Descriptor socket(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (socket.is_open()) pipes.emplace_back(std::move(socket), session.get());
    }
  }
}

}  // namespace

Result<std::unique_ptr<Tunnel>> make_ssh_tunnel(std::unique_ptr<SshSession> session, std::string host,
                                                std::uint16_t port, Clock& clock) {
  Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  auto* const address = reinterpret_cast<sockaddr*>(&at);
  if (!listener.is_open() || ::bind(listener.get(), address, size) != 0 || ::listen(listener.get(), 16) != 0 ||
      ::getsockname(listener.get(), address, &size) != 0)
    return fail(Code::kIo, fmt::format("no port on loopback for a tunnel: {}", std::strerror(errno)));
  return std::make_unique<SshTunnel>(std::move(session), std::move(listener), ntohs(at.sin_port), std::move(host), port,
                                     clock);
}

}  // namespace tombolo::net
