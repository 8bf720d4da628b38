#include "crypto/signing_key.hpp"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "crypto/openssl.hpp"

namespace tombolo::crypto {

struct SigningKey::Kind {
  int type;
  int bits;  // 0: any
  const char* digest;  // nullptr: the algorithm has its own
  std::string_view algorithm_hex;
};

const SigningKey::Kind* SigningKey::kind_of(const evp_pkey_st* key) {
  static const Kind kinds[] = {{EVP_PKEY_ED25519, 0, nullptr, "300506032b6570"},
                               {EVP_PKEY_RSA, 0, "SHA256", "300d06092a864886f70d01010b0500"},
                               {EVP_PKEY_EC, 256, "SHA256", "300a06082a8648ce3d040302"},
                               {EVP_PKEY_EC, 384, "SHA384", "300a06082a8648ce3d040303"},
                               {EVP_PKEY_EC, 521, "SHA512", "300a06082a8648ce3d040304"}};
  for (const auto& kind : kinds)
    if (EVP_PKEY_get_base_id(key) == kind.type && (kind.bits == 0 || kind.bits == EVP_PKEY_get_bits(key))) return &kind;
  return nullptr;
}

Result<SigningKey> SigningKey::from_pem(const Secret<std::string>& pem) {
  const std::unique_ptr<BIO, FreeWith<BIO_free_all>> text(
      BIO_new_mem_buf(pem.expose().data(), static_cast<int>(pem.expose().size())));
  must(text != nullptr, "memory for a key");
  // No password callback: one that is encrypted must not ask on the terminal.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  PkeyOwner key(PEM_read_bio_PrivateKey(text.get(), nullptr, no_password, nullptr));
  if (!key) return fail(Code::kBadInput, "this is no private key in PEM, or it is encrypted");
  const auto* kind = kind_of(key.get());
  if (!kind) return fail(Code::kBadInput, "a private key that is neither Ed25519, RSA nor of a NIST curve");
  return SigningKey(std::shared_ptr<EVP_PKEY>(std::move(key)), *kind);
}

Bytes SigningKey::public_key_info() const {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key_.get(), &der);
  must(size > 0, "writing a public key");
  Bytes out(der, der + size);
  OPENSSL_free(der);
  return out;
}

Bytes SigningKey::algorithm() const { return *from_hex(kind_->algorithm_hex); }

Bytes SigningKey::sign(ByteView message) const {
  const DigestContext context(EVP_MD_CTX_new());
  must(context &&
           EVP_DigestSignInit_ex(context.get(), nullptr, kind_->digest, nullptr, nullptr, key_.get(), nullptr) == 1,
       "signing");
  std::size_t size = 0;
  must(EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()) == 1, "signing");
  Bytes out(size);
  must(EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()) == 1, "signing");
  out.resize(size);
  return out;
}

}  // namespace tombolo::crypto
