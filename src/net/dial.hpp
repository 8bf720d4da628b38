// A TCP connection within a time, or the reason why there is none. For protocols whose library takes a connected socket.
#pragma once
#include <cstdint>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "base/descriptor.hpp"
#include "base/result.hpp"

namespace tombolo::net {

// How often a wait on a socket looks at its stop token.
inline constexpr Duration kLook = std::chrono::milliseconds(100);

// Waits for `events` of poll(2) on the socket, at most kLook and never past `until`. False when nothing happened.
bool wait_for(int fd, short events, const Clock& clock, Time until);

// The socket is non-blocking and without Nagle's delay. Errors: kUnreachable (unknown name, refused, no route, no answer
// before `until`), kCancelled. A name's resolution is left to itself when it takes longer than `until`.
Result<Descriptor> dial(const std::string& host, std::uint16_t port, const Clock& clock, Time until,
                        const std::stop_token& stop);

}  // namespace tombolo::net
