// The handshake pattern of a Nebula tunnel, from the initiator's side: Noise_IX_25519_{AESGCM,ChaChaPoly}_SHA256 (The Noise
// Protocol Framework, revision 34; https://noiseprotocol.org/noise.html), with an empty prologue and no pre-shared key. Pure:
// the ephemeral key comes in as an argument.
//   -> e, s, payload          all of it in the clear
//   <- e, ee, se, s, es, payload
#pragma once
#include <array>

#include "base/bytes.hpp"
#include "crypto/aead.hpp"
#include "crypto/hash.hpp"
#include "crypto/x25519.hpp"

namespace tombolo::nebula {

// Four zero bytes, then the counter: big-endian for AES-GCM, little-endian for ChaCha20-Poly1305 (Noise, section 12).
crypto::AeadNonce counter_nonce(crypto::Aead cipher, std::uint64_t counter);

class NoiseInitiator {
 public:
  NoiseInitiator(crypto::Aead cipher, crypto::X25519Key ours, crypto::X25519Key ephemeral);

  // The first message. Once.
  Bytes write_first(ByteView payload);

  struct Answer {
    crypto::X25519Public theirs;  // the responder's static key
    Bytes payload;
    crypto::AeadKey send, receive;
    crypto::Digest32 transcript;  // the handshake hash
  };
  // The second message. kUntrusted when it does not open, kCorrupt when it is too short. May be tried again with another
  // datagram: a failure changes nothing.
  Result<Answer> read_second(ByteView message) const;

 private:
  // Noise's SymmetricState.
  struct Symmetric {
    crypto::Aead cipher;
    crypto::Digest32 chain{}, hash{};
    crypto::AeadKey key;
    std::uint64_t nonce = 0;

    void mix_hash(ByteView data);
    void mix_key(ByteView secret);
    Result<Bytes> decrypt_and_hash(ByteView sealed);
  };

  crypto::X25519Key static_;
  crypto::X25519Key ephemeral_;
  Symmetric state_;
};

}  // namespace tombolo::nebula
