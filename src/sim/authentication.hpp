// Who calls: the signature is recomputed with the secret that belongs to the key, dates and tokens are checked, and a refusal
// has the code that each protocol of AWS uses for it.
#pragma once
#include <string>
#include <string_view>

#include "net/transport.hpp"
#include "sim/world.hpp"

namespace tombolo::sim {

struct Caller {
  AccessKey key;
  std::string region;  // of the credential scope
};

// `now` is the service's own time.
Outcome<Caller> authenticate(const World& world, const net::Request& request, Protocol protocol,
                             std::string_view service, Time now);

}  // namespace tombolo::sim
