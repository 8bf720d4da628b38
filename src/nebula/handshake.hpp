// What the two sides of a Nebula handshake tell each other: certificate, indices, time. A protobuf inside the Noise messages.
#pragma once
#include <cstdint>

#include "base/clock.hpp"
#include "nebula/certificate.hpp"

namespace tombolo::nebula {

struct HandshakePayload {
  Bytes certificate;  // without its public key: Certificate::handshake_form()
  Version version = Version::k1;  // of the certificate; Nebula before 1.10 does not say it
  std::uint32_t initiator_index = 0;
  std::uint32_t responder_index = 0;
  std::uint64_t time = 0;  // Unix nanoseconds: a responder refuses one that is not newer than the last it saw
};

Bytes encode(const HandshakePayload& payload);
// kCorrupt for what is no payload, or has a known field of another type.
Result<HandshakePayload> read_handshake_payload(ByteView bytes);

}  // namespace tombolo::nebula
