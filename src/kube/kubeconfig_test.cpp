#include "kube/kubeconfig.hpp"

#include <gmock/gmock.h>

#include "base/files.hpp"
#include "base/temp_folder.hpp"
#include "codec/base64.hpp"
#include "kube/certificate.hpp"
#include "kube/identity.hpp"
#include "kube/test_support.hpp"

namespace tombolo::kube {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// P-256, self-signed by openssl, until 2036-11-23.
constexpr const char* kCertificate = R"(-----BEGIN CERTIFICATE-----
MIIBbTCCAROgAwIBAgIUOQ3aDCvsLTA1U+Q408xTA6e3+3owCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBeDAeFw0yNjExMjYwODM2NTRaFw0zNjExMjMwODM2NTRaMAwx
CjAIBgNVBAMMAXgwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQoey3MpoVZ6kgC
5mNZSUWmKRoYDGIhsx+7l+bVaqna43iNrv8OUCVNP6IF5pCuoN7oWaFmJ0jAT5t2
aWOjv1vFo1MwUTAdBgNVHQ4EFgQUzCljq4ZBG6TWnPGgJlJZwUsKH90wHwYDVR0j
BBgwFoAUzCljq4ZBG6TWnPGgJlJZwUsKH90wDwYDVR0TAQH/BAUwAwEB/zAKBggq
hkjOPQQDAgNIADBFAiB9E5G4C6G+QkYnojUAnNuYXeetOUTN/iw5LrrIjmLv4AIh
AOWjdUyaJzSPwc6otVpZ7WabLwQm1p4DrWjn+6ScE+P8
-----END CERTIFICATE-----
)";
constexpr const char* kKey = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";

std::string in_base64(std::string_view text) { return codec::encode_base64(as_bytes(text)); }

Kubeconfig parse(const std::string& text, const std::string& file = "config") {
  Diagnostics diagnostics;
  auto out = parse_kubeconfig(text, file, diagnostics);
  EXPECT_TRUE(out) << diagnostics.render(text);
  return out.value_or(Kubeconfig());
}

std::string faults(const std::string& text) {
  Diagnostics diagnostics;
  EXPECT_FALSE(parse_kubeconfig(text, "config", diagnostics));
  return diagnostics.render(text);
}

// One context "it"; `cluster` and `user` are YAML flow mappings.
std::string with(std::string_view cluster, std::string_view user) {
  return fmt::format(
      "clusters:\n- name: c\n  cluster: {}\nusers:\n- name: u\n  user: {}\ncontexts:\n- name: it\n  context: "
      "{{cluster: c, user: u}}\n"
      "current-context: it\n",
      cluster, user);
}
constexpr std::string_view kCluster = "{server: 'https://192.168.1.54:6443/'}";

Result<Access> access_of(std::string_view cluster, std::string_view user) {
  return resolve(parse(with(cluster, user)), "", noon());
}

TEST(Kubeconfig, IsReadAsTalosWritesIt) {
  const auto config = parse(fmt::format(R"(apiVersion: v1
kind: Config
clusters:
    - name: homelab
      cluster:
        server: https://192.168.1.54:6443
        certificate-authority-data: {}
contexts:
    - name: admin@homelab
      context:
        cluster: homelab
        namespace: default
        user: admin@homelab
current-context: admin@homelab
users:
    - name: admin@homelab
      user:
        client-certificate-data: {}
        client-key-data: {}
)",
                                        in_base64(kCertificate), in_base64(kCertificate), in_base64(kKey)));
  const auto access = resolve(config, "", noon());
  ASSERT_TRUE(access) << access.error().text();
  EXPECT_EQ(access->server, "https://192.168.1.54:6443");
  EXPECT_EQ(access->tls.authorities, kCertificate);
  EXPECT_EQ(access->tls.certificate, kCertificate);
  EXPECT_EQ(access->tls.key.expose(), kKey);
  EXPECT_EQ(access->user.where, "config:16:7");
}

