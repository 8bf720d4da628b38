#include <gtest/gtest.h>

#include "crypto/ed25519.hpp"
#include "crypto/p256.hpp"
#include "crypto/random.hpp"
#include "crypto/x25519.hpp"

namespace tombolo::crypto {
namespace {

Bytes hex(const char* text) { return from_hex(text).value(); }

TEST(Ed25519, KnowsTheVectorsOfRfc8032) {
  const auto key =
      Ed25519Key::from_seed(hex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")).value();
  EXPECT_EQ(to_hex(key.public_key().bytes), "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
  const auto signature = key.sign(hex("af82"));
  EXPECT_EQ(to_hex(signature),
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e971"
            "6ed28dc027beceea1ec40a");
  EXPECT_TRUE(verify(key.public_key(), hex("af82"), signature));
  EXPECT_FALSE(verify(key.public_key(), hex("af83"), signature));
  EXPECT_FALSE(verify(key.public_key(), hex("af82"), ByteView(signature).first(63)));
  EXPECT_FALSE(verify(Ed25519Key::generate().public_key(), hex("af82"), signature));
}

TEST(Ed25519, LongFormComesBackAndMustBelongTogether) {
  const auto key = Ed25519Key::generate();
  const auto bytes = key.bytes();
  ASSERT_EQ(bytes.expose().size(), Ed25519Key::kSize);
  EXPECT_EQ(Ed25519Key::from_bytes(bytes.expose()).value().public_key(), key.public_key());
  auto wrong = bytes.expose();
  wrong[63] ^= 1;
  EXPECT_EQ(Ed25519Key::from_bytes(wrong).error().code(), Code::kCorrupt);
  EXPECT_EQ(Ed25519Key::from_bytes(ByteView(wrong).first(63)).error().code(), Code::kBadInput);
  EXPECT_NE(Ed25519Key::generate().public_key(), key.public_key());
}

TEST(X25519,
     DerivesThePublicKeyOfRfc7748) {  // section 5.2, the first of the iterated values: scalar 9 times base point 9
  const auto key =
      X25519Key::from_bytes(hex("0900000000000000000000000000000000000000000000000000000000000000")).value();
  EXPECT_EQ(to_hex(key.public_key().bytes), "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
  EXPECT_EQ(X25519Key::from_bytes(key.bytes().expose()).value().public_key(), key.public_key());
  EXPECT_NE(X25519Key::generate().public_key(), key.public_key());
  EXPECT_FALSE(X25519Key::from_bytes(Bytes(31)));
}

// RFC 6979, A.2.5: the key and its public point.
constexpr const char* kScalar = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
constexpr const char* kPoint =
    "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f51"
    "77a3c294d4462299";
// Its signature of "sample" with SHA-256, as DER; s is in the high half.
constexpr const char* kSampleSignature =
    "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716022100f7cb1c942d657c41d436c7a1b6e29f65f3"
    "e900dbb9aff4064dc4ab2f843acda8";

TEST(P256, KnowsTheVectorOfRfc6979) {
  const auto key = P256Key::from_bytes(hex(kScalar)).value();
  EXPECT_EQ(to_hex(key.public_key().bytes), kPoint);
  EXPECT_TRUE(verify(key.public_key(), as_bytes("sample"), hex(kSampleSignature)));
  EXPECT_FALSE(verify(key.public_key(), as_bytes("Sample"), hex(kSampleSignature)));
}

TEST(P256, SignsWithLowSAndBothFormsVerify) {
  const auto key = P256Key::from_bytes(hex(kScalar)).value();
  for (int i = 0; i < 32; ++i) {  // by chance half of OpenSSL's signatures have a high s
    const Bytes message = random_bytes(20);
    const Bytes signature = key.sign(message);
    EXPECT_TRUE(has_low_s(signature).value());
    const Bytes other = other_form(signature).value();
    EXPECT_FALSE(has_low_s(other).value());
    EXPECT_EQ(other_form(other).value(), signature);
    EXPECT_TRUE(verify(key.public_key(), message, signature));
    EXPECT_TRUE(verify(key.public_key(), message, other));
  }
  EXPECT_FALSE(has_low_s(hex(kSampleSignature)).value());
}

TEST(P256, RefusesSignaturesThatAreNotInTheirOneForm) {
  const auto key = P256Key::from_bytes(hex(kScalar)).value();
  const Bytes good = hex(kSampleSignature);
  auto longer = good;
  longer.push_back(0);
  auto padded = good;  // r with a superfluous zero in front
  padded.insert(padded.begin() + 4, 0);
  padded[1]++;
  padded[3]++;
  for (const Bytes& wrong : {longer, padded, Bytes(), Bytes(72, 0x30), hex("3006020100020100")}) {
    EXPECT_FALSE(verify(key.public_key(), as_bytes("sample"), wrong)) << to_hex(wrong);
    EXPECT_FALSE(other_form(wrong)) << to_hex(wrong);
  }
}

TEST(P256, RefusesKeysOutsideTheCurve) {
  EXPECT_FALSE(P256Key::from_bytes(Bytes(32, 0)));
  EXPECT_FALSE(P256Key::from_bytes(Bytes(32, 0xff)));
  EXPECT_FALSE(P256Key::from_bytes(Bytes(31, 1)));
  EXPECT_FALSE(P256Key::from_bytes(hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")))
      << "the order itself";
  auto point = hex(kPoint);
  EXPECT_TRUE(P256Public::from_bytes(point));
  point[64] ^= 1;
  EXPECT_FALSE(P256Public::from_bytes(point));
  EXPECT_FALSE(P256Public::from_bytes(ByteView(point).first(33)));
}

}  // namespace
}  // namespace tombolo::crypto
