// For the .cpp files of this folder only: owners of OpenSSL's objects, and the end of the road.
#pragma once
#include <openssl/evp.h>

#include <memory>

namespace tombolo::crypto {

template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using PkeyOwner = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeWith<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeWith<EVP_CIPHER_CTX_free>>;

// For calls that can only fail when memory or OpenSSL itself is broken: going on would mean a weak key or a false
// signature, so the program ends, naming `what`.
void must(bool ok, const char* what);

}  // namespace tombolo::crypto
