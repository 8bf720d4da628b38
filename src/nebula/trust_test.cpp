#include "nebula/trust.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nebula/authority.hpp"
#include "nebula/vectors.hpp"

namespace tombolo::nebula {
namespace {

using std::chrono::seconds;
using test::issuers;
using test::kNow;
using test::vector_of;
using testing::HasSubstr;

Trust trust_in(const std::string& ca) { return Trust::from_pem(vector_of(ca).text("pem")).value(); }

std::string reason(const Trust& trust, const Certificate& certificate, Seconds now = kNow) {
  const auto verdict = trust.verify(certificate, now);
  if (verdict) return "";
  EXPECT_EQ(verdict.error().code(), Code::kUntrusted);
  return verdict.error().sentence();
}

TEST(Verify, BelievesEveryPairAndNoOther) {
  for (const auto& [host, own] : issuers()) {
    for (const auto& [name, ca] : test::vectors()) {
      if (!ca.is_ca()) continue;
      const auto got = reason(trust_in(name), vector_of(host).certificate());
      if (name == own) {
        EXPECT_EQ(got, "") << host;
      } else {
        EXPECT_THAT(got, HasSubstr("not among the trusted authorities")) << host << " with " << name;
      }
    }
  }
}

TEST(Verify, HoldsValidityToTheSecondAtBothEnds) {
  for (const auto& [host, ca] : issuers()) {
    const auto certificate = vector_of(host).certificate();
    const auto& d = certificate.details();
    const auto trust = trust_in(ca);
    EXPECT_EQ(reason(trust, certificate, d.not_before), "");
    EXPECT_EQ(reason(trust, certificate, d.not_after), "");
    EXPECT_THAT(reason(trust, certificate, d.not_before - seconds(1)), HasSubstr("not valid before"));
    EXPECT_THAT(reason(trust, certificate, d.not_after + seconds(1)), HasSubstr("the certificate expired"));
    EXPECT_THAT(reason(trust, certificate, vector_of(ca).details().not_after + seconds(1)), HasSubstr("its authority"));
  }
}

TEST(Verify, RefusesWhatIsBlockedBeforeAnythingElse) {
  for (const auto& [host, ca] : issuers()) {
    auto trust = trust_in(ca);
    const auto certificate = vector_of(host).certificate();
    trust.block(certificate.fingerprint());
    EXPECT_THAT(reason(trust, certificate, certificate.details().not_after + seconds(1)),
                HasSubstr("on the blocklist"));
  }
}

TEST(Verify, RefusesAP256CertificateWhoseOtherFormIsBlocked) {
  for (const char* host : {"p1-h.crt", "p2-h.crt"}) {
    auto trust = trust_in(issuers().at(host));
    const auto certificate = vector_of(host).certificate();
    trust.block(*certificate.other_fingerprint());
    EXPECT_THAT(reason(trust, certificate), HasSubstr("other form"));
  }
}

TEST(Verify, RefusesAnAuthorityAsMemberAndAMemberAsAuthority) {
  EXPECT_THAT(reason(trust_in("old-ca.crt"), vector_of("old-ca.crt").certificate()),
              HasSubstr("authority's certificate"));
  const auto got = Trust::from_pem(vector_of("old-h1.crt").text("pem"));
  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().sentence(), HasSubstr("member's certificate"));
}

TEST(Verify, RefusesAnAuthorityThatDoesNotVerifyItself) {
  auto details = vector_of("old-ca.crt").details();
  details.name = "Evil CA";
  EXPECT_FALSE(Trust().add(Certificate::assemble(details, vector_of("old-ca.crt").bytes("signature")).value()));
}

// An issuer that obeys no rule but holds the authority's key, as a thief would.
Certificate forged(const char* ca, const char* host, const std::function<void(Details&)>& change) {
  auto details = vector_of(host).details();
  change(details);
  auto signature = vector_of(ca).signing_key().sign(bytes_to_sign(details).value());
  return Certificate::assemble(details, std::move(signature)).value();
}

TEST(Verify, HoldsTheAuthoritysConstraintsEvenWhenItsKeySignedAgainstThem) {
  const auto trust = trust_in("old-ca.crt");
  const auto why = [&](const std::function<void(Details&)>& change) {
    return reason(trust, forged("old-ca.crt", "old-h1.crt", change));
  };
  const auto cidr = [](const char* text) { return codec::Cidr::parse(text).value(); };
  EXPECT_EQ(why([](Details&) {}), "");
  EXPECT_THAT(why([](Details& d) { d.groups = {"db"}; }), HasSubstr("group \"db\""));
  EXPECT_THAT(why([&](Details& d) { d.networks = {cidr("10.43.0.1/16")}; }), HasSubstr("10.43.0.1/16"));
  EXPECT_THAT(why([&](Details& d) { d.networks = {cidr("10.42.0.1/8")}; }), HasSubstr("10.42.0.1/8"));
  EXPECT_THAT(why([&](Details& d) { d.unsafe_networks = {cidr("10.0.0.0/8")}; }),
              HasSubstr("unsafe network 10.0.0.0/8"));
  EXPECT_THAT(why([](Details& d) { d.not_after = vector_of("old-ca.crt").details().not_after + seconds(1); }),
              HasSubstr("outlive"));
  EXPECT_THAT(why([](Details& d) { d.networks.clear(); }), HasSubstr("at least one network"));
}

TEST(Verify, RefusesAForeignSignature) {
  auto details = vector_of("old-h1.crt").details();
  const auto stranger = SigningKey::generate();
  const auto forgery = Certificate::assemble(details, stranger.sign(bytes_to_sign(details).value())).value();
  EXPECT_THAT(reason(trust_in("old-ca.crt"), forgery), HasSubstr("signature"));
}

TEST(Verify, RefusesAnotherCurveThanTheAuthoritys) {
  const auto mixed =
      forged("old-ca.crt", "old-h1.crt", [](Details& d) { d.public_key = vector_of("p1-h.crt").details().public_key; });
  EXPECT_THAT(reason(trust_in("old-ca.crt"), mixed), HasSubstr("curve"));
}

TEST(Pool, KeepsExpiredAuthoritiesAndNamesThem) {
  auto trust = Trust::from_pem(vector_of("old-ca.crt").text("pem") + vector_of("p1-ca.crt").text("pem")).value();
  EXPECT_EQ(trust.authorities().size(), 2u);
  EXPECT_TRUE(trust.expired(kNow).empty());
  const auto late = trust.expired(vector_of("p1-ca.crt").details().not_after + seconds(1));
  ASSERT_EQ(late.size(), 1u);
  EXPECT_EQ(late[0]->details().name, "P CA1");
}

}  // namespace
}  // namespace tombolo::nebula
