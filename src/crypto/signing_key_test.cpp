#include "crypto/signing_key.hpp"

#include <gtest/gtest.h>

#include "crypto/ed25519.hpp"
#include "crypto/rsa.hpp"

namespace tombolo::crypto {
namespace {

SigningKey key_of(const std::string& pem) { return *SigningKey::from_pem(Secret<std::string>(pem)); }

// Seed 00 01 … 1f. Public half and signature by RFC 8032's own algorithm, as Ed25519Key has it.
constexpr auto kEd25519 =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n"
    "-----END PRIVATE KEY-----\n";

TEST(SigningKey, Ed25519IsTheSameKeyAsByItsSeed) {
  Bytes seed(32);
  for (std::size_t i = 0; i < seed.size(); ++i) seed[i] = static_cast<Byte>(i);
  const auto by_seed = *Ed25519Key::from_seed(seed);
  const auto key = key_of(kEd25519);
  const auto signature = by_seed.sign(as_bytes("nonce"));
  EXPECT_EQ(key.sign(as_bytes("nonce")), Bytes(signature.begin(), signature.end()));
  EXPECT_EQ(to_hex(key.public_key_info()), "302a300506032b6570032100" + to_hex(by_seed.public_key().bytes));
  EXPECT_EQ(to_hex(key.algorithm()), "300506032b6570");
}

TEST(SigningKey, RsaSignsWithSha256) {
  const auto key = key_of(make_rsa_pair().private_pem.expose());
  EXPECT_EQ(to_hex(key.algorithm()), "300d06092a864886f70d01010b0500");
  EXPECT_EQ(key.sign(as_bytes("nonce")).size(), 256u);
  EXPECT_EQ(key.sign(as_bytes("nonce")), key.sign(as_bytes("nonce")));
}

TEST(SigningKey, WhatIsNoKeyIsRefused) {
  for (const auto* text : {"", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "nonsense"})
    EXPECT_EQ(SigningKey::from_pem(Secret<std::string>(std::string(text))).error().code(), Code::kBadInput) << text;
}

}  // namespace
}  // namespace tombolo::crypto
