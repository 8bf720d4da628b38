// X25519 keys (RFC 7748): what a mesh member proves itself with.
#pragma once
#include <array>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

namespace tombolo::crypto {

struct X25519Public {
  std::array<Byte, 32> bytes{};
  auto operator<=>(const X25519Public&) const = default;
};

class X25519Key {
 public:
  static constexpr std::size_t kSize = 32;

  static X25519Key generate();
  static Result<X25519Key> from_bytes(ByteView scalar);  // kBadInput unless 32 bytes

  const X25519Public& public_key() const { return public_; }
  const Secret<Bytes>& bytes() const { return scalar_; }
  // The secret both sides arrive at (RFC 7748 6.1). kUntrusted for a point of low order, which would make it known to all.
  Result<Secret<Bytes>> shared_with(const X25519Public& theirs) const;

 private:
  X25519Key(Secret<Bytes> scalar, X25519Public public_key) : scalar_(std::move(scalar)), public_(public_key) {}
  Secret<Bytes> scalar_;
  X25519Public public_;
};

}  // namespace tombolo::crypto
