// Base64, the standard alphabet with padding (RFC 4648, section 4). Strict: one text for each byte string.
#pragma once
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace tombolo::codec {

// One line, padded with '='.
std::string encode_base64(ByteView bytes);
// kBadInput for white space, another alphabet, missing or wrong padding, and stray bits after the last byte.
Result<Bytes> decode_base64(std::string_view text);

}  // namespace tombolo::codec
