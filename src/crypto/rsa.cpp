#include "crypto/rsa.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypto/openssl.hpp"

namespace tombolo::crypto {
namespace {

using BioOwner = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using NumberOwner = std::unique_ptr<BIGNUM, FreeWith<BN_free>>;

std::string content(BIO* bio) {
  char* data = nullptr;
  auto size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

Bytes number(EVP_PKEY* key, const char* name) {
  BIGNUM* raw = nullptr;
  must(EVP_PKEY_get_bn_param(key, name, &raw) == 1, "reading an RSA number");
  NumberOwner value(raw);
  Bytes bytes(static_cast<std::size_t>(BN_num_bytes(value.get())));
  BN_bn2bin(value.get(), bytes.data());
  return bytes;
}

}  // namespace

RsaPair make_rsa_pair() {
  PkeyOwner key(EVP_RSA_gen(2048));
  must(key != nullptr, "making an RSA key");
  BioOwner pem(BIO_new(BIO_s_secmem())), der(BIO_new(BIO_s_secmem()));
  must(pem && der, "memory for an RSA key");
  must(PEM_write_bio_PrivateKey_traditional(pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
       "writing an RSA key");
  must(i2d_PKCS8PrivateKey_bio(der.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1, "writing an RSA key");
  return {Secret<std::string>(content(pem.get())), Secret<Bytes>(to_bytes(content(der.get()))),
          number(key.get(), OSSL_PKEY_PARAM_RSA_N), number(key.get(), OSSL_PKEY_PARAM_RSA_E)};
}

}  // namespace tombolo::crypto
