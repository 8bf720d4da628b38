#include "codec/utf8.hpp"

#include <gtest/gtest.h>

namespace tombolo::codec {
namespace {

TEST(Utf8, EveryCodePointComesBack) {
  for (std::uint32_t code = 0; code <= 0x10ffff; ++code) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    std::string text;
    append_utf8(text, code);
    const auto read = next_code_point(text);
    ASSERT_EQ(read.value, code);
    ASSERT_EQ(read.size, text.size());
  }
}

TEST(Utf8, WhatIsNoCharacterTakesOneByte) {
  for (const std::string text : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                                 "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc3", "\xe2\x82", "\xc3x"}) {
    EXPECT_EQ(next_code_point(text).value, kNotUtf8) << text;
    EXPECT_EQ(next_code_point(text).size, 1u) << text;
    EXPECT_FALSE(is_valid_utf8(text)) << text;
  }
}

}  // namespace
}  // namespace tombolo::codec
