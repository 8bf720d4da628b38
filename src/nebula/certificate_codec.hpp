// The two encodings behind certificate.hpp; only for this folder.
#pragma once
#include "nebula/certificate.hpp"

namespace tombolo::nebula {

// What a certificate's bytes say. `signed_bytes` as in Certificate.
struct Parts {
  Details details;
  Bytes signed_bytes;
  Bytes signature;
};

namespace v1 {
Result<Bytes> encode_details(const Details& details);  // these are also the signed bytes
Bytes assemble(const Bytes& details, const Bytes& signature);
Bytes handshake_form(const Details& details, const Bytes& signature);
Result<Parts> decode(ByteView raw);
Result<Parts> from_handshake(ByteView bytes, const PublicKey& key);
}  // namespace v1

namespace v2 {
Result<Bytes> bytes_to_sign(const Details& details);  // details, curve byte, public key
Bytes assemble(const Bytes& signed_bytes, const PublicKey& key, const Bytes& signature);
Bytes handshake_form(const Bytes& signed_bytes, const PublicKey& key, const Bytes& signature);
Result<Parts> decode(ByteView raw);
Result<Parts> from_handshake(ByteView bytes, const PublicKey& key);
}  // namespace v2

}  // namespace tombolo::nebula
