// A datagram is whatever the Internet sends: header, handshake payload and inner packet are read without harm.
#include <cstdint>
#include <cstdlib>

#include "mesh/conversation.hpp"
#include "nebula/handshake.hpp"
#include "nebula/wire.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tombolo;
  const ByteView bytes(data, size);
  if (const auto header = nebula::read_header(bytes); header && size < nebula::kHeaderSize) std::abort();
  if (const auto payload = nebula::read_handshake_payload(bytes)) {
    const auto again = nebula::read_handshake_payload(nebula::encode(*payload));
    if (!again || again->certificate != payload->certificate || again->time != payload->time) std::abort();
  }
  const auto here = codec::Address::v4(0x0a2afffe), there = codec::Address::v4(0x0a2a0001);
  if (mesh::echo_reply(bytes, there, here, 7) && size < 28) std::abort();
  return 0;
}