TEST(Kubeconfig, FaultsOfFormAreShownWhereTheyAre) {
  EXPECT_THAT(faults("clusters: 7\n"), HasSubstr("config:1:11: clusters must be a list"));
  EXPECT_THAT(faults(with("{certificate-authority-data: '%%%'}", "{}")),
              HasSubstr("certificate-authority-data is not base64"));
  EXPECT_THAT(faults(with("{insecure-skip-tls-verify: maybe}", "{}")), HasSubstr("must be true or false"));
  EXPECT_THAT(faults("users:\n- name: a\n- name: a\n"), HasSubstr("config:3:3: users has \"a\" twice"));
  EXPECT_THAT(faults("kind: Pod\n"), HasSubstr("a kubeconfig's is Config"));
  EXPECT_THAT(faults("- a\n"), HasSubstr("a kubeconfig is a mapping, and this is a list"));
  EXPECT_THAT(faults("a: [\n"), HasSubstr("config:"));
}

TEST(Kubeconfig, FilesAreFoundBesideIt) {
  const auto config = parse(
      with("{certificate-authority: pki/ca.crt}", "{client-certificate: /abs.crt, client-key: ../k, tokenFile: t}"),
      "/home/me/.kube/config");
  EXPECT_EQ(config.clusters[0].authority.file, "/home/me/.kube/pki/ca.crt");
  EXPECT_EQ(config.users[0].certificate.file, "/abs.crt");
  EXPECT_EQ(config.users[0].key.file, "/home/me/k");
  EXPECT_EQ(config.users[0].token_file, "/home/me/.kube/t");
}

TEST(Kubeconfig, TheFirstFileHasTheWord) {
  auto first = parse("users: [{name: red, user: {token: one}}]\n", "a");
  merge(
      first,
      parse(
          "users: [{name: red, user: {token: two, as: x}}, {name: green, user: {token: three}}]\ncurrent-context: b\n",
          "b"));
  merge(first, parse("current-context: c\n", "c"));
  ASSERT_EQ(first.users.size(), 2u);
  EXPECT_EQ(first.user("red")->token.expose(), "one");
  EXPECT_EQ(first.user("red")->as_user, "");  // never mixed
  EXPECT_EQ(first.current_context, "b");
}

TEST(Kubeconfig, IsLookedForWhereKubectlLooks) {
  EXPECT_THAT(kubeconfig_places("", "", "/home/me").files, ElementsAre("/home/me/.kube/config"));
  EXPECT_THAT(kubeconfig_places("", "/a::/b:", "/home/me").files, ElementsAre("/a", "/b"));
  EXPECT_THAT(kubeconfig_places("x", "/a", "/home/me").files, ElementsAre("x"));
  TempFolder folder;
  Diagnostics diagnostics;
  EXPECT_EQ(load_kubeconfig({{folder / "x"}, true}, diagnostics).error().code(), Code::kNotFound);
  EXPECT_EQ(load_kubeconfig({{folder / "x"}, false}, diagnostics).error().code(), Code::kNotFound);
  ASSERT_TRUE(write_file(folder / "bad", "clusters: 7\n", kPrivateFile));
  ASSERT_TRUE(write_file(folder / "empty", "\n", kPrivateFile));
  EXPECT_TRUE(load_kubeconfig({{folder / "x", folder / "empty"}, false}, diagnostics));
  const auto bad = load_kubeconfig({{folder / "bad"}, true}, diagnostics);
  EXPECT_EQ(bad.error().code(), Code::kBadInput);
  EXPECT_THAT(bad.error().sentence(), HasSubstr("/bad:1:11: clusters must be a list"));
}

TEST(Resolve, SaysWhichContextsThereAre) {
  const auto config = parse(with(kCluster, "{token: t}"));
  EXPECT_THAT(resolve(config, "home", noon()).error().hint(), HasSubstr("It has: it."));
  EXPECT_THAT(resolve(parse("clusters: []\n"), "", noon()).error().sentence(), HasSubstr("no current-context"));
  EXPECT_THAT(resolve(parse("contexts: [{name: x, context: {cluster: gone}}]\n"), "x", noon()).error().sentence(),
              HasSubstr("a cluster \"gone\" that is not there"));
}

