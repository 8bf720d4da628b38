// Each finding from evidence as a booted machine gave it, and none from a healthy one. The machines themselves are made to
// suffer in tests/e2e/test_doctor.py.
#include "doctor/findings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "nebula/authority.hpp"

namespace tombolo::doctor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kNow = Time(std::chrono::seconds(1'795'700'000));

nebula::Authority authority() {
  return *nebula::Authority::create({.name = "mesh",
                                     .not_before = std::chrono::floor<std::chrono::seconds>(kNow),
                                     .validity = std::chrono::hours(87600)},
                                    nebula::SigningKey::generate());
}

Evidence healthy() {
  static const auto ca = authority();
  static const auto certificate = *ca.issue({.name = "lighthouse",
                                             .public_key = nebula::MemberKey::generate().public_key(),
                                             .networks = {*codec::Cidr::parse("10.42.0.1/16")},
                                             .not_before = std::chrono::floor<std::chrono::seconds>(kNow)});
  Evidence e;
  e.now = e.report_at = kNow;
  e.lighthouse = "lighthouse";
  e.instance_type = "t3.small";
  e.ssh_from = "192.0.2.10/32";
  e.wanted_revision = "abc";
  e.home_ca = ca.certificate().fingerprint().text();
  e.certificates = {{"home CA", ca.certificate().details(), e.home_ca, false},
                    {"lighthouse", certificate.details(), certificate.fingerprint().text(), false}};
  e.cloud_seen = true;
  e.instance.emplace();
  e.instance->id = aws::InstanceId("i-1");
  e.instance->state = "running";
  e.address.emplace();
  e.address->ip = "203.0.113.1";
  e.address->instance = e.instance->id;
  e.group.emplace();
  e.group->id = aws::GroupId("sg-1");
  e.group->ingress = {{"tcp", 22, 22, "192.0.2.10/32", ""}, {"udp", 4242, 4242, "0.0.0.0/0", ""}};
  e.record = cluster::MachineRecord{"i-1", "203.0.113.1", "ec2-user", ""};
  e.report.emplace();
  e.report->time = kNow;
  e.report->cloud_init = cloudinit::CloudInit::kDone;
  e.report->has_log = true;
  e.report->user_data_start = "Content-Type: multipart/mixed";
  e.report->user_data_bytes = 9000;
  e.report->revision = "abc";
  e.report->nebula_state = "active";
  e.report->udp_ports = {4242};
  e.report->certificate_pem = certificate.to_pem();
  e.report->authorities_pem = ca.certificate().to_pem();
  e.probe.emplace();
  e.probe->handshake = true;
  e.probe->echoes = {mesh::Echo{std::chrono::milliseconds(37), 84}, mesh::Echo{std::chrono::milliseconds(37), 1300}};
  return e;
}

std::vector<std::string> ids(const Evidence& e) {
  std::vector<std::string> out;
  for (const auto& f : findings(e)) {
    out.push_back(f.id);
    EXPECT_FALSE(f.symptom.empty() || f.cause.empty() || f.fix.empty()) << f.id;
    EXPECT_TRUE(
        std::any_of(known_findings().begin(), known_findings().end(), [&](const auto& k) { return k.id == f.id; }))
        << f.id << " is not in docs/doctor.md";
  }
  return out;
}

void fail_phase(Evidence& e, std::string phase, std::string line) {
  e.report->revision.clear();
  e.report->nebula_state = "inactive";
  e.report->bootstrap.phases = {{std::move(phase), cloudinit::PhaseState::kFailed, "line=92 status=1"}};
  e.report->bootstrap.log = {line};
  e.report->log_tail = line;
}

TEST(Findings, NothingIsWrongWithAHealthyCluster) { EXPECT_THAT(ids(healthy()), IsEmpty()); }

// After a year, nine days before its end.
void end_soon(nebula::Details& details) {
  const auto now = std::chrono::floor<std::chrono::seconds>(kNow);
  details.not_before = now - std::chrono::days(356);
  details.not_after = now + std::chrono::days(9);
}

struct Case {
  const char* id;
  void (*spoil)(Evidence&);
};

class EachTrouble : public testing::TestWithParam<Case> {};

TEST_P(EachTrouble, IsNamedAlone) {
  auto e = healthy();
  GetParam().spoil(e);
  EXPECT_THAT(ids(e), ElementsAre(GetParam().id));
}

const Case kCases[] = {
    {"no-lighthouse", [](Evidence& e) { e.instance.reset(), e.report.reset(), e.probe.reset(); }},
    {"no-capacity",
     [](Evidence& e) {
       e.instance.reset(), e.report.reset(), e.probe.reset();
       e.last_launch_error = "AWS refused RunInstances (InsufficientInstanceCapacity, HTTP 500)";
     }},
    {"user-data-too-large",
     [](Evidence& e) {
       e.instance.reset(), e.report.reset(), e.probe.reset();
       e.last_launch_error = "User data is limited to 16384 bytes (InvalidParameterValue)";
     }},
    {"instance-stopped",
     [](Evidence& e) {
       e.instance->state = "stopped", e.report.reset(), e.probe->handshake = false, e.probe->trouble = "no answer";
       e.ssh_error = Error(Code::kUnreachable, "no answer");
     }},
    {"address-moved",
     [](Evidence& e) {
       e.address->instance = {}, e.report.reset(), e.probe->handshake = false, e.probe->trouble = "no answer";
       e.ssh_error = Error(Code::kUnreachable, "no answer");
     }},
    {"mesh-port-closed",
     [](Evidence& e) { e.group->ingress.pop_back(), e.probe->handshake = false, e.probe->trouble = "no answer"; }},
    {"ssh-closed",
     [](Evidence& e) {
       e.ssh_from = "198.51.100.7/32", e.report.reset();
       e.ssh_error = Error(Code::kUnreachable, "no answer");
     }},
    {"user-data-missing",
     [](Evidence& e) {
       e.report->has_log = false, e.report->revision.clear(), e.report->user_data_bytes = 0,
       e.report->nebula_state = "";
     }},
    {"user-data-format",
     [](Evidence& e) {
       e.console = "__init__.py[WARNING]: Unhandled non-multipart (text/x-not-multipart) userdata: starting 'x'\n",
       e.report->nebula_state = "";
     }},
    {"generator-passed",
     [](Evidence& e) {
       e.report->has_log = false, e.report->revision.clear(), e.report->nebula_state = "";
       e.report->cloud_init_tail = "ERROR: CA certificate not found at /var/lib/cloud/.output/nebula/ca.crt\n";
     }},
    {"cloud-init-failed",
     [](Evidence& e) {
       e.report->has_log = false, e.report->revision.clear(), e.report->nebula_state = "";
       e.report->cloud_init = cloudinit::CloudInit::kFailed,
       e.report->cloud_init_errors = "('scripts-user', RuntimeError())";
     }},
    {"artefact-checksum",
     [](Evidence& e) { fail_phase(e, "artefacts", "error: http://m/n.tar.gz has SHA-256 00, expected 11: not used"); }},
    {"artefact-unreachable", [](Evidence& e) { fail_phase(e, "artefacts", "curl: (6) Could not resolve host: m"); }},
    {"certificate-refused",
     [](Evidence& e) { fail_phase(e, "certificate", "private key is not a pair with public key in nebula cert"); }},
    {"bootstrap-failed", [](Evidence& e) { fail_phase(e, "system", "error: curl is not installed"); }},
    {"ssh-host-key-changed",
     [](Evidence& e) { e.report.reset(), e.ssh_error = Error(Code::kUntrusted, "another key"); }},
    {"ssh-key-refused", [](Evidence& e) { e.report.reset(), e.ssh_error = Error(Code::kPermission, "refused"); }},
    {"ssh-silent",
     [](Evidence& e) { e.report.reset(), e.probe.reset(), e.ssh_error = Error(Code::kUnreachable, "no answer"); }},
    {"clock-off", [](Evidence& e) { e.aws_clock = std::chrono::minutes(20); }},
    {"authority-ends-soon", [](Evidence& e) { end_soon(e.certificates[0].details); }},
    {"authority-expired",
     [](Evidence& e) {
       e.certificates[0].details.not_after = std::chrono::floor<std::chrono::seconds>(kNow) - std::chrono::days(9);
     }},
    {"certificate-ends-soon", [](Evidence& e) { end_soon(e.certificates[1].details); }},
    {"certificate-expired",
     [](Evidence& e) {
       e.certificates[1].details.not_after = std::chrono::floor<std::chrono::seconds>(kNow) - std::chrono::days(9);
       e.probe->handshake = false, e.probe->trouble = "no answer";
     }},
    {"certificate-stale", [](Evidence& e) { e.certificates[1].fingerprint = std::string(64, '0'); }},
    {"certificate-unreadable", [](Evidence& e) { e.report->certificate_pem = "nothing of the kind"; }},
    {"wrong-authority", [](Evidence& e) { e.report->authorities_pem = authority().certificate().to_pem(); }},
    {"nebula-down",
     [](Evidence& e) {
       e.report->nebula_state = "inactive", e.probe->handshake = false, e.probe->trouble = "port unreachable";
     }},
    {"certificate-path",
     [](Evidence& e) {
       e.report->nebula_state = "activating";
       e.report->nebula_log =
           "level=fatal msg=\"Failed to load PKI\" error=\"open /etc/nebula/no.crt: no such file or directory\"\n"
           "nebula.service: Failed with result 'exit-code'.\n";
     }},
    {"mesh-port-unbound", [](Evidence& e) { e.report->udp_ports = {68}; }},
    {"out-of-date", [](Evidence& e) { e.report->revision = "older"; }},
    {"mtu-black-hole", [](Evidence& e) { e.probe->echoes.back().reset(), e.probe->trouble = "no echo"; }},
    {"wrong-mesh", [](Evidence& e) { e.probe->handshake = false, e.probe->trouble = "bad answer"; }},
    {"no-echo", [](Evidence& e) { e.probe->echoes = {std::nullopt, std::nullopt}, e.probe->trouble = "no echo"; }},
    {"udp-blocked", [](Evidence& e) { e.probe->handshake = false, e.probe->trouble = "no answer"; }},
};

INSTANTIATE_TEST_SUITE_P(Findings, EachTrouble, testing::ValuesIn(kCases), [](const auto& each) {
  std::string name = each.param.id;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

// TOMBOLO_REWRITE_GOLDEN=1 writes the page instead; review its diff.
TEST(Findings, ThePageListsThemAll) {
  std::string page =
      "# What `tombolo doctor` finds\n\nMade from the program's own table (src/doctor/findings.cpp). The id is stable: "
      "scripts may go "
      "by it (`-o json`).\n\n| id | what it sees | cause | what helps |\n| --- | --- | --- | --- |\n";
  for (const auto& k : known_findings())
    page += "| `" + std::string(k.id) + "` | " + std::string(k.sees) + " | " + std::string(k.cause) + " | " +
            std::string(k.fix) + " |\n";
  const std::string path = TOMBOLO_SOURCE_DIR "/docs/doctor.md";
  if (std::getenv("TOMBOLO_REWRITE_GOLDEN")) std::ofstream(path) << page;
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_EQ(text.str(), page);
}

}  // namespace
}  // namespace tombolo::doctor
