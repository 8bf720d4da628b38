#include "mesh/udp_prober.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "crypto/random.hpp"
#include "mesh/conversation.hpp"

namespace tombolo::mesh {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

Result<Socket> connect_to(const std::string& host, std::uint16_t port) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_DGRAM;
  if (const int wrong = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); wrong != 0)
    return fail(Code::kUnreachable, fmt::format("cannot resolve {}: {}", host, ::gai_strerror(wrong)));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(found, ::freeaddrinfo);
  Socket socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // Connected, so that the kernel tells of an ICMP "port unreachable", and hears nobody else.
  if (socket.fd() < 0 || ::connect(socket.fd(), list->ai_addr, list->ai_addrlen) != 0)
    return fail(Code::kUnreachable, fmt::format("cannot send to {}:{}: {}", host, port, std::strerror(errno)));
  return socket;
}

// One probe: sends, waits, and writes down how far it came.
class Attempt {
 public:
  Attempt(Conversation& talk, const ProbeRequest& request, int fd, const std::stop_token& stop)
      : talk_(talk), request_(request), fd_(fd), stop_(stop), end_(Steady::now() + request.patience) {}

  Result<Probe> run() {
    probe_.echoes.resize(request_.sizes.size());
    shake_hands();
    if (probe_.handshake) {
      echo();
      send(talk_.goodbye());
    }
    if (const auto* member = talk_.member()) {
      probe_.member_name = member->details().name;
      probe_.member_fingerprint = member->fingerprint().text();
      probe_.member_not_after = format_time(member->details().not_after);
    }
    if (stop_.stop_requested()) return fail(Code::kCancelled, "stopped while waiting for the mesh");
    return std::move(probe_);
  }

 private:
  // As Nebula does: the same bytes again after 100 ms, 200 ms, ...
  void shake_hands() {
    const auto begun = Steady::now();
    for (auto pause = milliseconds(100); going(); pause += milliseconds(100)) {
      send(talk_.hello());
      wait_until(std::min(end_, Steady::now() + pause), [this] { return probe_.handshake; });
      if (probe_.handshake) probe_.handshake_time = Steady::now() - begun;
      if (probe_.handshake) return;
    }
    if (probe_.trouble.empty()) probe_.trouble = refused_ ? "port unreachable" : "no answer";
  }

  void echo() {
    for (std::size_t i = 0; i < request_.sizes.size(); ++i) {
      // A small packet may be lost twice; what is too large for the path is lost always.
      for (int tries = 0; tries < 3 && going() && !probe_.echoes[i]; ++tries) {
        sent_at_ = Steady::now();
        send(talk_.echo(static_cast<std::uint16_t>(i + 1), request_.sizes[i]));
        wait_until(std::min(end_, sent_at_ + std::max<Steady::duration>(milliseconds(700), 3 * probe_.handshake_time)),
                   [&] { return probe_.echoes[i].has_value(); });
      }
    }
    const bool all =
        std::all_of(probe_.echoes.begin(), probe_.echoes.end(), [](const auto& e) { return e.has_value(); });
    if (!all && probe_.trouble.empty()) probe_.trouble = "no echo";
  }

  bool going() const { return probe_.trouble.empty() && !stop_.stop_requested() && Steady::now() < end_; }

  void send(const Bytes& datagram) {
    if (::send(fd_, datagram.data(), datagram.size(), 0) < 0 && errno == ECONNREFUSED) refused_ = true;
  }

  // Takes what comes until `done`, trouble, a stop or the time is over.
  template <class Done>
  void wait_until(Steady::time_point until, Done done) {
    while (going() && !done()) {
      const auto left = std::chrono::ceil<milliseconds>(until - Steady::now());
      if (left.count() <= 0) return;
      pollfd one{fd_, POLLIN, 0};
      ::poll(&one, 1, static_cast<int>(std::min(left, milliseconds(100)).count()));
      take_all();
    }
  }

  void take_all() {
    std::array<Byte, 9216> buffer;
    while (true) {
      const auto size = ::recv(fd_, buffer.data(), buffer.size(), 0);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0 && errno == ECONNREFUSED) refused_ = true;
      if (size < 0) return;
      auto heard = talk_.hear(ByteView(buffer).first(static_cast<std::size_t>(size)));
      probe_.handshake = probe_.handshake || heard.tunnel;
      if (!heard.answer.empty()) send(heard.answer);
      if (heard.echo && *heard.echo >= 1 && *heard.echo <= probe_.echoes.size() && !probe_.echoes[*heard.echo - 1])
        probe_.echoes[*heard.echo - 1] = Echo{Steady::now() - sent_at_, request_.sizes[*heard.echo - 1]};
      if (!heard.trouble.empty()) {
        probe_.trouble = std::move(heard.trouble);
        probe_.detail = std::move(heard.detail);
      }
    }
  }

  Conversation& talk_;
  const ProbeRequest& request_;
  int fd_;
  std::stop_token stop_;
  Steady::time_point end_;
  Steady::time_point sent_at_{};
  bool refused_ = false;
  Probe probe_;
};

class UdpProber final : public Prober {
 public:
  explicit UdpProber(Clock& clock) : clock_(clock) {}

  Result<Probe> probe(const ProbeRequest& request, const std::stop_token& stop) override {
    std::array<Byte, 6> random{};
    crypto::fill_random(random);
    const auto index = static_cast<std::uint32_t>(random[0] << 24 | random[1] << 16 | random[2] << 8 | random[3]);
    Dice dice{crypto::X25519Key::generate(), std::max(index, 1u),
              static_cast<std::uint16_t>(random[4] << 8 | random[5]), clock_.now()};
    auto talk = TRY(Conversation::begin(request, std::move(dice)));
    const auto socket = TRY(connect_to(request.underlay, request.port));
    return Attempt(talk, request, socket.fd(), stop).run();
  }

 private:
  Clock& clock_;
};

}  // namespace

std::unique_ptr<Prober> make_udp_prober(Clock& clock) { return std::make_unique<UdpProber>(clock); }

}  // namespace tombolo::mesh
