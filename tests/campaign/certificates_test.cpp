// The mesh's certificates over the years.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "campaign/lab.hpp"
#include "codec/base64.hpp"
#include "nebula/certificate.hpp"
#include "nebula/layout.hpp"

namespace tombolo::campaign {
namespace {

nebula::Certificate certificate_of(const Lab& lab, const std::string& member) {
  return *nebula::parse_certificate(*read_file(nebula::Layout(lab.folder()).member_certificate(member)));
}

std::vector<std::string> to_change(Lab& lab) {
  std::vector<std::string> out;
  const auto plan = lab.plan();
  if (!plan) return {plan.error().text()};
  for (const auto& change : plan->changes)
    if (change.action != engine::Action::kNone) out.push_back(change.address.text());
  return out;
}

TEST(Certificates, AreRenewedBeforeTheyEndAndReachTheMembers) {
  Lab lab(60);
  ASSERT_TRUE(lab.up());
  const auto first = certificate_of(lab, "talos-homelab"), of_lighthouse = certificate_of(lab, "lighthouse");
  const auto secret = "/api/v1/namespaces/nebula-system/secrets/nebula-host";
  const auto ends = first.details().not_after;
  lab.clock().advance(ends - std::chrono::hours(24 * 40) - lab.clock().now());
  EXPECT_THAT(to_change(lab), testing::Not(testing::Contains("nebula.certificate/talos-homelab"))) << "not yet";
  lab.clock().advance(std::chrono::hours(24 * 15));
  // Whom a new certificate concerns `up` sees once it is issued: it plans until nothing is left to do.
  EXPECT_THAT(to_change(lab),
              testing::IsSupersetOf({"nebula.certificate/talos-homelab", "nebula.certificate/lighthouse"}));
  const auto report = lab.up();
  ASSERT_TRUE(report) << report.error().text();
  ASSERT_TRUE(report->applied.ok()) << report->applied.errors()[0].text();
  EXPECT_NE(certificate_of(lab, "talos-homelab").fingerprint(), first.fingerprint());
  EXPECT_NE(certificate_of(lab, "lighthouse").fingerprint(), of_lighthouse.fingerprint());
  EXPECT_EQ(certificate_of(lab, "talos-homelab").details().public_key, first.details().public_key) << "its key stays";
  const auto laid = lab.site().handle({"GET", std::string("https://home.simulated:6443") + secret, {}, "", 60s}).body;
  EXPECT_THAT(laid, testing::HasSubstr(codec::encode_base64(as_bytes(certificate_of(lab, "talos-homelab").to_pem()))));
  EXPECT_EQ(lab.fault_of_up(), "");
  EXPECT_THAT(to_change(lab), testing::IsEmpty());
}

}  // namespace
}  // namespace tombolo::campaign
