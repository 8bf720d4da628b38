#include "codec/protobuf.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tombolo::codec {
namespace {

Bytes wire(const char* text) { return from_hex(text).value(); }

TEST(
    Protobuf,
    WritesTheDocumentedExamples) {  // "Encoding": 150 in field 1, "testing" in field 2, packed 3, 270, 86942 in field 6
  EXPECT_EQ(to_hex(ProtoWriter().varint(1, 150).result()), "089601");
  EXPECT_EQ(to_hex(ProtoWriter().text(2, "testing").result()), "120774657374696e67");
  EXPECT_EQ(to_hex(ProtoWriter().packed(6, {3, 270, 86942}).result()), "3206038e029ea705");
  EXPECT_EQ(to_hex(ProtoWriter().varint(100, 1).result()), "a00601");
}

TEST(Protobuf, ReadsEveryWireType) {
  const Bytes bytes = wire(
      "089601"
      "120161"
      "1d01020304"
      "210102030405060708");
  ProtoReader reader(bytes);
  EXPECT_EQ(reader.next().value().value, 150u);
  EXPECT_EQ(as_text(reader.next().value().content), "a");
  EXPECT_EQ(reader.next().value().value, 0x04030201u);
  EXPECT_EQ(reader.next().value().value, 0x0807060504030201u);
  EXPECT_TRUE(reader.done());
}

TEST(Protobuf, RefusesDamage) {
  // Cut off in each place, field 0, groups, wire types 6 and 7, a number of 65 bits, a length beyond the end.
  for (const char* wrong : {"", "08", "0896", "12", "120261", "1d010203", "2101020304050607", "0001", "0b", "0c", "0e",
                            "0f", "08ffffffffffffffffff02", "08ffffffffffffffffffff01", "12ffffffffffffffffff01"}) {
    const Bytes bytes = wire(wrong);
    ProtoReader reader(bytes);
    EXPECT_FALSE(reader.next()) << wrong;
  }
}

RC_GTEST_PROP(Protobuf, AnyFieldsComeBack,
              (std::uint64_t value, const std::string& text, const std::vector<std::uint64_t>& list)) {
  const auto number = static_cast<std::uint32_t>(*rc::gen::inRange(1, 1 << 29));
  const auto out = ProtoWriter().varint(number, value).text(2, text).packed(3, list).result();
  ProtoReader reader(out);
  const auto first = reader.next().value();
  RC_ASSERT(first.number == number);
  RC_ASSERT(first.value == value);
  RC_ASSERT(as_text(reader.next().value().content) == text);
  ProtoReader packed(reader.next().value().content);
  for (auto item : list) RC_ASSERT(packed.varint().value() == item);
  RC_ASSERT(packed.done());
  RC_ASSERT(reader.done());
}

}  // namespace
}  // namespace tombolo::codec
