#include "nebula/authority.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "crypto/p256.hpp"
#include "nebula/trust.hpp"
#include "nebula/vectors.hpp"

namespace tombolo::nebula {
namespace {

using codec::Cidr;
using test::kNow;
using test::vector_of;
using test::vectors;
using testing::HasSubstr;

Cidr cidr(std::string_view text) { return Cidr::parse(text).value(); }

Authority authority(const char* label) {
  return Authority::open(vector_of(label).certificate(), vector_of(label).signing_key()).value();
}

// The wish behind a vector's host certificate.
MemberRequest wish(const test::Vector& v) {
  const auto d = v.details();
  return {.name = d.name,
          .public_key = d.public_key,
          .networks = d.networks,
          .unsafe_networks = d.unsafe_networks,
          .groups = d.groups,
          .not_before = d.not_before,
          .not_after = std::nullopt,
          .version = d.version};
}

TEST(Reissue, OfCurve25519VectorsIsBitForBitNebulas) {
  int compared = 0;
  for (const auto& [name, vector] : vectors()) {
    if (vector.curve() != Curve::k25519) continue;
    ++compared;
    if (vector.is_ca()) {
      const auto d = vector.details();
      const AuthorityRequest request{.name = d.name,
                                     .version = d.version,
                                     .not_before = d.not_before,
                                     .validity = d.not_after - d.not_before,
                                     .networks = d.networks,
                                     .unsafe_networks = d.unsafe_networks,
                                     .groups = d.groups};
      EXPECT_EQ(Authority::create(request, vector.signing_key()).value().certificate().to_pem(), vector.text("pem"))
          << name;
    } else {
      EXPECT_EQ(authority(test::issuers().at(name).c_str()).issue(wish(vector)).value().to_pem(), vector.text("pem"))
          << name;
    }
  }
  EXPECT_EQ(compared, 8);
}

TEST(Reissue, OfP256VectorsVerifiesHasLowSAndTheSameSignedBytes) {
  for (const char* label : {"p1-h.crt", "p2-h.crt"}) {
    const auto& v = vector_of(label);
    const auto& ca = vector_of(test::issuers().at(label));
    const auto again = authority(test::issuers().at(label).c_str()).issue(wish(v)).value();
    EXPECT_EQ(to_hex(again.signed_bytes()), v.text("tbs"));
    EXPECT_TRUE(crypto::has_low_s(again.signature()).value());
    const auto trust = Trust::from_pem(ca.text("pem")).value();
    EXPECT_TRUE(trust.verify(again, kNow));
    const auto high = Certificate::assemble(v.details(), crypto::other_form(again.signature()).value()).value();
    EXPECT_TRUE(trust.verify(high, kNow)) << "Nebula before 1.10.3 signs with either form";
  }
}

TEST(Reissue, DoesNotDependOnTheOrderOfNetworksInVersion2) {
  auto request = wish(vector_of("n2-h1.crt"));
  std::reverse(request.networks.begin(), request.networks.end());
  std::reverse(request.unsafe_networks.begin(), request.unsafe_networks.end());
  EXPECT_EQ(authority("n2-ca.crt").issue(request).value().to_pem(), vector_of("n2-h1.crt").text("pem"));
}

TEST(Reissue, ClearsHostBitsOfUnsafeNetworks) {
  auto request = wish(vector_of("old-h1.crt"));
  request.unsafe_networks = {cidr("192.168.1.5/24")};
  EXPECT_EQ(authority("old-ca.crt").issue(request).value().to_pem(), vector_of("old-h1.crt").text("pem"));
}

struct Refusal {
  const char* what;
  const char* reason;
  std::function<void(MemberRequest&)> change;
};

void expect_refusals(const char* ca, const char* host, const std::vector<Refusal>& refusals) {
  for (const auto& refusal : refusals) {
    auto request = wish(vector_of(host));
    refusal.change(request);
    const auto got = authority(ca).issue(request);
    ASSERT_FALSE(got) << refusal.what;
    EXPECT_EQ(got.error().code(), Code::kBadInput) << refusal.what;
    EXPECT_THAT(got.error().sentence(), HasSubstr(refusal.reason)) << refusal.what;
  }
}

TEST(Constraints, OfTheOldAuthorityHold) {
  expect_refusals(
      "old-ca.crt", "old-h1.crt",
      {{"a group outside", "group \"db\"", [](auto& r) { r.groups = {"db"}; }},
       {"an address outside", "network 10.43.0.1/16", [](auto& r) { r.networks = {cidr("10.43.0.1/16")}; }},
       {"a wider prefix", "network 10.42.0.1/8", [](auto& r) { r.networks = {cidr("10.42.0.1/8")}; }},
       {"an unsafe network outside", "unsafe network 10.0.0.0/8",
        [](auto& r) { r.unsafe_networks = {cidr("10.0.0.0/8")}; }},
       {"an end beyond", "outlive",
        [](auto& r) { r.not_after = vector_of("old-ca.crt").details().not_after + std::chrono::seconds(1); }},
       {"a begin before", "begin before", [](auto& r) { r.not_before -= std::chrono::seconds(1); }},
       {"an end before the begin", "end before", [](auto& r) { r.not_after = r.not_before; }},
       {"IPv6 in version 1", "version 1", [](auto& r) { r.networks = {cidr("fd00::1/64")}; }},
       {"two networks in version 1", "exactly one",
        [](auto& r) { r.networks = {cidr("10.42.0.1/16"), cidr("10.42.0.2/16")}; }},
       {"no network", "at least one network", [](auto& r) { r.networks = {}; }},
       {"a P-256 key", "curve P256", [](auto& r) { r.public_key = vector_of("p1-h.crt").details().public_key; }},
       {"no public key", "32 bytes", [](auto& r) { r.public_key.bytes.clear(); }},
       {"no name", "name", [](auto& r) { r.name = ""; }},
       {"an expired authority", "expired",
        [](auto& r) { r.not_before = vector_of("old-ca.crt").details().not_after + std::chrono::hours(1); }}});
}

TEST(Constraints, OfTheNewAuthorityHold) {
  expect_refusals(
      "n2-ca.crt", "n2-h1.crt",
      {{"a group outside", "group \"z\"", [](auto& r) { r.groups = {"z"}; }},
       {"a network twice", "twice", [](auto& r) { r.networks = {cidr("10.42.0.1/16"), cidr("10.42.0.1/16")}; }},
       {"no network", "at least one network", [](auto& r) { r.networks = {}; }},
       {"an IPv6 unsafe network without IPv6", "IPv6 address",
        [](auto& r) {
          r.networks = {cidr("10.42.0.1/16")};
          r.unsafe_networks = {cidr("fd00:1::/64")};
        }},
       {"a name over 253 bytes", "253", [](auto& r) { r.name = std::string(254, 'x'); }},
       {"IPv4 inside IPv6", "written as IPv6", [](auto& r) { r.networks = {cidr("::ffff:10.42.0.1/112")}; }},
       {"the unspecified address", "0.0.0.0/0", [](auto& r) { r.networks = {cidr("0.0.0.0/0")}; }}});
}

TEST(Constraints, ForbidASecondAuthorityBelowTheFirst) {
  auto details = vector_of("old-h1.crt").details();
  details.is_ca = true;
  auto signature = vector_of("old-ca.crt").signing_key().sign(bytes_to_sign(details).value());
  const auto intermediate = Certificate::assemble(details, signature).value();
  EXPECT_FALSE(Trust().add(intermediate));
  EXPECT_FALSE(Trust::from_pem(vector_of("old-ca.crt").text("pem")).value().verify(intermediate, kNow));
}

TEST(Authorities, WithAnUnspecifiedNetworkAreRefusedBecauseNewerNebulasCannotReadThem) {
  const AuthorityRequest request{.name = "x", .not_before = kNow, .networks = {cidr("0.0.0.0/0")}};
  EXPECT_EQ(Authority::create(request, SigningKey::generate()).error().code(), Code::kBadInput);
}

AuthorityRequest worker_request(Version version) {
  return {.name = "workers",
          .version = version,
          .not_before = kNow,
          .networks = {cidr("10.42.0.0/16")},
          .groups = {"kubernetes", "gpu-compute"}};
}

MemberRequest worker(std::string name, const char* network, std::vector<std::string> groups) {
  return {.name = std::move(name),
          .public_key = MemberKey::generate().public_key(),
          .networks = {cidr(network)},
          .groups = std::move(groups),
          .not_before = kNow};
}

TEST(WorkerAuthority, MintsWorkersOfTheMeshAndNothingElse) {
  for (const auto version : {Version::k1, Version::k2}) {
    const auto ca = create_worker_authority(worker_request(version), SigningKey::generate()).value();
    EXPECT_TRUE(ca.issue(worker("gpu-1", "10.42.2.1/16", {"gpu-compute"})));
    EXPECT_FALSE(ca.issue(worker("ops", "10.42.2.2/16", {"ops"})));
    EXPECT_FALSE(ca.issue(worker("both", "10.42.2.2/16", {"gpu-compute", "ops"})));
    EXPECT_FALSE(ca.issue(worker("elsewhere", "10.43.1.1/16", {"kubernetes"})));
    EXPECT_FALSE(ca.issue(worker("wide", "10.42.2.1/8", {"kubernetes"})));
    for (const char* network : {"10.42.1.1/32", "10.42.0.0/16", "0.0.0.0/0", "192.168.1.0/24"}) {
      auto router = worker("router", "10.42.2.3/16", {"kubernetes"});
      router.unsafe_networks = {cidr(network)};
      EXPECT_FALSE(ca.issue(router)) << network;
    }
  }
}

TEST(WorkerAuthority, WithoutLimitsIsRefused) {
  auto request = worker_request(Version::k1);
  request.groups.clear();
  EXPECT_FALSE(create_worker_authority(request, SigningKey::generate()));
  request = worker_request(Version::k1);
  request.networks.clear();
  EXPECT_FALSE(create_worker_authority(request, SigningKey::generate()));
}

// Whatever is issued verifies under its authority, decodes from its bytes, and not under another authority.
RC_GTEST_PROP(Issue, GivesOnlyWhatVerifies, ()) {
  static const auto home =
      Authority::create({.name = "home", .version = Version::k2, .not_before = kNow}, SigningKey::generate()).value();
  static const auto other =
      Authority::create({.name = "other", .version = Version::k2, .not_before = kNow}, SigningKey::generate()).value();
  MemberRequest request;
  request.name = *rc::gen::string<std::string>();
  request.version = *rc::gen::element(Version::k1, Version::k2);
  request.groups = *rc::gen::arbitrary<std::vector<std::string>>();
  request.public_key = MemberKey::generate().public_key();
  request.not_before = kNow + std::chrono::seconds(*rc::gen::inRange(0, 1000));
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
    request.networks.emplace_back(codec::Address::v4(*rc::gen::arbitrary<std::uint32_t>()), *rc::gen::inRange(0, 33));
  }
  const auto issued = home.issue(request);
  if (!issued) return;
  RC_ASSERT(Certificate::decode(*request.version, issued->raw()).value().fingerprint() == issued->fingerprint());
  Trust trust;
  RC_ASSERT(trust.add(home.certificate()).has_value());
  RC_ASSERT(trust.verify(*issued, request.not_before).has_value());
  Trust stranger;
  RC_ASSERT(stranger.add(other.certificate()).has_value());
  RC_ASSERT(!stranger.verify(*issued, request.not_before).has_value());
}

}  // namespace
}  // namespace tombolo::nebula
