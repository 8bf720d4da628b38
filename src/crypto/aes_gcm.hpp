// AES-256-GCM by its own name, for what knows no other cipher: aead.hpp has both.
#pragma once
#include "crypto/aead.hpp"

namespace tombolo::crypto {

using AesKey = AeadKey;
inline constexpr std::size_t kGcmNonceSize = kAeadNonceSize;
inline constexpr std::size_t kGcmTagSize = kAeadTagSize;
using GcmNonce = AeadNonce;

inline Bytes seal_aes256gcm(const AesKey& key, const GcmNonce& nonce, ByteView plaintext, ByteView additional = {}) {
  return seal(Aead::kAes256Gcm, key, nonce, plaintext, additional);
}
inline Result<Secret<Bytes>> open_aes256gcm(const AesKey& key, const GcmNonce& nonce, ByteView sealed,
                                            ByteView additional = {}) {
  return open(Aead::kAes256Gcm, key, nonce, sealed, additional);
}

}  // namespace tombolo::crypto