TEST(Resolve, TakesEveryUsualWayToLogIn) {
  EXPECT_EQ(access_of(kCluster, "{token: t}")->server, "https://192.168.1.54:6443");
  EXPECT_TRUE(access_of(kCluster, "{tokenFile: t}"));
  EXPECT_TRUE(access_of(kCluster, "{}"));
  EXPECT_TRUE(access_of(kCluster, "{exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: x}}"));
  EXPECT_TRUE(
      access_of(kCluster, "{exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Never}}"));
}

TEST(Resolve, RefusesOthersWithTheReason) {
  const auto why = [](std::string_view user) { return access_of(kCluster, user).error().text(); };
  EXPECT_THAT(why("{username: a, password: b}"), HasSubstr("takes no more since 1.19"));
  EXPECT_THAT(why("{auth-provider: {name: gcp}}"), HasSubstr("in favour of exec plugins"));
  EXPECT_THAT(why("{exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}}"), HasSubstr("v1alpha1"));
  EXPECT_THAT(why("{exec: {apiVersion: client.authentication.k8s.io/v1, command: x}}"),
              HasSubstr("no interactiveMode"));
  EXPECT_THAT(why("{exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: x, interactiveMode: Always}}"),
              HasSubstr("at a terminal"));
  EXPECT_THAT(why("{exec: {apiVersion: client.authentication.k8s.io/v1beta1}}"), HasSubstr("has no command"));
  EXPECT_THAT(why("{token: t, exec: {command: x}}"), HasSubstr("a second way to log in"));
  EXPECT_THAT(why("{client-certificate-data: QQ==}"), HasSubstr("a client certificate without its key"));
  EXPECT_THAT(why("{client-certificate-data: QQ==, client-key-data: QQ==}"),
              HasSubstr("client-certificate is not PEM"));
  EXPECT_THAT(why("{client-certificate-data: QQ==, client-certificate: x, client-key: k}"), HasSubstr("given twice"));
}

TEST(Resolve, TellsAnExpiredCertificateWithItsDate) {
  const auto user =
      fmt::format("{{client-certificate-data: {}, client-key-data: {}}}", in_base64(kCertificate), in_base64(kKey));
  const auto config = parse(with(kCluster, user));
  EXPECT_TRUE(resolve(config, "", noon()));
  const auto late = resolve(config, "", *parse_time("2040-01-01T00:00:00Z"));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), Code::kCredentials);
  EXPECT_THAT(late.error().sentence(), HasSubstr("expired on 2036-11-2"));
}

TEST(Resolve, KnowsProxiesAndNames) {
  const auto access =
      access_of("{server: 'https://a:6443', proxy-url: 'socks5://127.0.0.1:1080', tls-server-name: b}", "{}");
  ASSERT_TRUE(access) << access.error().text();
  EXPECT_EQ(access->proxy, "socks5h://127.0.0.1:1080");
  EXPECT_EQ(access->tls.server_name, "b");
  EXPECT_FALSE(access_of("{server: 'https://a', proxy-url: 'ftp://x'}", "{}"));
  EXPECT_FALSE(access_of("{server: '192.168.1.54:6443'}", "{}"));
}

TEST(Resolve, WarnsOfWhatIsInsecure) {
  EXPECT_THAT(access_of("{server: 'https://a', insecure-skip-tls-verify: true}", "{}")->warnings,
              ElementsAre(HasSubstr("whoever answers at https://a is believed")));
  EXPECT_THAT(access_of("{server: 'http://a'}", "{}")->warnings, ElementsAre(HasSubstr("without TLS")));
  EXPECT_FALSE(
      access_of(fmt::format("{{server: 'https://a', insecure-skip-tls-verify: true, certificate-authority-data: {}}}",
                            in_base64(kCertificate)),
                "{}"));
}

