// ECDSA over P-256 with SHA-256 (FIPS 186-5), signatures as DER SEQUENCE { r, s }. Tombolo makes no P-256 keys of its
// own; it reads, checks and signs with those that somebody's Nebula already has.
#pragma once
#include <array>
#include <memory>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

struct evp_pkey_st;

namespace tombolo::crypto {

struct P256Public {
  std::array<Byte, 65> bytes{};  // uncompressed: 04, X, Y
  auto operator<=>(const P256Public&) const = default;

  static Result<P256Public> from_bytes(ByteView bytes);  // kBadInput unless 65 bytes that are a point of the curve
};

// Cheap to copy; may be used from several threads.
class P256Key {
 public:
  static constexpr std::size_t kSize = 32;

  static Result<P256Key> from_bytes(ByteView scalar);  // big-endian; kBadInput unless 32 bytes in 1..N-1

  const P256Public& public_key() const { return public_; }
  const Secret<Bytes>& bytes() const { return scalar_; }
  // s is in the low half (s <= N/2): each message then has one acceptable spelling for those who ask for it.
  Bytes sign(ByteView message) const;

 private:
  P256Key(std::shared_ptr<evp_pkey_st> key, Secret<Bytes> scalar, P256Public public_key)
      : key_(std::move(key)), scalar_(std::move(scalar)), public_(public_key) {}
  std::shared_ptr<evp_pkey_st> key_;
  Secret<Bytes> scalar_;
  P256Public public_;
};

// Accepts low and high s. False for everything else, a signature in non-canonical DER included.
bool verify(const P256Public& key, ByteView message, ByteView signature);

// The other signature that is valid for the same message: s replaced by N - s. kBadInput when `signature` is none.
Result<Bytes> other_form(ByteView signature);
Result<bool> has_low_s(ByteView signature);

}  // namespace tombolo::crypto
