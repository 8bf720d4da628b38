#include "crypto/random.hpp"

#include <openssl/rand.h>

#include "crypto/openssl.hpp"

namespace tombolo::crypto {

void fill_random(std::span<Byte> buffer) {
  // The private generator: its state is kept apart from the one whose output travels as nonces.
  must(RAND_priv_bytes(buffer.data(), static_cast<int>(buffer.size())) == 1, "random numbers");
}

Bytes random_bytes(std::size_t count) {
  Bytes bytes(count);
  fill_random(bytes);
  return bytes;
}

}  // namespace tombolo::crypto
