#include "nebula/key_file.hpp"

#include <gtest/gtest.h>

#include "codec/pem.hpp"
#include "nebula/authority.hpp"
#include "nebula/trust.hpp"
#include "nebula/vectors.hpp"

namespace tombolo::nebula {
namespace {

using test::vector_of;
using test::vectors;

constexpr crypto::Argon2Cost kCheap{64, 1, 2};

TEST(KeyFiles, OfEveryVectorBelongToItsCertificateAndToNoOther) {
  for (const auto& [name, vector] : vectors()) {
    const PublicKey own{vector.curve(), vector.bytes("public_key")};
    const auto key = vector.is_ca() ? vector.signing_key().public_key()
                                    : parse_member_key(vector.text("key_pem")).value().public_key();
    EXPECT_EQ(key, own) << name;
    const auto signer = vector.is_ca() ? std::optional(vector.signing_key()) : std::nullopt;
    for (const auto& [other_name, other] : vectors()) {
      EXPECT_EQ(check_pair(other.certificate(), key).has_value(), other_name == name) << name << " with " << other_name;
      if (signer) {
        EXPECT_EQ(Authority::open(other.certificate(), *signer).has_value(), other_name == name)
            << name << " with " << other_name;
      }
    }
  }
}

TEST(KeyFiles, AreWrittenAsNebulaWritesThem) {
  for (const auto& [name, vector] : vectors()) {
    if (!vector.text("passphrase").empty()) continue;
    const auto pem =
        vector.is_ca() ? vector.signing_key().to_pem() : parse_member_key(vector.text("key_pem")).value().to_pem();
    EXPECT_EQ(pem.expose(), vector.text("key_pem")) << name;
  }
}

TEST(KeyFiles, SayWhatTheyAreWhenTheyAreNotWhatIsNeeded) {
  const auto member = parse_member_key(vector_of("old-ca.crt").text("key_pem"));
  ASSERT_FALSE(member);
  EXPECT_EQ(member.error().sentence(), "here must be a member's private key, but this is a NEBULA ED25519 PRIVATE KEY");
  EXPECT_FALSE(parse_signing_key(vector_of("old-h1.crt").text("key_pem")));
  EXPECT_FALSE(parse_signing_key(vector_of("old-h1.crt").text("pem")));
  EXPECT_FALSE(parse_member_key(""));
  EXPECT_FALSE(parse_member_key(vector_of("old-h1.crt").text("key_pem") + vector_of("n1-h1.crt").text("key_pem")))
      << "one key a file";
}

TEST(KeyFiles, OfTheWrongLengthAreRefused) {
  for (const char* label : {"NEBULA X25519 PRIVATE KEY", "NEBULA P256 PRIVATE KEY"}) {
    EXPECT_FALSE(parse_member_key(codec::encode_pem(label, Bytes(31, 1)))) << label;
  }
  for (const char* label : {"NEBULA ED25519 PRIVATE KEY", "NEBULA ECDSA P256 PRIVATE KEY"}) {
    EXPECT_FALSE(parse_signing_key(codec::encode_pem(label, Bytes(63, 1)))) << label;
  }
  EXPECT_FALSE(parse_public_key(codec::encode_pem("NEBULA X25519 PUBLIC KEY", Bytes(33, 1))));
  EXPECT_FALSE(parse_public_key(codec::encode_pem("NEBULA P256 PUBLIC KEY", Bytes(65, 4))))
      << "not a point of the curve";
}

TEST(KeyFiles, OfAnAuthorityWithSwappedHalvesAreRefused) {
  auto bytes = codec::decode_pem(vector_of("old-ca.crt").text("key_pem")).value()[0].body.expose();
  bytes[40] ^= 1;
  EXPECT_EQ(parse_signing_key(codec::encode_pem("NEBULA ED25519 PRIVATE KEY", bytes)).error().code(), Code::kCorrupt);
}

TEST(PublicKeyFiles, ComeBack) {
  for (const char* label : {"old-h1.crt", "p1-h.crt"}) {
    const PublicKey key{vector_of(label).curve(), vector_of(label).bytes("public_key")};
    EXPECT_EQ(parse_public_key(public_key_pem(key)).value(), key);
  }
}

TEST(EncryptedKeys, OfNebulaOpenWithTheirPassphraseOnly) {
  for (const char* label : {"e-ca.crt", "ep-ca.crt"}) {
    const auto& v = vector_of(label);
    const auto key = std::get<EncryptedKey>(parse_signing_key(v.text("key_pem")).value());
    EXPECT_EQ(key.cost, (crypto::Argon2Cost{65536, 3, 4}));
    EXPECT_EQ(key.salt.size(), 32u);
    EXPECT_EQ(key.unlock(Passphrase(v.text("passphrase"))).value().public_key().bytes, v.bytes("public_key"));
    const auto wrong = key.unlock(Passphrase(std::string("wrong")));
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code(), Code::kUntrusted);
  }
}

TEST(EncryptedKeys, OfOursComeBackAndAreNeverTheSameTwice) {
  const Passphrase passphrase(std::string("correct horse"));
  for (const char* label : {"old-ca.crt", "p1-ca.crt"}) {
    const auto key = vector_of(label).signing_key();
    const auto pem = key.to_encrypted_pem(passphrase, kCheap).value();
    EXPECT_NE(pem, key.to_encrypted_pem(passphrase, kCheap).value());
    const auto back = std::get<EncryptedKey>(parse_signing_key(pem).value());
    EXPECT_EQ(back.cost, kCheap);
    EXPECT_EQ(back.unlock(passphrase).value().to_pem().expose(), key.to_pem().expose());
    auto changed = back;
    changed.sealed.back() ^= 1;
    EXPECT_EQ(changed.unlock(passphrase).error().code(), Code::kUntrusted);
    changed = back;
    changed.cost.iterations = 2;
    EXPECT_EQ(changed.unlock(passphrase).error().code(), Code::kUntrusted);
    changed.cost.memory_kib = 5u << 20;
    EXPECT_EQ(changed.unlock(passphrase).error().code(), Code::kBadInput)
        << "a file must not ask for any amount of memory";
  }
  EXPECT_EQ(vector_of("old-ca.crt").signing_key().to_encrypted_pem(Passphrase(), kCheap).error().code(),
            Code::kBadInput);
}

// The body of an encrypted key with one byte string replaced by another of the same length.
std::string with_replaced(const std::string& pem, ByteView old_bytes, ByteView new_bytes) {
  const auto block = codec::decode_pem(pem).value()[0];
  auto body = block.body.expose();
  const auto at = std::search(body.begin(), body.end(), old_bytes.begin(), old_bytes.end());
  EXPECT_NE(at, body.end());
  std::copy(new_bytes.begin(), new_bytes.end(), at);
  return codec::encode_pem(block.label, body);
}

TEST(EncryptedKeys, OfAnotherAlgorithmOrVersionOrWithAShortSaltAreRefused) {
  const auto pem = vector_of("e-ca.crt").text("key_pem");
  EXPECT_EQ(parse_signing_key(with_replaced(pem, as_bytes("AES-256-GCM"), as_bytes("AES-128-GCM"))).error().code(),
            Code::kUnsupported);
  EXPECT_EQ(parse_signing_key(with_replaced(pem, Bytes{0x08, 0x13, 0x10}, Bytes{0x08, 0x10, 0x10})).error().code(),
            Code::kUnsupported);
  // Argon2's field 5 (2a), 32 bytes of salt (20), becomes 15 bytes and an unknown field 6 (32) with the remaining 15.
  const auto salt = std::get<EncryptedKey>(parse_signing_key(pem).value()).salt;
  Bytes whole{0x2a, 0x20};
  whole.insert(whole.end(), salt.begin(), salt.end());
  Bytes shorter = whole;
  shorter[1] = 15;
  shorter[17] = 0x32;
  shorter[18] = 15;
  EXPECT_FALSE(parse_signing_key(with_replaced(pem, whole, shorter)));
}

}  // namespace
}  // namespace tombolo::nebula
