#include "nebula/handshake.hpp"

#include <limits>

#include "codec/protobuf.hpp"

namespace tombolo::nebula {
namespace {

enum Field : std::uint32_t { kCertificate = 1, kInitiator = 2, kResponder = 3, kTime = 5, kVersion = 8 };
constexpr std::uint32_t kDetails = 1;

Result<std::uint32_t> index_of(std::uint64_t value) {
  if (value > std::numeric_limits<std::uint32_t>::max())
    return fail(Code::kCorrupt, "a tunnel's index in the handshake has more than 32 bits");
  return static_cast<std::uint32_t>(value);
}

Result<> read_field(const codec::ProtoField& field, HandshakePayload& out) {
  const bool known = field.number == kCertificate || field.number == kInitiator || field.number == kResponder ||
                     field.number == kTime || field.number == kVersion;
  if (!known) return {};
  if ((field.number == kCertificate) != (field.type == codec::WireType::kBytes) ||
      (field.number != kCertificate && field.type != codec::WireType::kVarint))
    return fail(Code::kCorrupt, "a field of the handshake has the wrong type");
  switch (field.number) {
    case kCertificate: out.certificate.assign(field.content.begin(), field.content.end()); break;
    case kInitiator: out.initiator_index = TRY(index_of(field.value)); break;
    case kResponder: out.responder_index = TRY(index_of(field.value)); break;
    case kTime: out.time = field.value; break;
    default:
      if (field.value > 2) return fail(Code::kCorrupt, "the handshake names a certificate version that is not known");
      out.version = field.value == 2 ? Version::k2 : Version::k1;
  }
  return {};
}

}  // namespace

Bytes encode(const HandshakePayload& payload) {
  codec::ProtoWriter details;
  details.bytes(kCertificate, payload.certificate);
  if (payload.initiator_index != 0) details.varint(kInitiator, payload.initiator_index);
  if (payload.responder_index != 0) details.varint(kResponder, payload.responder_index);
  details.varint(kTime, payload.time);
  details.varint(kVersion, static_cast<std::uint64_t>(payload.version));
  codec::ProtoWriter out;
  out.bytes(kDetails, details.result());
  return out.result();
}

Result<HandshakePayload> read_handshake_payload(ByteView bytes) {
  HandshakePayload out;
  bool found = false;
  for (codec::ProtoReader outer(bytes); !outer.done();) {
    const auto field = TRY(outer.next());
    if (field.number != kDetails) continue;
    if (field.type != codec::WireType::kBytes) return fail(Code::kCorrupt, "the handshake's payload has no details");
    found = true;
    for (codec::ProtoReader inner(field.content); !inner.done();) TRY(read_field(TRY(inner.next()), out));
  }
  if (!found) return fail(Code::kCorrupt, "the handshake's payload has no details");
  return out;
}

}  // namespace tombolo::nebula
