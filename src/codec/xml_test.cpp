#include "codec/xml.hpp"

#include <gmock/gmock.h>

namespace tombolo::codec {
namespace {

using testing::HasSubstr;

constexpr std::string_view kAnswer = R"(<?xml version="1.0" encoding="UTF-8"?>
<ec2:DescribeInstancesResponse xmlns:ec2="http://ec2.amazonaws.com/doc/2016-11-15/">
  <ec2:requestId>req-1</ec2:requestId>
  <reservationSet>
    <item><instancesSet><item><instanceId>i-1</instanceId></item><item><instanceId>i-2</instanceId></item></instancesSet></item>
    <item><instancesSet/></item>
    <item><instancesSet><item><instanceId> i-3&amp;&#x41; </instanceId></item></instancesSet></item>
  </reservationSet>
</ec2:DescribeInstancesResponse>)";

TEST(Xml, ElementsAreFoundByLocalName) {
  const auto root = parse_xml(kAnswer).value();
  EXPECT_EQ(root.name, "DescribeInstancesResponse");
  EXPECT_EQ(root.text_at("requestId"), "req-1");
  EXPECT_EQ(root.text_at("reservationSet/item/instancesSet/item/instanceId"), "i-1");
  EXPECT_EQ(root.text_at("reservationSet/nothing", "none"), "none");
}

TEST(Xml, AllFollowsEveryBranch) {
  const auto root = parse_xml(kAnswer).value();
  std::vector<std::string> ids;
  for (const auto* id : root.all("reservationSet/item/instancesSet/item/instanceId")) ids.push_back(id->text);
  EXPECT_THAT(ids, testing::ElementsAre("i-1", "i-2", "i-3&A"));
}

TEST(Xml, FindLooksInEveryBranchToo) {
  const auto root = parse_xml("<r><item/><item><id>2</id></item></r>").value();
  EXPECT_EQ(root.text_at("item/id"), "2");
}

TEST(Xml, AttributesAndCdataAreRead) {
  const auto root = parse_xml("<r n:kind=\"a&lt;b\" xmlns:n=\"urn:x\">x<![CDATA[<&>]]>y<!-- no --></r>").value();
  EXPECT_THAT(root.attributes, testing::ElementsAre(testing::Pair("kind", "a<b")));
  EXPECT_EQ(root.text, "x<&>y");
}

TEST(Xml, HtmlIsNamedAsSuch) {
  for (const auto* text : {"<!DOCTYPE html><html><body>Bad gateway</body></html>", "\n<HTML><p>captive</HTML>"}) {
    auto parsed = parse_xml(text);
    ASSERT_FALSE(parsed);
    EXPECT_THAT(parsed.error().sentence(), HasSubstr("HTML page"));
    EXPECT_THAT(parsed.error().hint(), HasSubstr("proxy"));
  }
}

TEST(Xml, RefusesEntitiesAndDoctypes) {
  EXPECT_THAT(parse_xml("<!DOCTYPE r [<!ENTITY a \"b\">]><r>&a;</r>").error().sentence(), HasSubstr("DOCTYPE"));
  EXPECT_THAT(parse_xml("<r>&nbsp;</r>").error().sentence(), HasSubstr("&nbsp"));
  EXPECT_FALSE(parse_xml("<r>&#0;</r>"));
  EXPECT_FALSE(parse_xml("<r>&#xd800;</r>"));
  EXPECT_FALSE(parse_xml("<r>a & b</r>"));
}

TEST(Xml, RefusesWhatIsNone) {
  for (const auto* text : {"", "  ", "{}", "<r>", "<r></s>", "<r/><r/>", "<r", "<r>\xff</r>", "<r>\x12</r>"}) {
    auto parsed = parse_xml(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code(), Code::kCorrupt);
  }
}

TEST(Xml, DepthHasALimit) {
  std::string open, close;
  for (int i = 0; i < 100'000; ++i) {
    open += "<a>";
    close += "</a>";
  }
  EXPECT_THAT(parse_xml(open + close).error().sentence(), HasSubstr("levels"));
}

TEST(XmlWriter, WhatItWritesIsReadBack) {
  XmlWriter xml;
  xml.open("R", {{"kind", "a\"<b>"}}).leaf("return", "true").open("set");
  xml.leaf("item", "<a & b>\r\n").text("tail");
  const auto text = xml.finish();
  const auto root = parse_xml(text).value();
  EXPECT_EQ(root.attributes.front().second, "a\"<b>");
  EXPECT_EQ(root.text_at("return"), "true");
  EXPECT_EQ(root.text_at("set/item"), "<a & b>");
  EXPECT_EQ(root.text_at("set"), "tail");
  EXPECT_THAT(text, testing::StartsWith("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<R kind=\"a&quot;&lt;b&gt;\">"));
}

TEST(XmlWriter, CharactersThatXmlCannotHoldAreReplaced) {
  EXPECT_EQ(escape_xml(std::string_view("a\0b\xff\x1b", 5)),
            "a\xef\xbf\xbd"
            "b\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(escape_xml("\xc3\xa9\xf0\x9f\x8f\x9d"), "\xc3\xa9\xf0\x9f\x8f\x9d");
}

}  // namespace
}  // namespace tombolo::codec
