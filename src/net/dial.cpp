#include "net/dial.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <future>
#include <memory>
#include <thread>

namespace tombolo::net {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

struct Resolved {
  int status = EAI_FAIL;
  Addresses list;
};

Resolved look_up(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int status = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  return {status, Addresses(status == 0 ? list : nullptr)};
}

tl::unexpected<Error> cancelled() { return fail(Code::kCancelled, "stopped while connecting"); }

tl::unexpected<Error> no_answer(const std::string& where) {
  return fail(
      Code::kUnreachable, fmt::format("{} does not answer", where),
      "A machine that has just been started needs some seconds. Otherwise look at the security group (the port must be "
      "open for this computer's address) and at the address itself.");
}

// getaddrinfo() cannot be interrupted: a name is looked up in a thread that may outlive this call.
Result<Addresses> resolve(const std::string& host, std::uint16_t port, const Clock& clock, Time until,
                          const std::stop_token& stop) {
  Resolved resolved = look_up(host, port, AI_NUMERICHOST);
  if (resolved.status != 0) {
    auto promise = std::make_shared<std::promise<Resolved>>();
    auto answer = promise->get_future();
    std::thread([promise, host, port] { promise->set_value(look_up(host, port, 0)); }).detach();
    while (answer.wait_for(kLook) != std::future_status::ready) {
      if (stop.stop_requested()) return cancelled();
      if (clock.now() >= until)
        return fail(Code::kUnreachable, fmt::format("the name {} could not be looked up in time", host),
                    "Look at this computer's name servers.");
    }
    resolved = answer.get();
  }
  if (resolved.status != 0)
    return fail(Code::kUnreachable, fmt::format("the name {} is not known: {}", host, gai_strerror(resolved.status)),
                "Look at the spelling, and at this computer's name servers.");
  return std::move(resolved.list);
}

Result<Descriptor> connect_to(const addrinfo& address, const std::string& where, const Clock& clock, Time until,
                              const std::stop_token& stop) {
  Descriptor socket(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open())
    return fail(Code::kUnreachable, fmt::format("no socket for {}: {}", where, std::strerror(errno)));
  const int yes = 1;
  setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  int error = ::connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno;
  while (error == EINPROGRESS) {
    if (stop.stop_requested()) return cancelled();
    if (clock.now() >= until) return no_answer(where);
    if (!wait_for(socket.get(), POLLOUT, clock, until)) continue;
    socklen_t size = sizeof error;
    getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error == 0) return socket;
  if (error == ETIMEDOUT) return no_answer(where);
  if (error == ECONNREFUSED)
    return fail(Code::kUnreachable, fmt::format("{} refuses the connection", where),
                "The machine is there, but nothing listens on that port: it still boots, or the service does not run.");
  if (error == EHOSTUNREACH || error == ENETUNREACH)
    return fail(Code::kUnreachable, fmt::format("there is no route to {}", where),
                "Look at this computer's network and at the machine's address.");
  return fail(Code::kUnreachable, fmt::format("cannot connect to {}: {}", where, std::strerror(error)));
}

}  // namespace

bool wait_for(int fd, short events, const Clock& clock, Time until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(std::min<Duration>(kLook, until - clock.now()));
  pollfd wanted{fd, events, 0};
  return ::poll(&wanted, 1, static_cast<int>(std::max<std::int64_t>(0, left.count()))) > 0;
}

Result<Descriptor> dial(const std::string& host, std::uint16_t port, const Clock& clock, Time until,
                        const std::stop_token& stop) {
  const Addresses addresses = TRY(resolve(host, port, clock, until, stop));
  const auto where = fmt::format("{} port {}", host, port);
  Result<Descriptor> last = no_answer(where);
  for (const addrinfo* a = addresses.get(); a; a = a->ai_next) {
    last = connect_to(*a, where, clock, until, stop);
    if (last || last.error().code() == Code::kCancelled || clock.now() >= until) break;
  }
  return last;
}

}  // namespace tombolo::net
