// A Nebula certificate, version 1 (protobuf) or 2 (DER): read, encoded, named by its fingerprint. Pure.
// Nebula has no written specification; the formats were taken from certificates made by Nebula 1.6.1 to 1.11.1.
// Reading is strict: what does not encode back to the same bytes is refused, because Nebula verifies what it
// re-encodes.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/strong.hpp"
#include "codec/cidr.hpp"

namespace tombolo::nebula {

using Seconds = std::chrono::sys_seconds;
using Fingerprint = Strong<struct FingerprintTag>;  // 64 lower-case hex digits

enum class Version { k1 = 1, k2 = 2 };
enum class Curve { k25519 = 0, kP256 = 1 };

std::string_view name(Curve curve);  // "CURVE25519", "P256": Nebula's own words

// Of a member (X25519 or P-256) or, in an authority's certificate, of the key that signs (Ed25519 or P-256).
struct PublicKey {
  Curve curve = Curve::k25519;
  Bytes bytes;  // 32, or 65 for P-256
  bool operator==(const PublicKey&) const = default;
};

// Everything that is signed.
struct Details {
  Version version = Version::k1;
  std::string name{};
  std::vector<codec::Cidr> networks{};  // with host bits; version 2: sorted
  std::vector<codec::Cidr>
      unsafe_networks{};  // what the member routes to; an authority: what it may let others route to
  std::vector<std::string> groups{};
  Seconds not_before{};
  Seconds not_after{};  // inclusive
  bool is_ca = false;
  Fingerprint issuer{};  // empty when is_ca
  PublicKey public_key{};
};

// What is outside cannot be a Time (nanoseconds in 64 bits), so it is refused here, once for everybody: 1684 and 2255.
inline constexpr Seconds kEarliestTime{std::chrono::seconds(-9'000'000'000)};
inline constexpr Seconds kLatestTime{std::chrono::seconds(9'000'000'000)};

// A member's certificate is renewed in the last third of its life, and at the earliest 30 days before it ends.
bool due_for_renewal(const Details& details, Seconds now);

inline constexpr std::size_t kNameLimit = 253;  // version 2 cannot be read back with a longer one
inline constexpr std::size_t kCertificateLimit = 65536;  // bytes

// The bytes a signature covers. kBadInput for what the version cannot hold.
Result<Bytes> bytes_to_sign(const Details& details);

class Certificate {
 public:
  // The body of a PEM block. kCorrupt for anything that is not exact, kUnsupported for times beyond the limits above.
  static Result<Certificate> decode(Version version, ByteView raw);
  // As it travels in a handshake, where the public key comes apart from the rest. kCorrupt also when it carries a key.
  static Result<Certificate> from_handshake(Version version, ByteView bytes, const PublicKey& key);
  // Of details and the signature over bytes_to_sign(details); does not check the signature.
  static Result<Certificate> assemble(Details details, Bytes signature);

  const Details& details() const { return details_; }
  const Bytes& signature() const { return signature_; }
  const Bytes& signed_bytes() const { return signed_; }
  Bytes raw() const;
  Bytes handshake_form() const;
  std::string to_pem() const;

  const Fingerprint& fingerprint() const { return fingerprint_; }
  // P-256 only: the fingerprint the same certificate has with the other valid form of its signature.
  std::optional<Fingerprint> other_fingerprint() const;
  bool signed_by(const PublicKey& key) const;  // false also when the curves differ

 private:
  Certificate(Details details, Bytes signed_bytes, Bytes signature);
  Fingerprint fingerprint_with(const Bytes& signature) const;

  Details details_;
  Bytes signed_;  // kept as it came, with details a newer version may have added
  Bytes signature_;
  Fingerprint fingerprint_{};
};

std::string_view pem_label(Version version);

// Every certificate of a PEM text, in its order. kBadInput when it holds none, or a block of another kind.
Result<std::vector<Certificate>> parse_certificates(std::string_view pem);
// Exactly one.
Result<Certificate> parse_certificate(std::string_view pem);

}  // namespace tombolo::nebula
