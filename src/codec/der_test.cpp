#include "codec/der.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tombolo::codec {
namespace {

Bytes hex(const char* text) { return from_hex(text).value(); }

TEST(Der, WritesTheShortestLength) {
  const auto header = [](std::size_t size) {
    Bytes out;
    put_der(out, 0x04, Bytes(size));
    out.resize(out.size() - size);
    return to_hex(out);
  };
  EXPECT_EQ(header(0), "0400");
  EXPECT_EQ(header(127), "047f");
  EXPECT_EQ(header(128), "048180");
  EXPECT_EQ(header(256), "04820100");
  EXPECT_EQ(header(65536), "0483010000");
}

TEST(Der, ReadsElementsOneAfterAnother) {
  const Bytes bytes = hex("8001018103aabbcc");
  DerReader reader(bytes);
  EXPECT_EQ(to_hex(reader.expect(0x80).value().content), "01");
  EXPECT_FALSE(reader.optional(0x80).value());
  const auto last = reader.optional(0x81).value();
  ASSERT_TRUE(last);
  EXPECT_EQ(to_hex(last->whole), "8103aabbcc");
  EXPECT_TRUE(reader.done());
  EXPECT_TRUE(reader.finish());
  EXPECT_FALSE(reader.expect(0x80));
}

TEST(Der, RefusesWhatIsNotInItsOneForm) {
  // Cut off, indefinite, length too long, length with a leading zero, short length in long form, tag of two bytes.
  for (const char* wrong :
       {"", "04", "0401", "0480", "0485010000000000", "04820080", "048101ff", "1f0100", "04840fffffff"}) {
    EXPECT_FALSE(DerReader(hex(wrong)).next()) << wrong;
  }
  const Bytes trailing = hex("040000");
  DerReader reader(trailing);
  ASSERT_TRUE(reader.next());
  EXPECT_FALSE(reader.finish());
}

TEST(Der, IntegersHaveOneForm) {
  EXPECT_EQ(to_hex(encode_der_integer(0)), "00");
  EXPECT_EQ(to_hex(encode_der_integer(127)), "7f");
  EXPECT_EQ(to_hex(encode_der_integer(128)), "0080");
  EXPECT_EQ(to_hex(encode_der_integer(-1)), "ff");
  EXPECT_EQ(to_hex(encode_der_integer(-129)), "ff7f");
  for (const char* wrong : {"", "0001", "ff80", "010203040506070809"})
    EXPECT_FALSE(decode_der_integer(hex(wrong))) << wrong;
}

RC_GTEST_PROP(Der, AnyIntegerComesBack, (std::int64_t value)) {
  RC_ASSERT(decode_der_integer(encode_der_integer(value)).value() == value);
}

RC_GTEST_PROP(Der, AnyElementComesBack, (const Bytes& content)) {
  Bytes out;
  put_der(out, 0x30, content);
  DerReader reader(out);
  const auto element = reader.next().value();
  RC_ASSERT(Bytes(element.content.begin(), element.content.end()) == content);
  RC_ASSERT(reader.done());
}

}  // namespace
}  // namespace tombolo::codec
