#include "liqo/consumer_key.hpp"

#include <gtest/gtest.h>

#include "codec/der.hpp"
#include "codec/pem.hpp"
#include "crypto/ed25519.hpp"
#include "liqo/names.hpp"

namespace tombolo::liqo {
namespace {

// Of a peering that liqoctl 1.2.0 made: home's public key, and the two requests that were signed with it.
constexpr std::string_view kHomeKey = R"(-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA9HpeGEd5e2obobeQ0QMO/HswwTVc9SyRqRHcfaant78=
-----END PUBLIC KEY-----
)";
constexpr std::string_view kTenantRequest = R"(-----BEGIN CERTIFICATE REQUEST-----
MIGgMFQCAQAwITEQMA4GA1UEChMHbGlxby5pbzENMAsGA1UEAxMEaG9tZTAqMAUG
AytlcAMhAPR6XhhHeXtqG6G3kNEDDvx7MME1XPUskakR3H2mp7e/oAAwBQYDK2Vw
A0EAzlhMreCe9UueIPquV7x7x3U05jeOmb3jzdNMsl3S56Hb7o4pIo7b/U7Cou9+
GdnztOB5waTDSt591Z6VEzP5DA==
-----END CERTIFICATE REQUEST-----
)";
constexpr std::string_view kSliceRequest = R"(-----BEGIN CERTIFICATE REQUEST-----
MIGrMF8CAQAwLDENMAsGA1UEChMEaG9tZTEbMBkGA1UEAxMSY2xvdWQtNGVhMTQw
NTg4MTUwMCowBQYDK2VwAyEA9HpeGEd5e2obobeQ0QMO/HswwTVc9SyRqRHcfaan
t7+gADAFBgMrZXADQQB+9R++7qnukRcSSdIaKuQBB0QoRHrRxJAdk16hxRudHi5G
NaZoXybx4Sdp7Kdg/dl5bYvUNgKCD+ua6vaZTwkP
-----END CERTIFICATE REQUEST-----
)";
// Made with openssl genpkey for this test.
constexpr std::string_view kTestKey = R"(-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
-----END PRIVATE KEY-----
)";

Bytes body(std::string_view pem) { return codec::decode_pem(pem)->front().body.expose(); }

// The request as far as it is signed, and the signature.
std::pair<Bytes, Bytes> parts(std::string_view pem) {
  const auto der = body(pem);
  codec::DerReader request(codec::DerReader(der).expect(0x30)->content);
  const auto info = request.expect(0x30)->whole;
  (void)request.expect(0x30);
  const auto bits = request.expect(0x03)->content;
  return {Bytes(info.begin(), info.end()), Bytes(bits.begin() + 1, bits.end())};
}

TEST(ConsumerKey, RequestsAreThoseOfLiqoctlByteForByte) {
  EXPECT_EQ(request_to_sign(body(kHomeKey), kOrganization, "home"), parts(kTenantRequest).first);
  EXPECT_EQ(request_to_sign(body(kHomeKey), "home", slice_user("cloud", "home")), parts(kSliceRequest).first);
}

TEST(ConsumerKey, ARequestIsSignedByTheKeyItNamesAndTheSameEachTime) {
  const auto key = *crypto::SigningKey::from_pem(Secret<std::string>(std::string(kTestKey)));
  const auto pem = certificate_request(key, kOrganization, "talos-homelab");
  EXPECT_EQ(pem, certificate_request(key, kOrganization, "talos-homelab"));
  const auto [info, signature] = parts(pem);
  crypto::Ed25519Public half;
  const auto spki = key.public_key_info();
  std::copy(spki.end() - 32, spki.end(), half.bytes.begin());
  EXPECT_TRUE(crypto::verify(half, info, signature));
  EXPECT_EQ(body(public_key_pem(key)), spki);
}

}  // namespace
}  // namespace tombolo::liqo
