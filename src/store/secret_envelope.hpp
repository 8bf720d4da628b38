// One secret under a passphrase, as bytes: argon2id (RFC 9106) makes the key, AES-256-GCM seals. Pure.
//
// Format, numbers big-endian; all of the header is authenticated:
//   8  "TMBLSEC1"
//   4  argon2id memory in KiB     4  passes     1  lanes
//   16 salt     12 nonce
//   1  length of the name, then the name (UTF-8)
//   then the sealed bytes, the last 16 of which are the tag
#pragma once
#include <array>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "crypto/aes_gcm.hpp"
#include "crypto/argon2.hpp"

namespace tombolo::store {

// 256 MiB, three passes: RFC 9106's second recommendation with four times its memory; about a second on a small machine.
inline constexpr crypto::Argon2Cost kEnvelopeCost{262144, 3, 4};

struct Envelope {
  crypto::Argon2Cost cost;
  std::array<Byte, 16> salt{};
  crypto::GcmNonce nonce{};
  std::string name;
  ByteView header;  // what is authenticated; both are views into the parsed bytes
  ByteView sealed;
};

// Errors: kCorrupt (not such a file, cut short, a cost out of range); kUnsupported (a later version of the format).
Result<Envelope> parse_envelope(ByteView file);

// Errors: kBadInput (empty passphrase, a name over 255 bytes or empty), and argon2id's.
Result<Bytes> seal_envelope(const std::string& name, const Secret<Bytes>& value, const Secret<std::string>& passphrase,
                            const crypto::Argon2Cost& cost = kEnvelopeCost);
// Errors: those of parse_envelope; kUntrusted when the passphrase is another one or the file was changed.
Result<Secret<Bytes>> open_envelope(ByteView file, const Secret<std::string>& passphrase);

}  // namespace tombolo::store
