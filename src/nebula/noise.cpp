#include "nebula/noise.hpp"

#include <algorithm>
#include <utility>

namespace tombolo::nebula {
namespace {

using crypto::Digest32;

constexpr std::size_t kKey = 32;

// Noise's HKDF with two outputs: HMAC-SHA256, as RFC 5869 with an empty info but without its length limit.
std::pair<Digest32, Digest32> hkdf(const Digest32& chain, ByteView input) {
  const auto temporary = crypto::hmac_sha256(chain, input);
  const Byte one[] = {1};
  const auto first = crypto::hmac_sha256(temporary, ByteView(one));
  Bytes more(first.begin(), first.end());
  more.push_back(2);
  return {first, crypto::hmac_sha256(temporary, ByteView(more))};
}

crypto::X25519Public public_of(ByteView bytes) {
  crypto::X25519Public out;
  std::copy_n(bytes.begin(), kKey, out.bytes.begin());
  return out;
}

}  // namespace

crypto::AeadNonce counter_nonce(crypto::Aead cipher, std::uint64_t counter) {
  crypto::AeadNonce out{};
  for (std::size_t i = 0; i < 8; ++i) {
    const auto byte = static_cast<Byte>(counter >> (8 * i));
    out[cipher == crypto::Aead::kAes256Gcm ? 11 - i : 4 + i] = byte;
  }
  return out;
}

void NoiseInitiator::Symmetric::mix_hash(ByteView data) {
  Bytes both(hash.begin(), hash.end());
  both.insert(both.end(), data.begin(), data.end());
  hash = crypto::sha256(ByteView(both));
}

void NoiseInitiator::Symmetric::mix_key(ByteView secret) {
  const auto [first, second] = hkdf(chain, secret);
  chain = first;
  key = crypto::AeadKey(second);
  nonce = 0;
}

Result<Bytes> NoiseInitiator::Symmetric::decrypt_and_hash(ByteView sealed) {
  const auto plain = TRY(crypto::open(cipher, key, counter_nonce(cipher, nonce), sealed, hash));
  ++nonce;
  mix_hash(sealed);
  return plain.expose();
}

NoiseInitiator::NoiseInitiator(crypto::Aead cipher, crypto::X25519Key ours, crypto::X25519Key ephemeral)
    : static_(std::move(ours)), ephemeral_(std::move(ephemeral)), state_{cipher, {}, {}, {}, 0} {
  const std::string_view name =
      cipher == crypto::Aead::kAes256Gcm ? "Noise_IX_25519_AESGCM_SHA256" : "Noise_IX_25519_ChaChaPoly_SHA256";
  std::copy(name.begin(), name.end(), state_.hash.begin());
  state_.chain = state_.hash;
  state_.mix_hash({});
}

Bytes NoiseInitiator::write_first(ByteView payload) {
  Bytes out;
  for (const ByteView part : {ByteView(ephemeral_.public_key().bytes), ByteView(static_.public_key().bytes), payload}) {
    state_.mix_hash(part);
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

Result<NoiseInitiator::Answer> NoiseInitiator::read_second(ByteView message) const {
  constexpr std::size_t kSealedKey = kKey + crypto::kAeadTagSize;
  if (message.size() < kKey + kSealedKey + crypto::kAeadTagSize)
    return fail(Code::kCorrupt, "the answer to the handshake is too short");
  auto state = state_;
  const auto their_ephemeral = public_of(message);
  state.mix_hash(message.first(kKey));
  state.mix_key(TRY(ephemeral_.shared_with(their_ephemeral)).expose());
  state.mix_key(TRY(static_.shared_with(their_ephemeral)).expose());
  const auto their_static = public_of(TRY(state.decrypt_and_hash(message.subspan(kKey, kSealedKey))));
  state.mix_key(TRY(ephemeral_.shared_with(their_static)).expose());
  auto payload = TRY(state.decrypt_and_hash(message.subspan(kKey + kSealedKey)));
  const auto [send, receive] = hkdf(state.chain, {});
  return Answer{their_static, std::move(payload), crypto::AeadKey(send), crypto::AeadKey(receive), state.hash};
}

}  // namespace tombolo::nebula
