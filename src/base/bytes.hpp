// Byte strings and the one text form they have everywhere here: lower-case hex.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tombolo {

using Byte = std::uint8_t;
using Bytes = std::vector<Byte>;
using ByteView = std::span<const Byte>;

inline ByteView as_bytes(std::string_view text) { return {reinterpret_cast<const Byte*>(text.data()), text.size()}; }
inline std::string_view as_text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
inline Bytes to_bytes(std::string_view text) {
  auto v = as_bytes(text);
  return {v.begin(), v.end()};
}

std::string to_hex(ByteView bytes);
Result<Bytes> from_hex(std::string_view text);  // either case; kBadInput for odd length or another character

}  // namespace tombolo
