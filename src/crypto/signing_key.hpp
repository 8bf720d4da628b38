// Private keys as X.509 requests are signed with them, whatever their kind: what Kubernetes' components keep in PKCS #8.
// Ed25519 (RFC 8410), RSA with SHA-256 (PKCS #1 v1.5, RFC 4055), ECDSA with SHA-256, 384 or 512 (RFC 5758).
#pragma once
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

struct evp_pkey_st;

namespace tombolo::crypto {

// Cheap to copy (copies share one key, which is wiped with the last of them); may be used from several threads.
class SigningKey {
 public:
  // "-----BEGIN PRIVATE KEY-----", not encrypted. kBadInput for anything else and for kinds that are not named above.
  static Result<SigningKey> from_pem(const Secret<std::string>& pem);

  Bytes public_key_info() const;  // SubjectPublicKeyInfo (RFC 5280, 4.1), DER
  Bytes algorithm() const;  // AlgorithmIdentifier of what sign() gives, DER
  Bytes sign(ByteView message) const;  // deterministic for Ed25519 and RSA

 private:
  struct Kind;
  SigningKey(std::shared_ptr<evp_pkey_st> key, const Kind& kind) : key_(std::move(key)), kind_(&kind) {}
  static const Kind* kind_of(const evp_pkey_st* key);

  std::shared_ptr<evp_pkey_st> key_;
  const Kind* kind_;
};

}  // namespace tombolo::crypto
