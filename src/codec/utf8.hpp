// UTF-8 (RFC 3629), strictly: no surrogates, no overlong forms, nothing beyond U+10FFFF.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tombolo::codec {

inline constexpr std::uint32_t kNotUtf8 = 0xffffffff;

struct CodePoint {
  std::uint32_t value;  // kNotUtf8 for a byte that belongs to no character
  std::size_t size;     // bytes it takes
};

CodePoint next_code_point(std::string_view text);  // of a text that is not empty
bool is_valid_utf8(std::string_view text);
void append_utf8(std::string& out, std::uint32_t code_point);

}  // namespace tombolo::codec
