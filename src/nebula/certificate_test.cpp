#include "nebula/certificate.hpp"

#include <gtest/gtest.h>

#include "codec/pem.hpp"
#include "nebula/vectors.hpp"

namespace tombolo::nebula {
namespace {

using test::Vector;
using test::vector_of;
using test::vectors;

class EveryVector : public testing::TestWithParam<std::string> {
 protected:
  const Vector& v = vector_of(GetParam());
};

std::string label(const testing::TestParamInfo<std::string>& info) {
  std::string text = info.param.substr(0, info.param.find('.'));
  std::erase(text, '-');
  return text;
}

std::vector<std::string> labels() {
  std::vector<std::string> list;
  for (const auto& [name, vector] : vectors()) list.push_back(name);
  return list;
}
INSTANTIATE_TEST_SUITE_P(Nebula, EveryVector, testing::ValuesIn(labels()), label);

TEST(Vectors, AreThirteen) { EXPECT_EQ(vectors().size(), 13u); }

TEST_P(EveryVector, PemIsReadAndWrittenByteForByte) {
  const auto blocks = codec::decode_pem(v.text("pem")).value();
  ASSERT_EQ(blocks.size(), 1u);
  EXPECT_EQ(blocks[0].label, pem_label(v.version()));
  EXPECT_EQ(blocks[0].body.expose(), v.bytes("raw"));
  EXPECT_EQ(codec::encode_pem(pem_label(v.version()), v.bytes("raw")), v.text("pem"));
  EXPECT_EQ(parse_certificate(v.text("pem")).value().to_pem(), v.text("pem"));
}

TEST_P(EveryVector, FieldsAreThoseOfTheFile) {
  const auto certificate = v.certificate();
  const auto& got = certificate.details();
  const auto want = v.details();
  EXPECT_EQ(got.version, want.version);
  EXPECT_EQ(got.name, want.name);
  EXPECT_EQ(got.networks, want.networks);
  EXPECT_EQ(got.unsafe_networks, want.unsafe_networks);
  EXPECT_EQ(got.groups, want.groups);
  EXPECT_EQ(got.not_before, want.not_before);
  EXPECT_EQ(got.not_after, want.not_after);
  EXPECT_EQ(got.is_ca, want.is_ca);
  EXPECT_EQ(got.issuer, want.issuer);
  EXPECT_EQ(got.public_key, want.public_key);
  EXPECT_EQ(certificate.signature(), v.bytes("signature"));
  EXPECT_EQ(certificate.signed_bytes(), v.bytes("tbs"));
}

TEST_P(EveryVector, FieldsEncodeToTheSameBytes) {
  EXPECT_EQ(to_hex(bytes_to_sign(v.details()).value()), v.text("tbs"));
  EXPECT_EQ(to_hex(Certificate::assemble(v.details(), v.bytes("signature")).value().raw()), v.text("raw"));
}

TEST_P(EveryVector, FingerprintIsNebulas) {
  EXPECT_EQ(v.certificate().fingerprint().text(), v.text("fingerprint"));
  const auto issuer = test::issuers().find(GetParam());
  const auto expected = issuer == test::issuers().end() ? "" : vector_of(issuer->second).text("fingerprint");
  EXPECT_EQ(v.certificate().details().issuer.text(), expected);
}

TEST_P(EveryVector, SignatureVerifiesAndEveryChangedBitBreaksIt) {
  const auto issuer = test::issuers().find(GetParam());
  const auto& signer = issuer == test::issuers().end() ? v : vector_of(issuer->second);
  const PublicKey key{signer.curve(), signer.bytes("public_key")};
  EXPECT_TRUE(v.certificate().signed_by(key));

  auto other = v.details();
  other.not_after += std::chrono::seconds(1);
  EXPECT_FALSE(Certificate::assemble(other, v.bytes("signature")).value().signed_by(key));
  for (std::size_t i = 0; i < v.bytes("signature").size(); ++i) {
    auto signature = v.bytes("signature");
    signature[i] ^= 1;
    EXPECT_FALSE(Certificate::assemble(v.details(), signature).value().signed_by(key)) << "byte " << i;
  }
}

TEST_P(EveryVector, ChangedBitsNeverGiveAnotherBelievedCertificate) {
  const auto issuer = test::issuers().find(GetParam());
  const auto& signer = issuer == test::issuers().end() ? v : vector_of(issuer->second);
  const PublicKey key{signer.curve(), signer.bytes("public_key")};
  for (std::size_t bit = 0; bit < v.bytes("raw").size() * 8; ++bit) {
    auto raw = v.bytes("raw");
    raw[bit / 8] = static_cast<Byte>(raw[bit / 8] ^ 1 << bit % 8);
    const auto changed = Certificate::decode(v.version(), raw);
    EXPECT_FALSE(changed && changed->signed_by(key)) << "bit " << bit;
  }
}

TEST_P(EveryVector, TruncationAndTrailingBytesAreCorrupt) {
  const auto raw = v.bytes("raw");
  for (std::size_t size = 0; size < raw.size(); ++size) {
    EXPECT_FALSE(Certificate::decode(v.version(), ByteView(raw).first(size))) << size;
  }
  auto longer = raw;
  longer.push_back(0);
  EXPECT_FALSE(Certificate::decode(v.version(), longer));
}

TEST_P(EveryVector, HandshakeFormLeavesOutTheKeyAndTakesItBack) {
  EXPECT_EQ(to_hex(v.certificate().handshake_form()), v.text("handshake_bytes"));
  const PublicKey key{v.curve(), v.bytes("public_key")};
  EXPECT_EQ(to_hex(Certificate::from_handshake(v.version(), v.bytes("handshake_bytes"), key).value().raw()),
            v.text("raw"));
  EXPECT_FALSE(Certificate::from_handshake(v.version(), v.bytes("raw"), key)) << "it carries a key";
  EXPECT_FALSE(Certificate::decode(v.version(), v.bytes("handshake_bytes"))) << "it lacks a key";
}

TEST(OtherForm, OfP256FingerprintsIsNebulas) {
  const std::map<std::string, std::string> expected = {
      {"p1-ca.crt", "4474b87e9fbb9855c8c1f5df2a7b6e79c213583840013463775f0d0412884272"},
      {"p1-h.crt", "cdf9482cf914c9c972bc31ce507b62765042310bd10120c8bd72ab04d14dacec"},
      {"p2-ca.crt", "54b653406d456a7ef69f41de30920700d9546d538fa49a1cb93a41798194489a"},
      {"p2-h.crt", "797e4327910fba836d021af7e2a95230c323e2353991c089fc4efacae719d49c"},
      {"ep-ca.crt", "22453814c9c9a74095f1cbe07bbfbe5a7ac621912d358782cca8cdf5d88c76c4"}};
  for (const auto& [name, vector] : vectors()) {
    const auto other = vector.certificate().other_fingerprint();
    ASSERT_EQ(other.has_value(), expected.contains(name)) << name;
    if (!other) continue;
    EXPECT_EQ(other->text(), expected.at(name)) << name;
  }
}

TEST(Bundle, HoldsCertificatesOfBothVersionsInTheirOrderWithCommentsBetween) {
  const auto text = "# the old one\n" + vector_of("old-ca.crt").text("pem") + "\n# and the new one\n" +
                    vector_of("n2-ca.crt").text("pem");
  const auto list = parse_certificates(text).value();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].details().name, "Old CA");
  EXPECT_EQ(list[1].details().name, "New CA v2");
  EXPECT_FALSE(parse_certificate(text)) << "two are not one";
}

