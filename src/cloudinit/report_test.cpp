#include "cloudinit/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tombolo::cloudinit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// As a Debian machine answered that had just been through its bootstrap; shortened.
constexpr std::string_view kAnswer = R"(@report 1
@time 1795676893.250000000
@uptime 12.50
@cloud-init done
@begin cloud-init-result
|{
| "v1": {"datasource": "DataSourceEc2Local", "errors": []}
|}
@end cloud-init-result
@user-data-bytes 11043
@user-data-start Content-Type: multipart/mixed; boundary="tombolo-user-data"
@log yes
@begin bootstrap
|2026-11-26T07:08:01.100Z tombolo-bootstrap: phase=system state=start
|2026-11-26T07:08:01.200Z tombolo-bootstrap: phase=system state=ok
|2026-11-26T07:08:01.200Z tombolo-bootstrap: phase=artefacts state=start
@end bootstrap
@begin log
|@revision 0000000000000000
|the line above is only text
@end log
@running yes
@revision 0123456789abcdef
@nebula-state active
@nebula-version 1.11.1
@begin host.pub
|-----BEGIN NEBULA X25519 PUBLIC KEY-----
|AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=
|-----END NEBULA X25519 PUBLIC KEY-----
|
@end host.pub
@udp 68 4242 
@address lo 127.0.0.1/8
@address nebula1 10.42.0.1/16
@mtu ens5 9001
@mtu nebula1 1300
@begin handshakes
|1795676800.100000 host nebula[99]: level=info msg="Handshake message received" certName=talos-homelab durationNs=1 vpnIp=10.42.1.1
|1795676890.500000 host nebula[99]: level=info msg="Handshake message received" certName=talos-homelab vpnIp=10.42.1.1
|1795676891.500000 host nebula[99]: {"level":"INFO","msg":"Handshake message received","certName":"tombolo-probe","from":"x"}
@end handshakes
@ping 10.42.1.1 37.2
@ping 10.42.2.1
@done 1
)";

TEST(Report, IsReadWhole) {
  const auto r = read_report(kAnswer);
  ASSERT_TRUE(r) << r.error().text();
  EXPECT_EQ(r->up, std::chrono::milliseconds(12500));
  EXPECT_EQ(r->cloud_init, CloudInit::kDone);
  EXPECT_EQ(r->user_data_bytes, 11043u);
  EXPECT_THAT(r->user_data_start, HasSubstr("multipart"));
  EXPECT_TRUE(r->has_log);
  EXPECT_TRUE(r->running);
  ASSERT_NE(r->bootstrap.current(), nullptr);
  EXPECT_EQ(r->bootstrap.current()->name, "artefacts");
  EXPECT_EQ(r->nebula_state, "active");
  EXPECT_EQ(r->nebula_version, "1.11.1");
  EXPECT_THAT(r->public_key_pem, HasSubstr("AAECAwQF"));
  EXPECT_THAT(r->udp_ports, ElementsAre(68, 4242));
  EXPECT_EQ(r->addresses.at("nebula1"), "10.42.0.1/16");
  EXPECT_EQ(r->mtus.at("nebula1"), 1300);
  ASSERT_EQ(r->pings.size(), 2u);
  EXPECT_EQ(r->pings[0].round_trip, std::chrono::microseconds(37200));
  EXPECT_FALSE(r->pings[1].round_trip);
}

TEST(Report, ALogLineIsNoFact) { EXPECT_EQ(read_report(kAnswer)->revision, "0123456789abcdef"); }

TEST(Report, KeepsTheNewestHandshakeOfEachMember) {
  const auto r = *read_report(kAnswer);
  ASSERT_EQ(r.handshakes.size(), 2u);
  EXPECT_EQ(r.handshakes[0].member, "talos-homelab");
  EXPECT_EQ(std::chrono::round<std::chrono::milliseconds>(r.time - r.handshakes[0].at).count(), 2750);
  EXPECT_EQ(r.handshakes[1].member, "tombolo-probe");
}

TEST(Report, OneThatWasCutOrIsNoneIsRefused) {
  EXPECT_EQ(read_report("sudo: a password is required\n").error().code(), Code::kCorrupt);
  EXPECT_EQ(read_report(kAnswer.substr(0, 500)).error().code(), Code::kCorrupt);
}

TEST(Report, NamesCloudInitsErrors) {
  const auto r = read_report(
      "@report 1\n@cloud-init done\n@begin cloud-init-result\n|{\"v1\": {\"errors\": [\"('scripts-user', "
      "RuntimeError())\"]}}\n@end cloud-init-result\n@done 1\n");
  EXPECT_EQ(r->cloud_init, CloudInit::kFailed);
  EXPECT_THAT(r->cloud_init_errors, HasSubstr("scripts-user"));
}

TEST(Delivery, LaysWholeFilesAndStartsAUnitOfItsOwn) {
  const auto script = deliver_script({"#!/bin/bash\n", "-----BEGIN\n"});
  EXPECT_THAT(script, HasSubstr("put 0700 /usr/local/sbin/tombolo-bootstrap"));
  EXPECT_THAT(script, HasSubstr("put 0644 /etc/nebula/host.crt"));
  EXPECT_THAT(script, HasSubstr("systemd-run"));
  EXPECT_EQ(deliver_script({}).find("host.crt"), std::string::npos);
}

}  // namespace
}  // namespace tombolo::cloudinit
