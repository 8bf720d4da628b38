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

TEST(Certificates, AreRenewedBeforeTheyEndAndReachTheMembers) {
  Lab lab(60);
  ASSERT_TRUE(lab.up());
  const auto first = certificate_of(lab, "talos-homelab"), of_lighthouse = certificate_of(lab, "lighthouse");
  const auto ends = first.details().not_after;
  lab.clock().advance(ends - std::chrono::hours(24 * 40) - lab.clock().now());
  EXPECT_FALSE(lab.to_do().contains("nebula.certificate/talos-homelab")) << "not yet";
  lab.clock().advance(std::chrono::hours(24 * 15));
  // Whom a new certificate concerns `up` sees once it is issued: it plans until nothing is left to do.
  for (const auto* member : {"talos-homelab", "lighthouse"})
    EXPECT_TRUE(lab.to_do().contains(std::string("nebula.certificate/") + member)) << member;
  const auto report = lab.up();
  ASSERT_TRUE(report) << report.error().text();
  ASSERT_TRUE(report->applied.ok()) << report->applied.errors()[0].text();
  EXPECT_NE(certificate_of(lab, "talos-homelab").fingerprint(), first.fingerprint());
  EXPECT_NE(certificate_of(lab, "lighthouse").fingerprint(), of_lighthouse.fingerprint());
  EXPECT_EQ(certificate_of(lab, "talos-homelab").details().public_key, first.details().public_key) << "its key stays";
  EXPECT_THAT(codec::to_text(lab.object_at_home("/api/v1/namespaces/nebula-system/secrets/nebula-host")),
              testing::HasSubstr(codec::encode_base64(as_bytes(certificate_of(lab, "talos-homelab").to_pem()))));
  EXPECT_EQ(lab.fault_of_up(), "");
  EXPECT_TRUE(lab.plan()->empty());
}

}  // namespace
}  // namespace tombolo::campaign
