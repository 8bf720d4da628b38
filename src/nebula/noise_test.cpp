// The handshake and the packets behind it against vectors made by an independent implementation that stock Nebula accepts.
#include "nebula/noise.hpp"

#include <gtest/gtest.h>

#include "base/files.hpp"
#include "codec/json.hpp"
#include "nebula/handshake.hpp"
#include "nebula/wire.hpp"

namespace tombolo::nebula {
namespace {

struct NoiseVector {
  codec::Json json;
  Bytes at(std::string_view name) const { return *from_hex(codec::text_at(json, name)); }
  crypto::X25519Key key(std::string_view name) const { return *crypto::X25519Key::from_bytes(at(name)); }
  crypto::Aead cipher() const {
    return codec::text_at(json, "protocol").find("AESGCM") != std::string::npos ? crypto::Aead::kAes256Gcm
                                                                                : crypto::Aead::kChaCha20Poly1305;
  }
  NoiseInitiator initiator() const { return {cipher(), key("init_static_priv"), key("init_eph_priv")}; }
};

std::vector<NoiseVector> noise_vectors() {
  const auto json = *codec::parse_json(*read_file(TOMBOLO_SOURCE_DIR "/tests/data/nebula/noise_vectors.json"));
  std::vector<NoiseVector> out;
  for (const auto& each : json.as_array())
    if (codec::text_at(each, "protocol").find("25519") != std::string::npos) out.push_back({each});
  return out;
}

ByteView behind_header(const Bytes& packet) { return ByteView(packet).subspan(kHeaderSize); }

TEST(Noise, TheFirstMessageIsTheVectors) {
  ASSERT_EQ(noise_vectors().size(), 2u);
  for (const auto& v : noise_vectors()) {
    auto initiator = v.initiator();
    auto packet = encode(Header{PacketType::kHandshake, 0, 0, 1});
    const auto message = initiator.write_first(v.at("payload1"));
    packet.insert(packet.end(), message.begin(), message.end());
    EXPECT_EQ(to_hex(packet), codec::text_at(v.json, "packet1"));
  }
}

TEST(Noise, TheAnswerOpensToTheVectorsKeys) {
  for (const auto& v : noise_vectors()) {
    auto initiator = v.initiator();
    initiator.write_first(v.at("payload1"));
    const auto packet = v.at("packet2");
    const auto answer = initiator.read_second(behind_header(packet));
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ(to_hex(answer->theirs.bytes), codec::text_at(v.json, "resp_static_pub"));
    EXPECT_EQ(to_hex(answer->payload), codec::text_at(v.json, "payload2"));
    EXPECT_EQ(to_hex(answer->send.expose()), codec::text_at(v.json, "key_i2r"));
    EXPECT_EQ(to_hex(answer->receive.expose()), codec::text_at(v.json, "key_r2i"));
    EXPECT_EQ(to_hex(answer->transcript), codec::text_at(v.json, "handshake_hash"));
    Tunnel tunnel(v.cipher(), answer->send, answer->receive, 1, 0xa1b2c3d4);
    EXPECT_EQ(to_hex(tunnel.seal(PacketType::kMessage, 0, v.at("data_plaintext"))),
              codec::text_at(v.json, "data_packet_i2r_ctr3"));
  }
}

TEST(Noise, AnyChangedByteOfTheAnswerIsRefused) {
  for (const auto& v : noise_vectors()) {
    auto initiator = v.initiator();
    initiator.write_first(v.at("payload1"));
    const auto packet = v.at("packet2");
    for (std::size_t i = kHeaderSize; i < packet.size(); ++i) {
      auto changed = packet;
      changed[i] ^= 1;
      EXPECT_FALSE(initiator.read_second(behind_header(changed))) << i;
    }
    for (std::size_t size = 0; size + kHeaderSize < packet.size(); ++size)
      EXPECT_FALSE(initiator.read_second(behind_header(packet).first(size))) << size;
    EXPECT_TRUE(initiator.read_second(behind_header(packet)));  // no failure before has changed anything
  }
}

TEST(Noise, AnswerToAnotherCipherIsRefused) {
  const auto both = noise_vectors();
  auto initiator = both[0].initiator();
  initiator.write_first(both[0].at("payload1"));
  EXPECT_EQ(initiator.read_second(behind_header(both[1].at("packet2"))).error().code(), Code::kUntrusted);
}

TEST(Handshake, PayloadsAreReadAndWritten) {
  const auto v = noise_vectors()[0];
  const auto payload = read_handshake_payload(v.at("payload2"));
  ASSERT_TRUE(payload);
  EXPECT_NE(payload->initiator_index, 0u);
  EXPECT_NE(payload->responder_index, 0u);
  EXPECT_EQ(payload->version, Version::k1);
  EXPECT_EQ(encode(*payload), v.at("payload2"));
  for (const auto* wrong : {"", "0a", "0801", "0a020a00ff", "0a020801", "0a06108080808010"})
    EXPECT_FALSE(read_handshake_payload(*from_hex(wrong))) << wrong;
}

TEST(Tunnel, RefusesReplaysForeignIndicesAndChanges) {
  const crypto::AeadKey a(std::array<Byte, 32>{1}), b(std::array<Byte, 32>{2});
  Tunnel here(crypto::Aead::kAes256Gcm, a, b, 7, 9), there(crypto::Aead::kAes256Gcm, b, a, 9, 7);
  const auto packet = here.seal(PacketType::kTest, 0, to_bytes("hello"));
  EXPECT_EQ(as_text(*there.open(packet)), "hello");
  EXPECT_FALSE(there.open(packet));  // a replay
  auto foreign = here.seal(PacketType::kTest, 0, to_bytes("hello"));
  foreign[7] ^= 1;
  EXPECT_FALSE(there.open(foreign));
  auto retyped = here.seal(PacketType::kTest, 0, to_bytes("hello"));
  retyped[0] = 0x11;  // the header is authenticated
  EXPECT_FALSE(there.open(retyped));
  std::vector<Bytes> many;
  for (int i = 0; i < 1100; ++i) many.push_back(here.seal(PacketType::kTest, 0, {}));
  for (int i = 1099; i >= 76; --i) EXPECT_TRUE(there.open(many[static_cast<std::size_t>(i)])) << i;  // any order
  EXPECT_FALSE(there.open(many[3]));  // too old to tell
}

TEST(Header, NothingButNebulasIsRead) {
  EXPECT_FALSE(read_header({}));
  EXPECT_FALSE(read_header(Bytes(15, 0x10)));
  EXPECT_FALSE(read_header(Bytes(16, 0x20)));
  EXPECT_FALSE(read_header(Bytes(16, 0x1F)));
  EXPECT_TRUE(read_header(Bytes(16, 0x10)));
}

}  // namespace
}  // namespace tombolo::nebula
