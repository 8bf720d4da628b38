// Gathering, against API servers that hold what was recorded.
#include "liqo/evidence.hpp"

#include <fmt/format.h>

#include "base/virtual_clock.hpp"
#include "codec/base64.hpp"
#include "liqo/why_test_support.hpp"

namespace tombolo::liqo {
namespace {

using namespace recorded;  // NOLINT: the words of these tests
using testing::HasSubstr;
using testing::Not;

// Lists and gets of the objects it is given; label and field selectors are not judged, but for the names of tenant namespaces.
class Recorded final : public net::Transport {
 public:
  std::vector<Json> objects;
  std::map<std::string, std::string> kinds{{"nodes", "Node"},
                                           {"pods", "Pod"},
                                           {"namespaces", "Namespace"},
                                           {"secrets", "Secret"},
                                           {"configmaps", "ConfigMap"},
                                           {"events", "Event"},
                                           {"deployments", "Deployment"},
                                           {"foreignclusters", "ForeignCluster"},
                                           {"identities", "Identity"},
                                           {"tenants", "Tenant"},
                                           {"renews", "Renew"},
                                           {"resourceslices", "ResourceSlice"},
                                           {"quotas", "Quota"},
                                           {"virtualnodes", "VirtualNode"},
                                           {"namespacemaps", "NamespaceMap"},
                                           {"namespaceoffloadings", "NamespaceOffloading"},
                                           {"shadowpods", "ShadowPod"},
                                           {"mutatingwebhookconfigurations", "MutatingWebhookConfiguration"}};
  std::optional<Error> broken;  // every call fails so
  std::string forbidden;  // a plural that may not be listed
  std::vector<std::string> asked;

  Result<net::Response> send(const net::Request& request, const std::stop_token&) override {
    if (broken) return fail(*broken);
    auto path = request.url.substr(request.url.find('/', 8));
    path = path.substr(0, path.find('?'));
    asked.push_back(request.method + " " + path);
    if (path == "/version") return ok({{"gitVersion", "v1.35.4"}, {"major", "1"}, {"minor", "35"}});
    if (path == "/livez") return net::Response{401, {}, status(401, "Unauthorized")};
    return object_or_list(path);
  }

 private:
  static net::Response ok(const Json& body) { return {200, {}, codec::to_text(body)}; }
  static std::string status(int code, std::string_view reason) {
    return codec::to_text(
        Json{{"kind", "Status"}, {"status", "Failure"}, {"reason", reason}, {"message", reason}, {"code", code}});
  }

  Result<net::Response> object_or_list(std::string path) const {
    std::vector<std::string> words;
    for (auto at = path.find('/'); at != path.npos;) {
      const auto end = path.find('/', at + 1);
      words.push_back(path.substr(at + 1, end == path.npos ? end : end - at - 1));
      at = end;
    }
    words.erase(words.begin(), words.begin() + (words[0] == "api" ? 2 : 3));
    if (words.empty()) return ok({{"resources", codec::JsonArray{}}});  // what is served
    std::string name_space;
    if (words[0] == "namespaces" && words.size() > 2) {
      name_space = words[1];
      words.erase(words.begin(), words.begin() + 2);
    }
    if (words[0] == forbidden) return net::Response{403, {}, status(403, "Forbidden")};
    const auto kind = kinds.find(words[0]);
    if (kind == kinds.end()) return net::Response{404, {}, status(404, "NotFound")};
    codec::JsonArray items;
    for (const auto& each : objects)
      if (kube::kind_of(each) == kind->second && (name_space.empty() || kube::namespace_of(each) == name_space) &&
          (words.size() == 1 || kube::name_of(each) == words[1]) &&
          (kind->second != "Namespace" || words.size() == 2 || kube::name_of(each).starts_with("liqo-tenant")))
        items.push_back(each);
    if (words.size() == 1) return ok({{"metadata", {{"resourceVersion", "1"}}}, {"items", std::move(items)}});
    if (items.empty()) return net::Response{404, {}, status(404, "NotFound")};
    return ok(items.front());
  }
};

Json config_map(std::string_view name_space, std::string_view id) {
  return {{"kind", "ConfigMap"},
          {"metadata", {{"name", "liqo-clusterid-configmap"}, {"namespace", name_space}}},
          {"data", {{"CLUSTER_ID", id}}}};
}

Json manager(std::string_view name_space) {
  return {
      {"kind", "Deployment"},
      {"metadata", {{"name", "liqo-controller-manager"}, {"namespace", name_space}, {"generation", 1}}},
      {"spec",
       {{"replicas", 1}, {"template", {{"spec", {{"containers", codec::JsonArray{{{"image", "x/liqo:v1.2.0"}}}}}}}}}},
      {"status",
       {{"observedGeneration", 1},
        {"replicas", 1},
        {"updatedReplicas", 1},
        {"readyReplicas", 1},
        {"availableReplicas", 1}}}};
}

Json& the_secret(std::vector<Json>& objects, std::string_view name) {
  for (auto& each : objects)
    if (kube::kind_of(each) == "Secret" && kube::name_of(each) == name) return each.as_object()["data"];
  throw std::runtime_error("no such Secret");
}

struct World {
  VirtualClock clock{*parse_time("2026-11-22T09:40:00Z")};
  std::shared_ptr<Recorded> home = std::make_shared<Recorded>(), cloud = std::make_shared<Recorded>();
  std::vector<net::CurlOptions> dialled;
  std::optional<Error> dial_error;  // of /livez
  std::stop_source stop;

