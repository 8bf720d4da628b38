#include "cloudinit/lighthouse.hpp"

#include "cloudinit/cluster_side.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace tombolo::cloudinit {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kHomeCa =
    "-----BEGIN NEBULA CERTIFICATE-----\n"
    "CkAKDnRlc3QgYXV0aG9yaXR5KN/x1ckGMN+Bp80GOiAAAAAAAAAAAAAAAAAAAAAA\nAAAAAAAAAAAAAAAAAAAAAEABEkA=\n"
    "-----END NEBULA CERTIFICATE-----\n";
constexpr const char* kWorkerCa =
    "-----BEGIN NEBULA CERTIFICATE-----\n"
    "CkEKD3dvcmtlciBhdXRob3JpdHko3/HVyQYw34GnzQY6IAAAAAAAAAAAAAAAAAAA\n"
    "-----END NEBULA CERTIFICATE-----\n";
constexpr const char* kHostCertificate =
    "-----BEGIN NEBULA CERTIFICATE-----\n"
    "CkAKCmxpZ2h0aG91c2USCYGAqFKAgPz/DyjU8dXJBjDegafNBjogAAAAAAAAAAAA\n"
    "-----END NEBULA CERTIFICATE-----\n";
constexpr const char* kHostKey =
    "-----BEGIN NEBULA X25519 PRIVATE KEY-----\n"
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
    "-----END NEBULA X25519 PRIVATE KEY-----\n";
constexpr const char* kConfig =
    "pki: {ca: /etc/nebula/ca.crt, cert: /etc/nebula/host.crt, key: /etc/nebula/host.key}\n"
    "lighthouse: {am_lighthouse: true}\n"
    "listen: {host: 0.0.0.0, port: 4242}\n"
    "punchy: {punch: true}\n"
    "relay: {am_relay: true, use_relays: false}\n"
    "tun: {dev: nebula1, mtu: 1300}\n"
    "firewall:\n"
    "  outbound: [{port: any, proto: any, host: any}]\n"
    "  inbound:  [{port: any, proto: icmp, host: any}]\n";

const Secret<std::string> kLighthouseToken(std::string(64, 'a'));

LighthouseBootstrap recipe() {
  LighthouseBootstrap b;
  b.cluster = "talos-homelab";
  b.member = "lighthouse";
  b.mesh_address = codec::Cidr(codec::Address::v4(0x0A2A0001), 16);
  b.authorities_pem = std::string(kHomeCa) + kWorkerCa;
  b.nebula_config = kConfig;
  b.nebula = *find_artefact("nebula", "1.11.2", Architecture::kAmd64);
  return b;
}

LighthouseBootstrap embedded() {
  auto b = recipe();
  b.embedded = EmbeddedIdentity{kHostCertificate, Secret<std::string>(kHostKey)};
  return b;
}

LighthouseBootstrap with_cluster(LighthouseBootstrap b) {
  CloudCluster c;
  c.k3s = *find_artefact("k3s", "v1.36.4+k3s1", Architecture::kAmd64);
  c.helm = *find_artefact("helm", "3.22.0", Architecture::kAmd64);
  c.node = "lighthouse";
  c.device = "nebula1";
  c.k3s_config = k3s_config({"lighthouse", codec::Address::v4(0x0A2A0001), "nebula1",
                             *codec::Cidr::parse("10.52.0.0/16"), *codec::Cidr::parse("10.53.0.0/16")});
  c.liqo_version = "v1.2.0";
  c.liqo_namespace = "liqo-system";
  c.liqo_values = "{}\n";
  c.chart_url = "https://helm.liqo.io/";
  b.cluster_side = std::move(c);
  return b;
}

int blocks(const std::string& text) {
  int found = 0;
  for (auto at = text.find("BEGIN NEBULA"); at != std::string::npos; at = text.find("BEGIN NEBULA", at + 1)) ++found;
  return found;
}

std::string golden_path(const std::string& name) {
  return std::string(TOMBOLO_SOURCE_DIR) + "/tests/data/cloudinit/" + name;
}

