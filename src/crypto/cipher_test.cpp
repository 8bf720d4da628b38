#include <gtest/gtest.h>

#include "crypto/aes_gcm.hpp"
#include "crypto/argon2.hpp"

namespace tombolo::crypto {
namespace {

template <std::size_t N>
std::array<Byte, N> fixed(const char* text) {
  const auto bytes = from_hex(text).value();
  std::array<Byte, N> array{};
  EXPECT_EQ(bytes.size(), N);
  std::copy(bytes.begin(), bytes.end(), array.begin());
  return array;
}

// Test case 16 of McGrew and Viega, "The Galois/Counter Mode of Operation".
const AesKey kKey(fixed<32>("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"));
const GcmNonce kNonce = fixed<12>("cafebabefacedbaddecaf888");
const Bytes kText = from_hex(
                        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b5"
                        "25b16aedf5aa0de657ba637b39")
                        .value();
const Bytes kAdditional = from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2").value();
const Bytes kSealed = from_hex(
                          "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b105682"
                          "8838c5f61e6393ba7a0abcc9f662"
                          "76fc6ece0f4e1768cddf8853bb2d551b")
                          .value();

TEST(AesGcm, KnowsTheStandardsVector) {
  EXPECT_EQ(to_hex(seal_aes256gcm(kKey, kNonce, kText, kAdditional)), to_hex(kSealed));
  EXPECT_EQ(open_aes256gcm(kKey, kNonce, kSealed, kAdditional).value().expose(), kText);
}

TEST(AesGcm, SealsNothingToATag) {
  const auto sealed = seal_aes256gcm(kKey, kNonce, {});
  EXPECT_EQ(sealed.size(), kGcmTagSize);
  EXPECT_TRUE(open_aes256gcm(kKey, kNonce, sealed).value().empty());
}

TEST(AesGcm, OpensNothingThatWasChanged) {
  const auto refused = [](const auto& result) { return !result && result.error().code() == Code::kUntrusted; };
  for (std::size_t i = 0; i < kSealed.size(); ++i) {
    auto changed = kSealed;
    changed[i] ^= 1;
    EXPECT_TRUE(refused(open_aes256gcm(kKey, kNonce, changed, kAdditional))) << i;
  }
  EXPECT_TRUE(refused(open_aes256gcm(kKey, kNonce, kSealed))) << "without the additional text";
  EXPECT_TRUE(refused(open_aes256gcm(kKey, GcmNonce{}, kSealed, kAdditional)));
  EXPECT_TRUE(refused(open_aes256gcm(AesKey(), kNonce, kSealed, kAdditional)));
  EXPECT_TRUE(refused(open_aes256gcm(kKey, kNonce, ByteView(kSealed).first(15), kAdditional)));
}

// Computed with the reference library itself, from another language: 2 passes, 64 KiB, 2 lanes.
TEST(Argon2, GivesTheReferenceProgramsKey) {
  const Secret<std::string> words(std::string("password"));
  const auto key = argon2id(words, as_bytes("somesaltsomesalt"), {64, 2, 2}).value();
  EXPECT_EQ(to_hex(key.expose()), "c263317d002f84b5342fa66fa169e4bce6a356a13f19193346322ef3522e0702");
  EXPECT_NE(argon2id(words, as_bytes("somesaltsomesalu"), {64, 2, 2}).value().expose(), key.expose());
}

TEST(Argon2, RefusesCostsOutOfRange) {
  const Secret<std::string> words(std::string("password"));
  const Bytes salt(16, 1);
  for (const Argon2Cost& cost : {Argon2Cost{64, 0, 1},
                                 {64, 1, 0},
                                 {64, 1, 256},
                                 {7, 1, 1},
                                 {15, 1, 2},
                                 {64, 1001, 1},
                                 {kArgon2MemoryLimitKib + 1, 1, 1}}) {
    EXPECT_EQ(argon2id(words, salt, cost).error().code(), Code::kBadInput);
  }
  EXPECT_EQ(argon2id(words, Bytes(15, 1), {64, 1, 1}).error().code(), Code::kBadInput);
}

}  // namespace
}  // namespace tombolo::crypto
