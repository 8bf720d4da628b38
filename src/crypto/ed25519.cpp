#include "crypto/ed25519.hpp"

#include <algorithm>

#include "crypto/hash.hpp"
#include "crypto/openssl.hpp"
#include "crypto/random.hpp"

namespace tombolo::crypto {
namespace {

Ed25519Public public_half(EVP_PKEY* key) {
  Ed25519Public half;
  std::size_t size = half.bytes.size();
  must(EVP_PKEY_get_raw_public_key(key, half.bytes.data(), &size) == 1 && size == half.bytes.size(), "Ed25519");
  return half;
}

}  // namespace

Ed25519Key Ed25519Key::generate() {
  const Secret<Bytes> seed(random_bytes(kSeedSize));
  return *from_seed(seed.expose());
}

Result<Ed25519Key> Ed25519Key::from_seed(ByteView seed) {
  if (seed.size() != kSeedSize) return fail(Code::kBadInput, "an Ed25519 seed has 32 bytes");
  PkeyOwner key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
  must(key != nullptr, "Ed25519");
  const auto half = public_half(key.get());
  return Ed25519Key(std::shared_ptr<EVP_PKEY>(std::move(key)), half);
}

Result<Ed25519Key> Ed25519Key::from_bytes(ByteView seed_and_public) {
  if (seed_and_public.size() != kSize) return fail(Code::kBadInput, "an Ed25519 private key has 64 bytes");
  auto key = TRY(from_seed(seed_and_public.first(kSeedSize)));
  if (!equal_in_constant_time(key.public_.bytes, seed_and_public.subspan(kSeedSize))) {
    return fail(Code::kCorrupt, "the two halves of this Ed25519 key do not belong together");
  }
  return key;
}

Secret<Bytes> Ed25519Key::bytes() const {
  Bytes both(kSize);
  std::size_t size = kSeedSize;
  must(EVP_PKEY_get_raw_private_key(key_.get(), both.data(), &size) == 1 && size == kSeedSize, "Ed25519");
  std::ranges::copy(public_.bytes, both.begin() + kSeedSize);
  return Secret<Bytes>(std::move(both));
}

Ed25519Signature Ed25519Key::sign(ByteView message) const {
  Ed25519Signature signature{};
  std::size_t size = signature.size();
  DigestContext context(EVP_MD_CTX_new());
  must(context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1, "Ed25519");
  must(EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) == 1 &&
           size == signature.size(),
       "an Ed25519 signature");
  return signature;
}

bool verify(const Ed25519Public& key, ByteView message, ByteView signature) {
  PkeyOwner pkey(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.bytes.data(), key.bytes.size()));
  DigestContext context(EVP_MD_CTX_new());
  must(pkey && context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, pkey.get()) == 1, "Ed25519");
  return EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
}

}  // namespace tombolo::crypto
