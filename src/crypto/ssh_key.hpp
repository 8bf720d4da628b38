// OpenSSH's files for an Ed25519 key pair. Formats: RFC 8709 (public key), OpenSSH's PROTOCOL.key ("openssh-key-v1").
// No I/O: the caller writes the private text with mode 0600.
#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "crypto/ed25519.hpp"

namespace tombolo::crypto {

struct SshKey {
  Ed25519Key key;
  std::string comment;
};

// The text of a private key file, not encrypted.
Secret<std::string> openssh_private_key(const SshKey& pair);
// Reads such a file. Errors: kUnsupported for another key type or an encrypted one, kCorrupt for everything that is
// not exact.
Result<SshKey> parse_openssh_private_key(std::string_view text);

// "ssh-ed25519 AAAA... comment", one line without its end; no trailing blank when the comment is empty.
std::string openssh_public_line(const Ed25519Public& key, std::string_view comment);
// What `ssh-keygen -l` prints and what EC2 calls the fingerprint of an imported Ed25519 key (there with '=' padding):
// "SHA256:" and unpadded base64.
std::string openssh_fingerprint(const Ed25519Public& key);

}  // namespace tombolo::crypto