  explicit World(const std::string& stage = "peered") {
    home->objects = objects(stage + "-home.yaml");
    cloud->objects = objects(stage + "-cloud.yaml");
    home->objects.push_back(config_map("liqo", "home"));
    home->objects.push_back(manager("liqo"));
    cloud->objects.push_back(config_map("liqo-system", "cloud"));
    cloud->objects.push_back(manager("liqo-system"));
  }

  // The brief calls: the greeting goes to the two clusters, /livez to whoever is advertised.
  struct Router final : net::Transport {
    Router(World& w, net::CurlOptions o) : world(w), options(std::move(o)) {}
    World& world;
    net::CurlOptions options;
    Result<net::Response> send(const net::Request& request, const std::stop_token& token) override {
      if (!request.url.ends_with("/livez"))
        return (request.url.starts_with("https://192.") ? world.home : world.cloud)->send(request, token);
      world.dialled.push_back(options);
      if (world.dial_error) return fail(*world.dial_error);
      return world.cloud->send(request, token);
    }
  };

  static kube::Access access(std::string server, std::string connect_to) {
    kube::Access out;
    out.server = std::move(server);
    out.connect_to = std::move(connect_to);
    return out;
  }

  Evidence look(Question question = {}, std::string why_no_cloud = "") {
    kube::Client at_home(clock, access("https://192.168.1.54:6443", ""), {.attempts = 1},
                         [this](const auto&) { return home; });
    kube::Client there(clock, access("https://10.42.0.1:6443", "127.0.0.1:40123"), {.attempts = 1},
                       [this](const auto&) { return cloud; });
    const auto dial = [this](const net::CurlOptions& options) { return std::make_shared<Router>(*this, options); };
    const bool silent = !why_no_cloud.empty();
    auto e = gather(question, at_home, {silent ? nullptr : &there, std::move(why_no_cloud)},
                    {"named-in-the-file", dial}, stop.get_token());
    if (!e) throw std::runtime_error(e.error().text());
    return *e;
  }
};

TEST(Evidence, OfAHealthyPeeringExplainsNothing) {
  World world;
  const auto e = world.look();
  EXPECT_EQ(e.home_id, "home");
  EXPECT_EQ(e.cloud_id, "cloud") << "Liqo's word counts, not the file's";
  EXPECT_EQ(e.home.tenant_namespace, "liqo-tenant-cloud");
  EXPECT_EQ(e.cloud.tenant_namespace, "liqo-tenant-home");
  EXPECT_NE(e.home.find("VirtualNode", "cloud"), nullptr);
  EXPECT_NE(e.cloud.find("Quota", "cloud-4ea140588150"), nullptr);
  EXPECT_TRUE(e.home.unread.empty() && e.cloud.unread.empty());
}

TEST(Evidence, OfAPodHasItsTwin) {
  World world;
  const auto e = world.look({Subject::kPod, "work", "hello"});
  ASSERT_NE(e.pod(), nullptr);
  EXPECT_EQ(kube::namespace_of(*e.pod()), "work");
  ASSERT_NE(e.remote_pod(), nullptr);
  EXPECT_EQ(kube::namespace_of(*e.remote_pod()), "work-home");
  EXPECT_NE(e.shadow_pod(), nullptr);
}

TEST(Evidence, KeepsNoSecretsValue) {
  World world;
  for (auto* side : {world.home.get(), world.cloud.get()})
    for (auto& each : side->objects)
      if (kube::kind_of(each) == "Secret")
        each.as_object()["data"] = {{"nonce", "c2VjcmV0"}, {"kubeconfig", "c2VjcmV0"}};
  const auto e = world.look();
  std::string all;
  for (const auto* side : {&e.home, &e.cloud})
    for (const auto& each : side->objects) all += codec::to_text(each);
  EXPECT_THAT(all, HasSubstr("liqo-signed-nonce"));
  EXPECT_THAT(all, HasSubstr("\"entries\":[\"nonce\",\"kubeconfig\"]"));
  EXPECT_THAT(all, Not(HasSubstr("c2VjcmV0")));
  EXPECT_EQ(e.nonces_agree, true);
}

TEST(Evidence, KnowsUntilWhenHomesCertificateHolds) {
  World world;
  for (auto& each : world.home->objects)
    if (kube::kind_of(each) == "Identity")
      each.at_pointer("/spec/authParams").as_object()["signedCRT"] = text("certificate");
  const auto e = world.look();
  ASSERT_EQ(e.identity_ends.size(), 2u);
  EXPECT_EQ(format_time(e.identity_ends.at("controlplane-cloud")), "2027-11-22T09:26:06Z");
}

TEST(Evidence, TellsAnotherNonce) {
  World world;
  the_secret(world.home->objects, "liqo-signed-nonce") = {{"nonce", "QUFB"}};
  the_secret(world.cloud->objects, "liqo-nonce") = {{"nonce", "QkJC"}};
  EXPECT_EQ(world.look().nonces_agree, false);
}

TEST(Evidence, DialsWhatIsAdvertisedWithItsAuthority) {
  World world;
  for (auto& each : world.cloud->objects)
    if (kube::kind_of(each) == "Tenant")
      each.at_pointer("/status/authParams").as_object()["ca"] = codec::encode_base64(to_bytes("an authority"));
  const auto e = world.look();
  ASSERT_EQ(e.dials.size(), 2u);
  EXPECT_EQ(e.dial("Tenant")->outcome, Dial::Outcome::kAnswers) << "401 is an answer";
  EXPECT_TRUE(e.dial("Tenant")->through_tunnel);
  EXPECT_EQ(world.dialled[0].tls.authorities, "an authority");
  EXPECT_EQ(world.dialled[0].connect_to, "127.0.0.1:40123");
  EXPECT_TRUE(world.dialled[0].tls.certificate.empty());
}

TEST(Evidence, DialsAnotherAddressItself) {
  World world;
  for (auto& each : world.cloud->objects)
    if (kube::kind_of(each) == "Tenant")
      each.at_pointer("/status/authParams").as_object()["apiServer"] = "https://10.42.0.99:6443";
  world.dial_error = Error(Code::kUnreachable, "timed out");
  const auto e = world.look();
  EXPECT_FALSE(e.dial("Tenant")->through_tunnel);
  EXPECT_EQ(world.dialled[0].connect_to, "");
  EXPECT_EQ(e.dial("Tenant")->outcome, Dial::Outcome::kSilent);
  world.dial_error = Error(Code::kUntrusted, "unknown authority");
  EXPECT_EQ(world.look().dial("Tenant")->outcome, Dial::Outcome::kUntrusted);
}

TEST(Evidence, TheCloudNeedNotAnswer) {
  World world;
  world.cloud->broken = Error(Code::kUnreachable, "nobody there");
  EXPECT_THAT(world.look().cloud.silent, HasSubstr("nobody there"));
  EXPECT_NE(world.look().home.find("Identity", "controlplane-cloud"), nullptr)
      << "home's ForeignCluster names the cloud";
  EXPECT_EQ(world.look({}, "no SSH").cloud.silent, "no SSH");
  EXPECT_EQ(world.look({}, "no SSH").dials.size(), 1u) << "home's Identity names an address, too";
}

TEST(Evidence, WhatMayNotBeReadIsNotAbsent) {
  World world;
  world.cloud->forbidden = "tenants";
  const auto e = world.look();
  EXPECT_FALSE(e.cloud.knows("Tenant"));
  EXPECT_TRUE(e.cloud.knows("Quota"));
  EXPECT_THAT(e.cloud.unread.at("Tenant"), HasSubstr("Forbidden"));
}

TEST(Evidence, HomesSilenceIsEvidenceToo) {
  World world;
  world.home->broken = Error(Code::kUnreachable, "refused");
  EXPECT_EQ(explain(world.look()).id, "home-api-silent");
}

TEST(Evidence, IsExplainedFromEndToEnd) {
  World world;
  const auto healthy = explain(world.look({Subject::kPod, "work", "hello"}));
  EXPECT_TRUE(healthy.fine) << healthy.id << seen(healthy);
  World apart("unpeered");
  EXPECT_EQ(explain(apart.look()).id, "not-peered");
}

TEST(Evidence, StopsWhenItIsTold) {
  World world;
  world.stop.request_stop();
  EXPECT_THROW(world.look(), std::runtime_error);
}

}  // namespace
}  // namespace tombolo::liqo