std::string read(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// TOMBOLO_REWRITE_GOLDEN=1 writes the file instead; review its diff.
void expect_golden(const std::string& name, const std::string& text) {
  if (std::getenv("TOMBOLO_REWRITE_GOLDEN")) std::ofstream(golden_path(name)) << text;
  EXPECT_EQ(text, read(golden_path(name))) << name;
}

TEST(LighthouseScript, IsTheGoldenScript) {
  expect_golden("lighthouse-machine-keys.sh", *lighthouse_script(recipe()));
  expect_golden("lighthouse-embedded-keys.sh", *lighthouse_script(embedded()));
  expect_golden("lighthouse-with-cluster.sh", *lighthouse_script(with_cluster(recipe())));
}

TEST(LighthouseScript, NamesEveryPhaseInOrder) {
  for (const auto& b : {with_cluster(recipe()), with_cluster(embedded())}) {
    const auto script = *lighthouse_script(b);
    std::size_t at = 0;
    for (auto phase : phases()) {
      at = script.find("\nphase " + std::string(phase) + "\n", at);
      ASSERT_NE(at, std::string::npos) << phase;
    }
  }
}

TEST(LighthouseScript, WithoutAClusterHasNoneOfItsPhases) {
  const auto script = *lighthouse_script(recipe());
  EXPECT_THAT(script, Not(HasSubstr("phase k3s")));
  EXPECT_THAT(script, Not(HasSubstr("phase liqo")));
}

TEST(LighthouseScript, OfAClusterChangesTheRevisionButNotTheMeshs) {
  auto other = with_cluster(recipe());
  other.cluster_side->liqo_values = "{a: 1}\n";
  EXPECT_NE(revision(other), revision(with_cluster(recipe())));
  EXPECT_EQ(mesh_revision(other), mesh_revision(recipe()));
}

TEST(LighthouseScript, WithAClusterStillFitsIntoUserData) {
  auto b = with_cluster(embedded());
  b.cluster_side->liqo_values = std::string(1200, 'x');  // what ours have, pretty
  EXPECT_TRUE(lighthouse_user_data(b, kLighthouseToken));
}

TEST(LighthouseScript, RefusesValuesThatWouldEndTheirDocument) {
  auto b = with_cluster(recipe());
  b.cluster_side->liqo_values = "a: |\n  x\nEND_OF_VALUES\nrm -rf /\n";
  EXPECT_EQ(lighthouse_script(b).error().code(), Code::kBadInput);
}

TEST(LighthouseScript, HoldsNoPrivateKeyByDefault) {
  const auto script = *lighthouse_script(recipe());
  EXPECT_THAT(script, Not(HasSubstr("PRIVATE KEY")));
  EXPECT_EQ(blocks(script), 1);
}

TEST(LighthouseScript, EmbeddedFormHasTheRecipesThreeBlocks) {
  const auto script = *lighthouse_script(embedded());
  EXPECT_EQ(blocks(script), 3);
  EXPECT_THAT(script, HasSubstr(kHomeCa));
  EXPECT_THAT(script, HasSubstr(kHostCertificate));
  EXPECT_THAT(script, HasSubstr(kHostKey));
  EXPECT_THAT(script, Not(HasSubstr("keygen")));
}

TEST(LighthouseScript, TrustsTheWorkerAuthorityToo) {
  EXPECT_THAT(*lighthouse_script(recipe()),
              HasSubstr("CkEKD3dvcmtlciBhdXRob3JpdHko3/HVyQYw34GnzQY6IAAAAAAAAAAAAAAAAAAA"));
}

TEST(LighthouseUserData, IsTheGoldenMultipart) {
  expect_golden("lighthouse-user-data.mime", *lighthouse_user_data(recipe(), kLighthouseToken));
}

TEST(LighthouseUserData, HoldsTheTokenOnceAndNothingElseOfItsOwn) {
  const auto text = *lighthouse_user_data(recipe(), kLighthouseToken);
  EXPECT_EQ(text.find(kLighthouseToken.expose()), text.rfind(kLighthouseToken.expose()));
  EXPECT_EQ(lighthouse_script(recipe())->find(kLighthouseToken.expose()), std::string::npos);
  EXPECT_FALSE(lighthouse_user_data(recipe(), Secret<std::string>("short")));
  EXPECT_FALSE(lighthouse_user_data(recipe(), Secret<std::string>(std::string(64, '\''))));
}

TEST(LighthouseRevision, ChangesWithWhatIsMadeAndNotWithWhoseKeyItIs) {
  EXPECT_EQ(revision(recipe()), revision(embedded()));
  EXPECT_THAT(*lighthouse_script(recipe()), HasSubstr("REVISION='" + revision(recipe()) + "'"));
  auto other = recipe();
  other.nebula_config += "# more\n";
  EXPECT_NE(revision(recipe()), revision(other));
  other = recipe();
  other.authorities_pem = kHomeCa;
  EXPECT_NE(revision(recipe()), revision(other));
}

TEST(LighthouseUserData, IsRefusedAboveTheLimitWithBothSizes) {
  auto b = recipe();
  b.nebula_config += std::string(kUserDataLimit, '#');
  const auto script = lighthouse_user_data(b, kLighthouseToken);
  ASSERT_FALSE(script);
  EXPECT_EQ(script.error().code(), Code::kBadInput);
  EXPECT_THAT(script.error().sentence(), HasSubstr("EC2 takes 16384"));
}

TEST(LighthouseScript, LeavesAQuarterOfTheLimitForTheConfiguration) {
  EXPECT_LT(lighthouse_user_data(embedded(), kLighthouseToken)->size(), kUserDataLimit * 3 / 4);
}

TEST(LighthouseScript, NothingFromOutsideBreaksOutOfTheScript) {
  using Change = void (*)(LighthouseBootstrap&);
  const Change changes[] = {
      [](LighthouseBootstrap& b) { b.cluster = "a'b"; },
      [](LighthouseBootstrap& b) { b.cluster = "a\nrm -rf /"; },
      [](LighthouseBootstrap& b) { b.member = "$(reboot)"; },
      [](LighthouseBootstrap& b) { b.member = ""; },
      [](LighthouseBootstrap& b) { b.nebula.url = "https://example.com/';reboot;'"; },
      [](LighthouseBootstrap& b) { b.nebula.sha256 = ""; },
      [](LighthouseBootstrap& b) { b.nebula_config += "END_OF_CONFIG\nreboot\n"; },
      [](LighthouseBootstrap& b) { b.nebula_config += "#@ config\n"; },
      [](LighthouseBootstrap& b) { b.nebula_config += kHostKey; },
      [](LighthouseBootstrap& b) { b.nebula_config.clear(); },
      [](LighthouseBootstrap& b) { b.authorities_pem = "END\nreboot\n"; },
      [](LighthouseBootstrap& b) { b.authorities_pem = ""; },
      [](LighthouseBootstrap& b) { b.authorities_pem += kHostKey; },
      [](LighthouseBootstrap& b) {
        b.authorities_pem += "-----BEGIN NEBULA CERTIFICATE-----\n'$(reboot)'\n-----END NEBULA CERTIFICATE-----\n";
      },
  };
  for (auto change : changes) {
    auto b = recipe();
    change(b);
    const auto script = lighthouse_script(b);
    ASSERT_FALSE(script) << *script;
    EXPECT_EQ(script.error().code(), Code::kBadInput);
  }
}

TEST(LighthouseScript, EmbeddedIdentityMustBeOneHostKeyAndItsCertificate) {
  const std::string authority_key =
      "-----BEGIN NEBULA ED25519 PRIVATE KEY-----\nAAECAwQF\n-----END NEBULA ED25519 PRIVATE KEY-----\n";
  const EmbeddedIdentity wrong[] = {
      {kHostCertificate, Secret<std::string>(authority_key)},
      {kHostCertificate, Secret<std::string>(std::string(kHostKey) + kHostKey)},
      {kHostCertificate, Secret<std::string>("")},
      {kHostKey, Secret<std::string>(kHostKey)},
      {std::string(kHostCertificate) + kHomeCa, Secret<std::string>(kHostKey)},
  };
  for (const auto& identity : wrong) {
    auto b = recipe();
    b.embedded = identity;
    const auto script = lighthouse_script(b);
    ASSERT_FALSE(script);
    EXPECT_EQ(script.error().code(), Code::kBadInput);
  }
}

}  // namespace
}  // namespace tombolo::cloudinit
