#include "base/bytes.hpp"

#include <gtest/gtest.h>

namespace tombolo {
namespace {

TEST(Hex, IsLowerCaseAndReadsEitherCase) {
  const Bytes bytes{0x00, 0x7f, 0xab, 0xff};
  EXPECT_EQ(to_hex(bytes), "007fabff");
  EXPECT_EQ(from_hex("007FaBff").value(), bytes);
  EXPECT_TRUE(from_hex("").value().empty());
}

TEST(Hex, OddLengthAndStrangeCharactersAreBadInput) {
  for (const char* wrong : {"abc", "0g", "g0", "0x", " 0", "0\n"}) {
    auto got = from_hex(wrong);
    ASSERT_FALSE(got) << wrong;
    EXPECT_EQ(got.error().code(), Code::kBadInput);
  }
}

}  // namespace
}  // namespace tombolo
