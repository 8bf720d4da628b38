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

}  // namespace tombolo::crypto
