// Ed25519 signatures (RFC 8032): Nebula's certificate authorities and our SSH keys.
#pragma once
#include <array>
#include <memory>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

struct evp_pkey_st;

namespace tombolo::crypto {

struct Ed25519Public {
  std::array<Byte, 32> bytes{};
  auto operator<=>(const Ed25519Public&) const = default;
};

using Ed25519Signature = std::array<Byte, 64>;

// Cheap to copy (copies share one key, which is wiped with the last of them); may be used from several threads.
class Ed25519Key {
 public:
  static constexpr std::size_t kSeedSize = 32;
  static constexpr std::size_t kSize = 64;  // seed, then public key: the form Nebula and OpenSSH keep

  static Ed25519Key generate();
  static Result<Ed25519Key> from_seed(ByteView seed);  // kBadInput unless 32 bytes
  // The 64-byte form. kBadInput for another length, kCorrupt when the halves do not belong together.
  static Result<Ed25519Key> from_bytes(ByteView seed_and_public);

  const Ed25519Public& public_key() const { return public_; }
  Secret<Bytes> bytes() const;  // the 64-byte form
  Ed25519Signature sign(ByteView message) const;

 private:
  Ed25519Key(std::shared_ptr<evp_pkey_st> key, Ed25519Public public_key) : key_(std::move(key)), public_(public_key) {}
  std::shared_ptr<evp_pkey_st> key_;
  Ed25519Public public_;
};

// False for everything that is not exactly this key's signature of this message.
bool verify(const Ed25519Public& key, ByteView message, ByteView signature);

}  // namespace tombolo::crypto
