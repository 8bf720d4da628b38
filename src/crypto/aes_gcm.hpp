// AES-256-GCM (NIST SP 800-38D), 12-byte nonce, 16-byte tag behind the ciphertext.
#pragma once
#include <array>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

namespace tombolo::crypto {

using AesKey = Secret<std::array<Byte, 32>>;
inline constexpr std::size_t kGcmNonceSize = 12;
inline constexpr std::size_t kGcmTagSize = 16;
using GcmNonce = std::array<Byte, kGcmNonceSize>;

// A nonce may be used once with a key: two messages under one nonce give both away.
Bytes seal_aes256gcm(const AesKey& key, const GcmNonce& nonce, ByteView plaintext, ByteView additional = {});
// kUntrusted when the key is another one or anything was changed.
Result<Secret<Bytes>> open_aes256gcm(const AesKey& key, const GcmNonce& nonce, ByteView sealed,
                                     ByteView additional = {});

}  // namespace tombolo::crypto
