// PEM as Go's encoding/pem writes it, which is what Nebula reads: "-----BEGIN X-----", base64 in lines of 64
// characters, "-----END X-----", no headers (RFC 7468, strict form). Limits: 16 MiB of text, 4096 blocks.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

namespace tombolo::codec {

struct PemBlock {
  std::string label;  // "NEBULA CERTIFICATE"
  Secret<Bytes> body;  // may be a private key
};

// All blocks in their order. Text between blocks is a comment, as everywhere in the PEM world; inside a block
// everything must be exact, except that lines may have any length and end with CR LF. kBadInput, with the line number,
// for a block that is not closed, closed under another label, or not base64. No block at all gives an empty list.
Result<std::vector<PemBlock>> decode_pem(std::string_view text);

std::string encode_pem(std::string_view label, ByteView body);

}  // namespace tombolo::codec
