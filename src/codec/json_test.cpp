#include "codec/json.hpp"

#include <gmock/gmock.h>

namespace tombolo::codec {
namespace {

Json json(std::string_view text) { return parse_json(text).value(); }

TEST(Json, KeepsTheOrderOfKeys) {
  EXPECT_EQ(to_text(json(R"({"b":1,"a":[true,null]})")), R"({"b":1,"a":[true,null]})");
}

TEST(Json, CanonicalTextIsEqualForEqualValues) {
  EXPECT_EQ(to_canonical_text(json(R"({"b":{"y":1,"x":"\u00e9"},"a":2})")),
            "{\"a\":2,\"b\":{\"x\":\"\u00e9\",\"y\":1}}");
  EXPECT_EQ(to_canonical_text(json("[ ]")), "[]");
}

TEST(Json, PrettyTextIsIndentedByTwo) {
  EXPECT_EQ(to_pretty_text(json(R"({"a":[1,{"b":[]}],"c":{}})")),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": {}\n}\n");
}

TEST(Json, RefusesWhatIsNone) {
  EXPECT_THAT(parse_json("{\"a\": }").error().sentence(), testing::HasSubstr("byte 6"));
  for (const auto* text : {"", "{", "[1,]", "{\"a\":1} x", "nul", "\"\xff\"", "{'a':1}"}) {
    auto parsed = parse_json(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code(), Code::kCorrupt);
  }
}

TEST(Json, NumbersThatNoDoubleHoldsAreRefused) {
  EXPECT_TRUE(parse_json("[1.5e300, -9223372036854775808, 1e-400]"));
  EXPECT_FALSE(parse_json("[{\"a\": 1.5e320}]"));
}

TEST(Json, DepthHasALimit) {
  EXPECT_TRUE(parse_json(std::string(90, '[') + std::string(90, ']')));
  EXPECT_FALSE(parse_json(std::string(200, '[') + std::string(200, ']')));
}

TEST(Json, TheLastOfTwoEqualKeysCounts) { EXPECT_EQ(number_at(json(R"({"a":1,"a":2})"), "a"), 2); }

TEST(Json, PathsWalkObjectsAndArrays) {
  const auto value = json(R"({"a":{"b":[10,{"c":"deep"},3.0,2.5]},"yes":true})");
  EXPECT_EQ(text_at(value, "a.b.1.c"), "deep");
  EXPECT_EQ(number_at(value, "a.b.0"), 10);
  EXPECT_EQ(number_at(value, "a.b.2"), 3);
  EXPECT_EQ(number_at(value, "a.b.3", -1), -1);
  EXPECT_TRUE(bool_at(value, "yes"));
  EXPECT_EQ(find(value, ""), &value);
}

TEST(Json, WhatIsAbsentOrOfAnotherTypeGivesTheFallback) {
  const auto value = json(R"({"a":[1],"t":"text"})");
  EXPECT_EQ(find(value, "a.1"), nullptr);
  EXPECT_EQ(find(value, "a.x"), nullptr);
  EXPECT_EQ(find(value, "t.0"), nullptr);
  EXPECT_EQ(text_at(value, "a", "none"), "none");
  EXPECT_EQ(number_at(value, "t", 7), 7);
  EXPECT_TRUE(bool_at(value, "t", true));
}

}  // namespace
}  // namespace tombolo::codec