TEST(Bundle, NamesWhatItFoundInsteadOfACertificate) {
  const auto key = parse_certificates(vector_of("old-ca.crt").text("key_pem"));
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code(), Code::kBadInput);
  EXPECT_NE(key.error().sentence().find("NEBULA ED25519 PRIVATE KEY"), std::string::npos) << key.error().sentence();
  EXPECT_EQ(parse_certificates("").error().code(), Code::kBadInput);
}

TEST(Times, BeyondWhatAClockHereCanHoldAreRefusedAtTheDoor) {
  for (const char* label : {"n1-h1.crt", "n2-h1.crt"}) {
    auto details = vector_of(label).details();
    details.not_after = kLatestTime;
    EXPECT_TRUE(bytes_to_sign(details));
    details.not_after += std::chrono::seconds(1);
    EXPECT_EQ(bytes_to_sign(details).error().code(), Code::kBadInput);
  }
  // As somebody else might have made it: in version 1, notAfter is a varint behind the tag 30.
  auto raw = vector_of("n1-h1.crt").bytes("raw");
  const Bytes not_after = from_hex("30f090baee07").value();  // 2110687344
  const auto at = std::search(raw.begin(), raw.end(), not_after.begin(), not_after.end());
  ASSERT_NE(at, raw.end());
  at[5] = 0x7f;  // its highest bits: in the year 3050
  EXPECT_EQ(Certificate::decode(Version::k1, raw).error().code(), Code::kUnsupported);
}

TEST(Version2, KeepsDetailsThatANewerNebulaAdded) {
  const auto& v = vector_of("n2-h1.crt");
  // 30 81 <length> a0 <length> ...: append the element 88 01 2a to the details.
  auto raw = v.bytes("raw");
  ASSERT_EQ(raw[1], 0x81);
  ASSERT_EQ(raw[3], 0xa0);
  ASSERT_LT(raw[4] + 3, 0x80);
  raw.insert(raw.begin() + 5 + raw[4], {0x88, 0x01, 0x2a});
  raw[4] = static_cast<Byte>(raw[4] + 3);
  raw[2] = static_cast<Byte>(raw[2] + 3);
  const auto certificate = Certificate::decode(Version::k2, raw).value();
  EXPECT_EQ(certificate.raw(), raw);
  EXPECT_NE(certificate.fingerprint().text(), v.text("fingerprint"));
}

}  // namespace
}  // namespace tombolo::nebula