TEST(ExecCredential, IsReadStrictly) {
  const std::string v1 = "client.authentication.k8s.io/v1";
  const auto read = [&](std::string_view status, std::string_view version = "client.authentication.k8s.io/v1") {
    return parse_exec_credential(
        fmt::format(R"({{"apiVersion":"{}","kind":"ExecCredential","status":{}}})", version, status), v1);
  };
  const auto good = read(R"({"token":"t","expirationTimestamp":"2026-11-26T13:00:00Z"})");
  ASSERT_TRUE(good) << good.error().text();
  EXPECT_EQ(good->token.expose(), "t");
  EXPECT_EQ(good->expires, noon() + 1h);
  EXPECT_TRUE(read(R"({"clientCertificateData":"c","clientKeyData":"k"})"));
  EXPECT_FALSE(read(R"({"clientCertificateData":"c"})"));
  EXPECT_FALSE(read("{}"));
  EXPECT_FALSE(read(R"({"token":"t","expirationTimestamp":"soon"})"));
  EXPECT_FALSE(read(R"({"token":"t"})", "client.authentication.k8s.io/v1beta1"));
  EXPECT_FALSE(parse_exec_credential("hello", v1));
}

TEST(Identity, AsksThePluginAgainBeforeItsCredentialEnds) {
  TempFolder folder;
  VirtualClock clock(noon());
  Access access = some_access();
  access.user.token = {};
  access.user.exec = ExecPlugin{
      .api_version = "client.authentication.k8s.io/v1",
      .command = "sh",
      .args =
          {"-c",
           "echo run >>$RUNS; printf '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\","
           "\"status\":{\"token\":\"%s\",\"expirationTimestamp\":\"2026-11-26T13:00:00Z\"}}' $(wc -l <$RUNS)"},
      .env = {{"RUNS", folder / "runs"}},
      .install_hint = "",
      .interactive_mode = "Never"};
  Identity identity(clock, access);
  const auto token = [&] { return identity.current({}).value().token.expose(); };
  EXPECT_EQ(token(), "1");
  EXPECT_EQ(token(), "1");
  clock.advance(59min);
  EXPECT_EQ(token(), "1");
  clock.advance(55s);
  EXPECT_EQ(token(), "2");
  clock.advance(1h);
  const auto ended = identity.current({});
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), Code::kCredentials);
  EXPECT_THAT(ended.error().sentence(), HasSubstr("expired on 2026-11-26T13:00:00Z"));
}

TEST(KubeconfigText, ReadsBackAsItWas) {
  ClusterEntry cluster;
  cluster.name = "tombolo cloud: #1";
  cluster.server = "https://10.42.0.1:6443";
  cluster.authority.data = Secret<std::string>(kCertificate);
  UserEntry user;
  user.name = "yes";
  user.certificate.data = Secret<std::string>(kCertificate);
  user.key.data = Secret<std::string>(kKey);
  const auto text = kubeconfig_text(cluster, user, {"cloud", "", cluster.name, user.name, "liqo-system"});
  const auto config = parse(text.expose());
  const auto access = resolve(config, "", noon());
  ASSERT_TRUE(access) << access.error().text();
  EXPECT_EQ(access->context, "cloud");
  EXPECT_EQ(access->server, cluster.server);
  EXPECT_EQ(access->name_space, "liqo-system");
  EXPECT_EQ(access->tls.key.expose(), kKey);
  EXPECT_EQ(config.clusters[0].name, cluster.name);
  TempFolder folder;
  ASSERT_TRUE(write_kubeconfig(folder / "k", cluster, user, {"cloud", "", cluster.name, user.name, "liqo-system"}));
  EXPECT_EQ(std::filesystem::status(folder / "k").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_EQ(*read_file(folder / "k"), text.expose());
}

}  // namespace
}  // namespace tombolo::kube
