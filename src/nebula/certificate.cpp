#include "nebula/certificate.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codec/pem.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/hash.hpp"
#include "crypto/p256.hpp"
#include "nebula/certificate_codec.hpp"

namespace tombolo::nebula {
namespace {

constexpr std::string_view kLabel1 = "NEBULA CERTIFICATE";
constexpr std::string_view kLabel2 = "NEBULA CERTIFICATE V2";

Bytes join(const Bytes& a, const Bytes& b) {
  Bytes both;
  both.reserve(a.size() + b.size());
  both.insert(both.end(), a.begin(), a.end());
  both.insert(both.end(), b.begin(), b.end());
  return both;
}

Bytes encode(Version version, const Bytes& signed_bytes, const PublicKey& key, const Bytes& signature) {
  return version == Version::k1 ? v1::assemble(signed_bytes, signature) : v2::assemble(signed_bytes, key, signature);
}

Result<> check_size(std::size_t size) {
  if (size > kCertificateLimit) return fail(Code::kCorrupt, "a Nebula certificate has at most 65536 bytes");
  return {};
}

Result<> check_times(const Details& details, Code code) {
  for (const auto time : {details.not_before, details.not_after}) {
    if (time < kEarliestTime || time > kLatestTime) {
      return fail(code, "the certificate begins before 1684 or ends after 2255, further than this program counts",
                  "Issue it with a shorter duration.");
    }
  }
  return {};
}

}  // namespace

bool due_for_renewal(const Details& details, Seconds now) {
  const auto life = details.not_after - details.not_before;
  return now > details.not_after - std::min<std::chrono::seconds>(life / 3, std::chrono::days(30));
}

std::string_view name(Curve curve) { return curve == Curve::kP256 ? "P256" : "CURVE25519"; }

std::string_view pem_label(Version version) { return version == Version::k1 ? kLabel1 : kLabel2; }

Result<Bytes> bytes_to_sign(const Details& details) {
  TRY(check_times(details, Code::kBadInput));
  return details.version == Version::k1 ? v1::encode_details(details) : v2::bytes_to_sign(details);
}

Certificate::Certificate(Details details, Bytes signed_bytes, Bytes signature)
    : details_(std::move(details)),
      signed_(std::move(signed_bytes)),
      signature_(std::move(signature)),
      fingerprint_(fingerprint_with(signature_)) {}

Result<Certificate> Certificate::decode(Version version, ByteView raw) {
  TRY(check_size(raw.size()));
  auto parts = TRY(version == Version::k1 ? v1::decode(raw) : v2::decode(raw));
  TRY(check_times(parts.details, Code::kUnsupported));
  Certificate certificate(std::move(parts.details), std::move(parts.signed_bytes), std::move(parts.signature));
  if (!std::ranges::equal(certificate.raw(), raw)) {
    return fail(Code::kCorrupt,
                "the certificate is not written in its one canonical form, so no Nebula could verify it");
  }
  return certificate;
}

Result<Certificate> Certificate::from_handshake(Version version, ByteView bytes, const PublicKey& key) {
  TRY(check_size(bytes.size()));
  auto parts = TRY(version == Version::k1 ? v1::from_handshake(bytes, key) : v2::from_handshake(bytes, key));
  TRY(check_times(parts.details, Code::kUnsupported));
  Certificate certificate(std::move(parts.details), std::move(parts.signed_bytes), std::move(parts.signature));
  if (!std::ranges::equal(certificate.handshake_form(), bytes)) {
    return fail(Code::kCorrupt, "the certificate in the handshake is not written in its one canonical form");
  }
  return certificate;
}

Result<Certificate> Certificate::assemble(Details details, Bytes signature) {
  auto signed_bytes = TRY(bytes_to_sign(details));
  TRY(check_size(signed_bytes.size() + signature.size() + 32));
  return Certificate(std::move(details), std::move(signed_bytes), std::move(signature));
}

Bytes Certificate::raw() const { return encode(details_.version, signed_, details_.public_key, signature_); }

Bytes Certificate::handshake_form() const {
  return details_.version == Version::k1 ? v1::handshake_form(details_, signature_)
                                         : v2::handshake_form(signed_, details_.public_key, signature_);
}

std::string Certificate::to_pem() const { return codec::encode_pem(pem_label(details_.version), raw()); }

Fingerprint Certificate::fingerprint_with(const Bytes& signature) const {
  // Version 1 hashes the whole encoding, version 2 what is signed and then the signature.
  const Bytes hashed = details_.version == Version::k1 ? v1::assemble(signed_, signature) : join(signed_, signature);
  return Fingerprint(to_hex(crypto::sha256(hashed)));
}

std::optional<Fingerprint> Certificate::other_fingerprint() const {
  if (details_.public_key.curve != Curve::kP256) return std::nullopt;
  const auto other = crypto::other_form(signature_);
  if (!other) return std::nullopt;
  return fingerprint_with(*other);
}

bool Certificate::signed_by(const PublicKey& key) const {
  if (key.curve != details_.public_key.curve) return false;
  if (key.curve == Curve::kP256) {
    const auto half = crypto::P256Public::from_bytes(key.bytes);
    return half && crypto::verify(*half, signed_, signature_);
  }
  crypto::Ed25519Public half;
  if (key.bytes.size() != half.bytes.size()) return false;
  std::ranges::copy(key.bytes, half.bytes.begin());
  return crypto::verify(half, signed_, signature_);
}

Result<std::vector<Certificate>> parse_certificates(std::string_view pem) {
  std::vector<Certificate> list;
  for (const auto& block : TRY(codec::decode_pem(pem))) {
    if (block.label != kLabel1 && block.label != kLabel2) {
      return fail(Code::kBadInput, fmt::format("here must be a Nebula certificate, but this is a {}", block.label));
    }
    const auto version = block.label == kLabel1 ? Version::k1 : Version::k2;
    list.push_back(TRY(context(Certificate::decode(version, block.body.expose()),
                               fmt::format("reading certificate {}", list.size() + 1))));
  }
  if (list.empty()) {
    return fail(Code::kBadInput, "here is no Nebula certificate", "It begins with -----BEGIN NEBULA CERTIFICATE-----.");
  }
  return list;
}

Result<Certificate> parse_certificate(std::string_view pem) {
  auto list = TRY(parse_certificates(pem));
  if (list.size() != 1)
    return fail(Code::kBadInput, fmt::format("here must be one certificate, but these are {}", list.size()));
  return std::move(list.front());
}

}  // namespace tombolo::nebula
