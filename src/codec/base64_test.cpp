#include "codec/base64.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tombolo::codec {
namespace {

TEST(Base64, KnowsTheVectorsOfRfc4648) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(encode_base64(as_bytes(plain)), encoded);
    EXPECT_EQ(decode_base64(encoded).value(), to_bytes(plain));
  }
}

TEST(Base64, RefusesEverySecondSpellingOfTheSameBytes) {
  // No padding, half padding, padding inside, too much, stray bits, URL alphabet, white space.
  for (const char* wrong :
       {"Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Zh==", "Zm9=", "-_-_", "Zm9v\n", "Zm 9", "=Zm9"}) {
    auto got = decode_base64(wrong);
    ASSERT_FALSE(got) << wrong;
    EXPECT_EQ(got.error().code(), Code::kBadInput);
  }
}

RC_GTEST_PROP(Base64, AnyBytesComeBack, (const Bytes& bytes)) {
  RC_ASSERT(decode_base64(encode_base64(bytes)).value() == bytes);
}

RC_GTEST_PROP(Base64, WhatIsAcceptedIsTheOnlySpelling, (const std::string& text)) {
  if (auto bytes = decode_base64(text)) RC_ASSERT(encode_base64(*bytes) == text);
}

}  // namespace
}  // namespace tombolo::codec
