#include "codec/gzip.hpp"

#include <gmock/gmock.h>

#include <random>

namespace tombolo::codec {
namespace {

Bytes noise(std::size_t size) {
  std::mt19937 random(7);
  Bytes bytes(size);
  for (auto& b : bytes) b = static_cast<Byte>(random());
  return bytes;
}

TEST(Gzip, ComesBackAtEverySize) {
  for (const std::size_t size : {0u, 1u, 1000u, 65536u, 300'000u}) {
    const auto plain = noise(size);
    EXPECT_EQ(gunzip(gzip(plain), size).value(), plain) << size;
  }
}

TEST(Gzip, HeaderTellsNothingAboutTimeOrMachine) {
  const auto packed = gzip(as_bytes("tombolo"));
  ASSERT_GE(packed.size(), 10u);
  EXPECT_EQ(Bytes(packed.begin(), packed.begin() + 10), (Bytes{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255}));
  EXPECT_EQ(gzip(as_bytes("tombolo")), packed);
}

TEST(Gzip, SeveralMembersAreOneText) {
  auto both = gzip(as_bytes("one "));
  const auto second = gzip(as_bytes("two"));
  both.insert(both.end(), second.begin(), second.end());
  EXPECT_EQ(as_text(gunzip(both, 100).value()), "one two");
}

TEST(Gzip, StopsAtTheLimit) {
  const auto bomb = gzip(Bytes(10 << 20));
  EXPECT_LT(bomb.size(), 20'000u);
  EXPECT_EQ(gunzip(bomb, 1 << 20).error().code(), Code::kBadInput);
  EXPECT_TRUE(gunzip(bomb, 10 << 20));
}

TEST(Gzip, RefusesDamage) {
  const auto packed = gzip(as_bytes("The island is joined to the mainland."));
  EXPECT_EQ(gunzip({}, 100).error().code(), Code::kCorrupt);
  EXPECT_EQ(gunzip(as_bytes("plain text"), 100).error().code(), Code::kCorrupt);
  for (std::size_t cut = 1; cut < packed.size(); ++cut) EXPECT_FALSE(gunzip(ByteView(packed).first(cut), 100)) << cut;
  auto damaged = packed;
  damaged[packed.size() - 6] ^= 1;  // the checksum
  EXPECT_EQ(gunzip(damaged, 100).error().code(), Code::kCorrupt);
  auto trailing = packed;
  trailing.push_back('x');
  EXPECT_FALSE(gunzip(trailing, 100));
}

}  // namespace
}  // namespace tombolo::codec
