#include "crypto/x25519.hpp"

#include "crypto/openssl.hpp"
#include "crypto/random.hpp"

namespace tombolo::crypto {

X25519Key X25519Key::generate() {
  const Secret<Bytes> scalar(random_bytes(kSize));
  return *from_bytes(scalar.expose());
}

Result<X25519Key> X25519Key::from_bytes(ByteView scalar) {
  if (scalar.size() != kSize) return fail(Code::kBadInput, "an X25519 private key has 32 bytes");
  PkeyOwner key(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, scalar.data(), scalar.size()));
  X25519Public half;
  std::size_t size = half.bytes.size();
  must(key && EVP_PKEY_get_raw_public_key(key.get(), half.bytes.data(), &size) == 1 && size == half.bytes.size(),
       "X25519");
  return X25519Key(Secret<Bytes>(Bytes(scalar.begin(), scalar.end())), half);
}

Result<Secret<Bytes>> X25519Key::shared_with(const X25519Public& theirs) const {
  PkeyOwner ours(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, scalar_.expose().data(), kSize));
  PkeyOwner peer(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, theirs.bytes.data(), theirs.bytes.size()));
  must(ours && peer, "X25519");
  PkeyContext context(EVP_PKEY_CTX_new(ours.get(), nullptr));
  must(context && EVP_PKEY_derive_init(context.get()) == 1, "X25519");
  Bytes secret(kSize);
  std::size_t size = secret.size();
  if (EVP_PKEY_derive_set_peer(context.get(), peer.get()) != 1 ||
      EVP_PKEY_derive(context.get(), secret.data(), &size) != 1 || size != secret.size())
    return fail(Code::kUntrusted, "the other side's X25519 key is a point of low order");
  return Secret<Bytes>(std::move(secret));
}

}  // namespace tombolo::crypto
