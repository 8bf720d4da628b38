#include "codec/cidr.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace tombolo::codec {
namespace {

Address address(std::string_view text) { return *Address::parse(text); }
Cidr cidr(std::string_view text) { return *Cidr::parse(text); }

TEST(Address, TextComesBackInItsShortestForm) {
  EXPECT_EQ(address("10.42.0.1").text(), "10.42.0.1");
  EXPECT_EQ(address("FD00:0:0:0::1").text(), "fd00::1");
  EXPECT_TRUE(address("10.42.0.1").is_v4());
  EXPECT_FALSE(address("::1").is_v4());
  EXPECT_EQ(address("10.42.0.1").v4_value(), 0x0a2a0001u);
  EXPECT_EQ(Address::v4(0x0a2a0001), address("10.42.0.1"));
}

TEST(Address, BytesAreInNetworkOrderAndComeBack) {
  EXPECT_THAT(address("10.42.0.1").bytes(), testing::ElementsAre(10, 42, 0, 1));
  EXPECT_EQ(Address::from_bytes(address("fd00::1").bytes()).value(), address("fd00::1"));
  EXPECT_EQ(Address::from_bytes(Bytes(5)).error().code(), Code::kCorrupt);
}

TEST(Address, V6OrdersAfterV4ThenByNumber) {
  std::vector<Address> all{address("::1"), address("10.0.0.10"), address("255.255.255.255"), address("10.0.0.9")};
  std::sort(all.begin(), all.end());
  EXPECT_THAT(
      all, testing::ElementsAre(address("10.0.0.9"), address("10.0.0.10"), address("255.255.255.255"), address("::1")));
}

TEST(Address, NextCarriesOverBytesAndWraps) {
  EXPECT_EQ(address("10.42.0.255").next(), address("10.42.1.0"));
  EXPECT_EQ(address("255.255.255.255").next(), address("0.0.0.0"));
  EXPECT_EQ(address("::ffff").next(), address("::1:0"));
}

TEST(Address, RefusesWhatIsNone) {
  for (const auto* text : {"", "10.42.0", "010.42.0.1", "10.42.0.256", "10.42.0.1/16", " 10.42.0.1", "fe80::1%eth0",
                           "::1::", "lighthouse"}) {
    auto parsed = Address::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code(), Code::kBadInput);
    EXPECT_THAT(parsed.error().sentence(), testing::HasSubstr(text));
  }
  EXPECT_FALSE(Address::parse(std::string_view("10.0.0.1\0", 9)));
  EXPECT_FALSE(Address::parse(std::string(1000, '1')));
}

TEST(Cidr, KeepsHostBitsUntilTheNetworkIsAskedFor) {
  const auto host = cidr("10.42.0.1/16");
  EXPECT_EQ(host.text(), "10.42.0.1/16");
  EXPECT_TRUE(host.has_host_bits());
  EXPECT_EQ(host.network(), cidr("10.42.0.0/16"));
  EXPECT_FALSE(host.network().has_host_bits());
  EXPECT_EQ(host.first(), address("10.42.0.0"));
  EXPECT_EQ(host.last(), address("10.42.255.255"));
}

TEST(Cidr, RangesEndWhereThePrefixSays) {
  EXPECT_EQ(cidr("10.96.0.0/12").last(), address("10.111.255.255"));
  EXPECT_EQ(cidr("0.0.0.0/0").last(), address("255.255.255.255"));
  EXPECT_EQ(cidr("10.0.0.7/32").last(), address("10.0.0.7"));
  EXPECT_EQ(cidr("fd00::/63").last(), address("fd00:0:0:1:ffff:ffff:ffff:ffff"));
}

TEST(Cidr, ContainsAndOverlaps) {
  EXPECT_TRUE(cidr("10.42.0.0/16").contains(address("10.42.2.1")));
  EXPECT_FALSE(cidr("10.42.0.0/16").contains(address("10.43.0.0")));
  EXPECT_FALSE(cidr("0.0.0.0/0").contains(address("::1")));
  EXPECT_TRUE(cidr("10.42.0.0/16").contains(cidr("10.42.2.0/24")));
  EXPECT_FALSE(cidr("10.42.2.0/24").contains(cidr("10.42.0.0/16")));
  EXPECT_TRUE(cidr("10.42.2.0/24").overlaps(cidr("10.42.0.0/16")));
  EXPECT_TRUE(cidr("10.42.0.0/16").overlaps(cidr("10.42.2.0/24")));
  EXPECT_FALSE(cidr("10.42.0.0/16").overlaps(cidr("10.43.0.0/16")));
}

TEST(Cidr, RefusesWhatIsNoneAndSaysWhy) {
  EXPECT_THAT(Cidr::parse("10.42.0.0").error().sentence(), testing::HasSubstr("no /prefix"));
  EXPECT_THAT(Cidr::parse("10.42.0/16").error().sentence(), testing::HasSubstr("not an IP address"));
  EXPECT_THAT(Cidr::parse("10.42.0.0/33").error().sentence(), testing::HasSubstr("more than 32"));
  for (const auto* text :
       {"10.42.0.0/", "10.42.0.0/-0", "10.42.0.0/+8", "10.42.0.0/016", "10.42.0.0/8 ", "10.42.0.0/99999999999"}) {
    EXPECT_FALSE(Cidr::parse(text)) << text;
  }
}

}  // namespace
}  // namespace tombolo::codec
