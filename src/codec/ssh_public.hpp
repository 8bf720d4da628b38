// The public half of an SSH host key as text: "type blob". Strict: what comes out is exactly one key of that type.
// Formats: RFC 4253 6.6 (ssh-rsa), RFC 5656 3.1 (ecdsa-sha2-nistp256), RFC 8709 4 (ssh-ed25519).
#pragma once
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace tombolo::codec {

struct SshPublic {
  std::string type;  // one of the three above
  std::string blob;  // base64, padded
  std::string line() const { return type + " " + blob; }
};

// "type blob [comment]". kBadInput for another type, a blob that does not parse to its end, or an RSA key below 2048 bits.
Result<SshPublic> parse_ssh_public(std::string_view line);
// The same from the bytes that a server sends.
Result<SshPublic> parse_ssh_public_blob(ByteView blob);

}  // namespace tombolo::codec
