#include "store/secret_envelope.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tombolo::store {
namespace {

constexpr crypto::Argon2Cost kQuick{64, 1, 1};
const Secret<std::string> kPassphrase("correct horse");
const Secret<Bytes> kSealedKey(to_bytes("-----BEGIN NEBULA ED25519 PRIVATE KEY-----\n"));

Bytes sealed() { return seal_envelope("nebula-ca-key", kSealedKey, kPassphrase, kQuick).value(); }

TEST(SecretEnvelope, OpensWithItsPassphraseOnly) {
  const auto file = sealed();
  EXPECT_EQ(open_envelope(file, kPassphrase)->expose(), kSealedKey.expose());
  const auto wrong = open_envelope(file, Secret<std::string>("correct house"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code(), Code::kUntrusted);
  EXPECT_FALSE(wrong.error().hint().empty());
}

TEST(SecretEnvelope, ShowsItsNameAndCostButNotTheSecret) {
  const auto file = sealed();
  const auto envelope = parse_envelope(file);
  ASSERT_TRUE(envelope) << envelope.error().text();
  EXPECT_EQ(envelope->name, "nebula-ca-key");
  EXPECT_EQ(envelope->cost, kQuick);
  EXPECT_EQ(as_text(file).find("NEBULA"), std::string_view::npos);
}

TEST(SecretEnvelope, IsAnotherOneEachTime) { EXPECT_NE(sealed(), sealed()); }

TEST(SecretEnvelope, AnyChangedByteIsNoticed) {
  const auto file = sealed();
  for (std::size_t at = 0; at < file.size(); ++at) {
    auto changed = file;
    changed[at] ^= 0x01;
    // Costs become large when their upper bytes change; those are tried below.
    if (at >= 8 && at < 16) continue;
    const auto opened = open_envelope(changed, kPassphrase);
    ASSERT_FALSE(opened) << "byte " << at;
    EXPECT_THAT(opened.error().code(), testing::AnyOf(Code::kCorrupt, Code::kUntrusted, Code::kUnsupported))
        << "byte " << at;
  }
}

TEST(SecretEnvelope, AnyMissingEndIsNoticed) {
  const auto file = sealed();
  for (std::size_t length = 0; length < file.size(); ++length) {
    const auto opened = open_envelope(ByteView(file).first(length), kPassphrase);
    ASSERT_FALSE(opened) << length;
    EXPECT_THAT(opened.error().code(), testing::AnyOf(Code::kCorrupt, Code::kUntrusted)) << length;
  }
}

TEST(SecretEnvelope, ACostThatWouldEatTheMachineIsRefused) {
  const auto with = [](std::size_t at, Byte value) {
    auto file = sealed();
    file[at] = value;
    return parse_envelope(file);
  };
  EXPECT_EQ(with(8, 0xff).error().code(), Code::kCorrupt) << "memory";
  EXPECT_EQ(with(12, 0x7f).error().code(), Code::kCorrupt) << "passes";
  EXPECT_EQ(with(16, 0).error().code(), Code::kCorrupt) << "no lane";
  EXPECT_EQ(with(16, 200).error().code(), Code::kCorrupt) << "lanes";
}

TEST(SecretEnvelope, ALaterFormatAsksForANewerVersion) {
  auto file = sealed();
  file[7] = '2';
  EXPECT_EQ(parse_envelope(file).error().code(), Code::kUnsupported);
}

TEST(SecretEnvelope, RefusesWhatProtectsNothing) {
  EXPECT_EQ(seal_envelope("name", kSealedKey, Secret<std::string>(), kQuick).error().code(), Code::kBadInput);
  EXPECT_EQ(seal_envelope("", kSealedKey, kPassphrase, kQuick).error().code(), Code::kBadInput);
  EXPECT_EQ(seal_envelope(std::string(256, 'n'), kSealedKey, kPassphrase, kQuick).error().code(), Code::kBadInput);
}

}  // namespace
}  // namespace tombolo::store
