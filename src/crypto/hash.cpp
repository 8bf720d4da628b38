#include "crypto/hash.hpp"

#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include "crypto/openssl.hpp"

namespace tombolo::crypto {
namespace {

// Fetched once: OpenSSL 3 looks an algorithm up by name at every use of EVP_sha256() and its like.
const EVP_MD* fetch(const char* algorithm) {
  const EVP_MD* md = EVP_MD_fetch(nullptr, algorithm, nullptr);
  must(md != nullptr, algorithm);
  return md;
}

template <class Digest>
Digest digest(const EVP_MD* algorithm, ByteView data) {
  Digest out{};
  unsigned size = 0;
  must(EVP_Digest(data.data(), data.size(), out.data(), &size, algorithm, nullptr) == 1 && size == out.size(),
       "hashing");
  return out;
}

}  // namespace

Digest32 sha256(ByteView data) {
  static const EVP_MD* const algorithm = fetch("SHA256");
  return digest<Digest32>(algorithm, data);
}

Digest64 sha512(ByteView data) {
  static const EVP_MD* const algorithm = fetch("SHA512");
  return digest<Digest64>(algorithm, data);
}

Digest20 sha1(ByteView data) {
  static const EVP_MD* const algorithm = fetch("SHA1");
  return digest<Digest20>(algorithm, data);
}

Digest16 md5(ByteView data) {
  static const EVP_MD* const algorithm = fetch("MD5");
  return digest<Digest16>(algorithm, data);
}

Digest32 hmac_sha256(ByteView key, ByteView data) {
  static const EVP_MD* const algorithm = fetch("SHA256");
  static constexpr Byte kNoKey = 0;  // HMAC() takes a null key for "same key as before"
  Digest32 out{};
  unsigned size = 0;
  const bool ok = HMAC(algorithm, key.empty() ? &kNoKey : key.data(), static_cast<int>(key.size()), data.data(),
                       data.size(), out.data(), &size) != nullptr;
  must(ok && size == out.size(), "HMAC-SHA256");
  return out;
}

bool equal_in_constant_time(ByteView a, ByteView b) {
  return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace tombolo::crypto
