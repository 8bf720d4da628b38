// Certificates come from strangers, in files and in handshakes. Whatever is read must encode to the same bytes again,
// print, and be refused by a mesh that does not know its authority. The first byte chooses the version and the form.
#include <cstdint>
#include <cstdlib>

#include "nebula/print.hpp"
#include "nebula/rules.hpp"
#include "nebula/trust.hpp"

namespace {

void exercise(const tombolo::nebula::Certificate& certificate) {
  using namespace tombolo::nebula;
  const auto again = Certificate::decode(certificate.details().version, certificate.raw());
  if (!again || again->fingerprint() != certificate.fingerprint()) std::abort();
  const auto back = Certificate::from_handshake(certificate.details().version, certificate.handshake_form(),
                                                certificate.details().public_key);
  if (!back || back->raw() != certificate.raw()) std::abort();
  if (to_text(certificate).empty() || !to_json(certificate).is_object()) std::abort();
  if (parse_certificate(certificate.to_pem()).value().fingerprint() != certificate.fingerprint()) std::abort();
  static_cast<void>(check_by_itself(certificate.details()));
  static_cast<void>(certificate.other_fingerprint());
  if (Trust().verify(certificate, Seconds{})) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tombolo;
  using namespace tombolo::nebula;
  if (size == 0) return 0;
  const ByteView bytes(data + 1, size - 1);
  const auto version = (data[0] & 1) != 0 ? Version::k1 : Version::k2;
  if ((data[0] & 2) == 0) {
    if (const auto certificate = Certificate::decode(version, bytes)) exercise(*certificate);
    return 0;
  }
  const bool p256 = (data[0] & 4) != 0;
  const PublicKey key{p256 ? Curve::kP256 : Curve::k25519, Bytes(p256 ? 65 : 32, 4)};
  if (const auto certificate = Certificate::from_handshake(version, bytes, key)) exercise(*certificate);
  return 0;
}
