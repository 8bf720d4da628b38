#include "mesh/conversation.hpp"

#include <gtest/gtest.h>

#include "nebula/authority.hpp"

namespace tombolo::mesh {
namespace {

const auto kUs = codec::Address::v4(0x0a2afffe), kThem = codec::Address::v4(0x0a2a0001);

// What the member's kernel makes of a request: addresses swapped, type 0.
Bytes answered(Bytes packet) {
  for (int i = 0; i < 4; ++i)
    std::swap(packet[12 + static_cast<std::size_t>(i)], packet[16 + static_cast<std::size_t>(i)]);
  packet[20] = 0;
  return packet;
}

TEST(Echo, IsAnIcmpRequestOfThatSizeThatMayNotBeFragmented) {
  const auto packet = icmp_echo(kUs, kThem, 7, 3, 1300);
  ASSERT_EQ(packet.size(), 1300u);
  EXPECT_EQ(packet[0], 0x45);
  EXPECT_EQ(packet[6] & 0x40, 0x40);
  // RFC 1071: the sum over a header with its checksum is all ones.
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < 20; i += 2) sum += static_cast<std::uint32_t>(packet[i] << 8 | packet[i + 1]);
  EXPECT_EQ((sum & 0xFFFF) + (sum >> 16), 0xFFFFu);
  EXPECT_EQ(icmp_echo(kUs, kThem, 7, 3, 1).size(), 28u);
}

TEST(Echo, OnlyOurOwnAnswerCounts) {
  const auto answer = answered(icmp_echo(kUs, kThem, 7, 3, 84));
  EXPECT_EQ(echo_reply(answer, kThem, kUs, 7), std::uint16_t{3});
  EXPECT_FALSE(echo_reply(answer, kThem, kUs, 8));                                // somebody else's
  EXPECT_FALSE(echo_reply(answer, codec::Address::v4(0x0a2a0002), kUs, 7));       // from somebody else
  EXPECT_FALSE(echo_reply(icmp_echo(kUs, kThem, 7, 3, 84), kThem, kUs, 7));       // our own request
  for (std::size_t size = 0; size < 28; ++size) EXPECT_FALSE(echo_reply(ByteView(answer).first(size), kThem, kUs, 7));
}

struct Talk : testing::Test {
  nebula::Seconds now{std::chrono::seconds(1'795'700'000)};
  nebula::Authority ca =
      *nebula::Authority::create({.name = "mesh", .not_before = now}, nebula::SigningKey::generate());
  nebula::MemberKey key = nebula::MemberKey::generate();
  ProbeRequest request() {
    const auto certificate = ca.issue({.name = "tombolo-probe",
                                       .public_key = key.public_key(),
                                       .networks = {codec::Cidr(kUs, 16)},
                                       .not_before = now});
    ProbeRequest out;
    out.identity = {certificate->to_pem(), key.to_pem(), ca.certificate().to_pem(), {}, "aes"};
    out.member = kThem;
    return out;
  }
  Dice dice() { return {crypto::X25519Key::generate(), 5, 7, Time(now)}; }
};

TEST_F(Talk, BeginsWithAHandshakeForNobodysTunnelYet) {
  const auto talk = Conversation::begin(request(), dice());
  ASSERT_TRUE(talk) << talk.error().text();
  const auto header = nebula::read_header(talk->hello());
  ASSERT_TRUE(header);
  EXPECT_EQ(header->type, nebula::PacketType::kHandshake);
  EXPECT_EQ(header->remote_index, 0u);
  EXPECT_EQ(header->counter, 1u);
}

TEST_F(Talk, StrangeDatagramsAreNotHeardAndABadAnswerIsNamed) {
  auto talk = *Conversation::begin(request(), dice());
  for (const auto& noise : {Bytes{}, Bytes{0}, Bytes(40, 0x10), Bytes(2000, 0xFF)})
    EXPECT_TRUE(talk.hear(noise).trouble.empty());
  auto forged = nebula::encode(nebula::Header{nebula::PacketType::kHandshake, 0, 5, 2});
  forged.resize(300, 0x42);
  EXPECT_EQ(talk.hear(forged).trouble, "bad answer");
  EXPECT_FALSE(talk.has_tunnel());
}

TEST_F(Talk, AnIdentityThatDoesNotFitIsRefused) {
  auto wrong = request();
  wrong.identity.key_pem = nebula::MemberKey::generate().to_pem();
  EXPECT_FALSE(Conversation::begin(wrong, dice()));
  wrong = request();
  wrong.identity.cipher = "rot13";
  EXPECT_EQ(Conversation::begin(wrong, dice()).error().code(), Code::kBadInput);
}

}  // namespace
}  // namespace tombolo::mesh
