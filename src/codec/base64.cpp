#include "codec/base64.hpp"

#include <array>
#include <cstdint>

namespace tombolo::codec {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr Byte kNotADigit = 0xff;

constexpr std::array<Byte, 256> digit_values() {
  std::array<Byte, 256> values{};
  values.fill(kNotADigit);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) values[static_cast<Byte>(kAlphabet[i])] = static_cast<Byte>(i);
  return values;
}
constexpr auto kValues = digit_values();

}  // namespace

std::string encode_base64(ByteView bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    const std::uint32_t group =
        static_cast<std::uint32_t>(bytes[i] << 16 | (left > 1 ? bytes[i + 1] << 8 : 0) | (left > 2 ? bytes[i + 2] : 0));
    text += kAlphabet[group >> 18 & 63];
    text += kAlphabet[group >> 12 & 63];
    text += left > 1 ? kAlphabet[group >> 6 & 63] : '=';
    text += left > 2 ? kAlphabet[group & 63] : '=';
  }
  return text;
}

Result<Bytes> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return fail(Code::kBadInput, "base64 text needs a length divisible by 4, padded with '='");
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;

  Bytes bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool pad = i >= text.size() - padding;
    const Byte value = pad ? Byte{0} : kValues[static_cast<Byte>(text[i])];
    if (value == kNotADigit) return fail(Code::kBadInput, "base64 text holds a character outside its alphabet");
    group = group << 6 | value;
    if (i % 4 != 3) continue;
    for (int shift = 16; shift >= 0; shift -= 8) bytes.push_back(static_cast<Byte>(group >> shift));
    group = 0;
  }
  for (std::size_t i = 0; i < padding; ++i) {
    if (bytes.back() != 0) return fail(Code::kBadInput, "base64 text has stray bits after its last byte");
    bytes.pop_back();
  }
  return bytes;
}

}  // namespace tombolo::codec
