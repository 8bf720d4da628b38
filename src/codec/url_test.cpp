#include "codec/url.hpp"

#include <gmock/gmock.h>

namespace tombolo::codec {
namespace {

TEST(PercentEncoding, LeavesOnlyUnreservedCharacters) {
  EXPECT_EQ(percent_encode("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(percent_encode("a b+c/d=\xc3\xa9*"), "a%20b%2Bc%2Fd%3D%C3%A9%2A");
  EXPECT_EQ(percent_encode("a/b c", Slash::kKeep), "a/b%20c");
}

TEST(PercentEncoding, EveryByteComesBack) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(percent_decode(percent_encode(all)).value(), all);
  EXPECT_EQ(percent_decode("%c3%a9+").value(), "\xc3\xa9+");
}

TEST(PercentEncoding, RefusesBrokenEscapes) {
  for (const auto* text : {"%", "a%2", "%zz", "%2g"})
    EXPECT_EQ(percent_decode(text).error().code(), Code::kCorrupt) << text;
}

TEST(Url, FallsIntoItsPieces) {
  const auto url = parse_url("HTTPS://EC2.us-west-2.amazonaws.com:8443/a%20b/?Action=X&y#part").value();
  EXPECT_EQ(url.scheme, "https");
  EXPECT_EQ(url.host, "ec2.us-west-2.amazonaws.com");
  EXPECT_EQ(url.port, 8443);
  EXPECT_EQ(url.path, "/a%20b/");
  EXPECT_EQ(url.query, "Action=X&y");
  EXPECT_EQ(url.authority(), "ec2.us-west-2.amazonaws.com:8443");
  EXPECT_EQ(url.text(), "https://ec2.us-west-2.amazonaws.com:8443/a%20b/?Action=X&y");
}

TEST(Url, TheSchemesOwnPortIsLeftOutOfTheAuthority) {
  EXPECT_EQ(parse_url("http://localhost:80").value().authority(), "localhost");
  EXPECT_EQ(parse_url("http://localhost:443").value().authority(), "localhost:443");
  EXPECT_EQ(parse_url("http://localhost").value().effective_port(), 80);
  EXPECT_EQ(parse_url("https://h?q").value().query, "q");
}

TEST(Url, Ipv6LiteralsLoseAndRegainTheirBrackets) {
  const auto url = parse_url("http://[::1]:5000/x").value();
  EXPECT_EQ(url.host, "::1");
  EXPECT_EQ(url.authority(), "[::1]:5000");
  EXPECT_EQ(url.text(), "http://[::1]:5000/x");
}

TEST(Url, RefusesWhatCannotBeAsked) {
  for (const auto* text : {"", "/path", "host:80/x", "https://", "https:///x", "http://u:p@h/", "http://h:0/",
                           "http://h:65536/", "http://h:x/", "http://h h/", "http://h/\n", "http://[::1", "http://[x]/",
                           "http://[::1]x/", "1http://h", "http://h_\"/"}) {
    auto parsed = parse_url(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code(), Code::kBadInput);
  }
}

TEST(Form, ComesBackWhateverIsInIt) {
  const Form form{{"Action", "RunInstances"}, {"UserData", "a+b/c= &%\xc3\xa9"}, {"empty", ""}};
  EXPECT_EQ(encode_form(form), "Action=RunInstances&UserData=a%2Bb%2Fc%3D%20%26%25%C3%A9&empty=");
  EXPECT_EQ(decode_form(encode_form(form)).value(), form);
}

TEST(Form, ReadsWhatBrowsersAndOldProgramsWrite) {
  const auto form = decode_form("a=1+2&&b&c=%3D&a=3").value();
  EXPECT_THAT(form, testing::ElementsAre(testing::Pair("a", "1 2"), testing::Pair("b", ""), testing::Pair("c", "="),
                                         testing::Pair("a", "3")));
  EXPECT_EQ(field(form, "a"), "1 2");
  EXPECT_EQ(field(form, "none"), "");
  EXPECT_FALSE(decode_form("a=%"));
}

}  // namespace
}  // namespace tombolo::codec
