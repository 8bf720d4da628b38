// Hashes, message authentication and comparison without a clock. One-shot; pure.
#pragma once
#include <array>
#include <string_view>

#include "base/bytes.hpp"

namespace tombolo::crypto {

using Digest16 = std::array<Byte, 16>;
using Digest20 = std::array<Byte, 20>;
using Digest32 = std::array<Byte, 32>;
using Digest64 = std::array<Byte, 64>;

Digest32 sha256(ByteView data);
Digest64 sha512(ByteView data);
// Broken for signatures; here because AWS names imported RSA keys by MD5 and generated ones by SHA-1.
Digest20 sha1(ByteView data);
Digest16 md5(ByteView data);
Digest32 hmac_sha256(ByteView key, ByteView data);  // RFC 2104; a key of any length

inline Digest32 sha256(std::string_view data) { return sha256(as_bytes(data)); }
inline Digest64 sha512(std::string_view data) { return sha512(as_bytes(data)); }
inline Digest20 sha1(std::string_view data) { return sha1(as_bytes(data)); }
inline Digest16 md5(std::string_view data) { return md5(as_bytes(data)); }
inline Digest32 hmac_sha256(ByteView key, std::string_view data) { return hmac_sha256(key, as_bytes(data)); }
inline Digest32 hmac_sha256(std::string_view key, std::string_view data) {
  return hmac_sha256(as_bytes(key), as_bytes(data));
}

// The time it takes tells nothing about where they differ; unequal lengths are unequal at once.
bool equal_in_constant_time(ByteView a, ByteView b);

}  // namespace tombolo::crypto
