// Encryption that also proves: AES-256-GCM (NIST SP 800-38D) and ChaCha20-Poly1305 (RFC 8439), both with a 32-byte key, a
// 12-byte nonce and a 16-byte tag behind the ciphertext.
#pragma once
#include <array>

#include "base/bytes.hpp"
#include "base/secret.hpp"

namespace tombolo::crypto {

enum class Aead { kAes256Gcm, kChaCha20Poly1305 };

using AeadKey = Secret<std::array<Byte, 32>>;
inline constexpr std::size_t kAeadNonceSize = 12;
inline constexpr std::size_t kAeadTagSize = 16;
using AeadNonce = std::array<Byte, kAeadNonceSize>;

// A nonce may be used once with a key: two messages under one nonce give both away.
Bytes seal(Aead which, const AeadKey& key, const AeadNonce& nonce, ByteView plaintext, ByteView additional = {});
// kUntrusted when the key is another one or anything was changed.
Result<Secret<Bytes>> open(Aead which, const AeadKey& key, const AeadNonce& nonce, ByteView sealed,
                           ByteView additional = {});

}  // namespace tombolo::crypto
