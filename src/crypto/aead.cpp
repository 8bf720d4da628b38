#include "crypto/aead.hpp"

#include "crypto/openssl.hpp"

namespace tombolo::crypto {
namespace {

enum Direction { kOpen = 0, kSeal = 1 };

CipherContext start(Aead which, const AeadKey& key, const AeadNonce& nonce, ByteView additional, Direction direction) {
  static const EVP_CIPHER* const aes = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  static const EVP_CIPHER* const chacha = EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr);
  const auto* const cipher = which == Aead::kAes256Gcm ? aes : chacha;
  CipherContext context(EVP_CIPHER_CTX_new());
  must(cipher && context &&
           EVP_CipherInit_ex2(context.get(), cipher, key.expose().data(), nonce.data(), direction, nullptr) == 1,
       "AEAD");
  int written = 0;
  must(additional.empty() || EVP_CipherUpdate(context.get(), nullptr, &written, additional.data(),
                                              static_cast<int>(additional.size())) == 1,
       "AEAD");
  return context;
}

}  // namespace

Bytes seal(Aead which, const AeadKey& key, const AeadNonce& nonce, ByteView plaintext, ByteView additional) {
  auto context = start(which, key, nonce, additional, kSeal);
  Bytes sealed(plaintext.size() + kAeadTagSize);
  int written = 0;
  int rest = 0;
  must((plaintext.empty() || EVP_CipherUpdate(context.get(), sealed.data(), &written, plaintext.data(),
                                              static_cast<int>(plaintext.size())) == 1) &&
           EVP_CipherFinal_ex(context.get(), sealed.data() + written, &rest) == 1 &&
           EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kAeadTagSize, sealed.data() + plaintext.size()) ==
               1,
       "AEAD");
  return sealed;
}

Result<Secret<Bytes>> open(Aead which, const AeadKey& key, const AeadNonce& nonce, ByteView sealed,
                           ByteView additional) {
  if (sealed.size() < kAeadTagSize) return fail(Code::kUntrusted, "the encrypted text is too short to hold its tag");
  auto context = start(which, key, nonce, additional, kOpen);
  const ByteView text = sealed.first(sealed.size() - kAeadTagSize);
  Bytes tag(sealed.end() - kAeadTagSize, sealed.end());
  Bytes buffer(text.size());
  int written = 0;
  int rest = 0;
  must(text.empty() ||
           EVP_CipherUpdate(context.get(), buffer.data(), &written, text.data(), static_cast<int>(text.size())) == 1,
       "AEAD");
  Secret<Bytes> plaintext(std::move(buffer));
  must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kAeadTagSize, tag.data()) == 1, "AEAD");
  Byte nothing[kAeadTagSize];
  if (EVP_CipherFinal_ex(context.get(), nothing, &rest) != 1) {
    return fail(Code::kUntrusted, "the encrypted text does not open with this key, or was changed");
  }
  return plaintext;
}

}  // namespace tombolo::crypto
