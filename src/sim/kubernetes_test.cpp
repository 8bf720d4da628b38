#include "sim/kubernetes.hpp"

#include <filesystem>

#include "base/files.hpp"
#include "base/ids.hpp"
#include "cloudinit/progress.hpp"
#include "kube/discovery.hpp"
#include "kube/review.hpp"
#include "kube/workloads.hpp"
#include "sim/kube_test_support.hpp"
#include "sim/memory.hpp"

namespace tombolo::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Kubernetes : KubeTest {
  void change(auto edit) {
    auto options = site.options();
    edit(options.kube);
    site.set_options(options);
  }
  void make(int count) {
    for (int i = 0; i < count; ++i) {
      const auto name = config_map("c" + std::to_string(100 + i));
      apply(name, with_data(name, {{"k", "v"}}));
    }
  }
  std::string lighthouse() {
    std::string text = "#!/bin/bash\nsay() { echo \"tombolo-bootstrap: $*\"; }\nMESH_ADDRESS='10.42.0.1/16'\n";
    for (auto phase : cloudinit::phases()) text += "\nphase " + std::string(phase) + "\n";
    return run({{"UserData", codec::encode_base64(as_bytes(text))},
                {"TagSpecification.1.ResourceType", "instance"},
                {"TagSpecification.1.Tag.1.Key", "tombolo:address"},
                {"TagSpecification.1.Tag.1.Value", "aws.instance/lighthouse"}});
  }
};

TEST_F(Kubernetes, ListsComeInPages) {
  make(7);
  std::vector<std::string> names;
  const auto version = kube::each(
      *home, {config_map(""), "", "", 3}, [&](Json&& o) { return names.push_back(kube::name_of(o)), true; }, stop);
  ASSERT_TRUE(version);
  EXPECT_THAT(names, ElementsAre("c100", "c101", "c102", "c103", "c104", "c105", "c106"));
  EXPECT_EQ(home->statistics().calls, 7u + 3u);
  const auto first = *codec::parse_json(raw("GET", config_map("").path() + "?limit=3").body);
  EXPECT_EQ(codec::number_at(first, "metadata.remainingItemCount"), 4);
  EXPECT_EQ(raw("GET", config_map("").path() + "?continue=nonsense").status, 400);
}

TEST_F(Kubernetes, SelectorsChoose) {
  for (const auto* tier : {"a", "b", "c"}) {
    auto one = with_data(config_map(tier), {});
    child(metadata_of(one), "labels")["tier"] = tier;
    apply(config_map(tier), one);
  }
  const auto chosen = [&](const std::string& labels, const std::string& fields = "") {
    std::string out;
    for (const auto& o : kube::list(*home, {config_map(""), labels, fields, 500}, stop).value_or(std::vector<Json>()))
      out += kube::name_of(o);
    return out;
  };
  EXPECT_EQ(chosen("tier=a"), "a");
  EXPECT_EQ(chosen("tier!=a"), "bc");
  EXPECT_EQ(chosen("tier in (a,c)"), "ac");
  EXPECT_EQ(chosen("tier notin (a,c),tier"), "b");
  EXPECT_EQ(chosen("!tier"), "");
  EXPECT_EQ(chosen("", "metadata.name=b"), "b");
  EXPECT_EQ(raw("GET", config_map("").path() + "?fieldSelector=data.k%3Dv").status, 400);
}

TEST_F(Kubernetes, AWatchSeesEveryChangeWhenItHappens) {
  make(1);
  std::vector<std::string> seen;
  std::stop_source enough;
  auto writer = clock.start([&](std::stop_token) {
    auto other = client_of(clock, site);
    clock.sleep_for(10s, stop);
    (void)kube::apply(*other, config_map("new"), with_data(config_map("new"), {{"k", "1"}}), stop);
    clock.sleep_for(10min, stop);
    (void)kube::apply(*other, config_map("new"), with_data(config_map("new"), {{"k", "2"}}), stop);
    clock.sleep_for(10s, stop);
    (void)kube::remove(*other, config_map("new"), stop);
  });
  const auto done = kube::watch(
      *home, {config_map(""), "", "", 500},
      [&](kube::Event&& e) {
        constexpr const char* kSigns[] = {"+", "~", "-", "="};
        const auto after = std::chrono::duration_cast<std::chrono::seconds>(clock.now() - test_start());
        seen.push_back(fmt::format("{}{} {}", kSigns[static_cast<int>(e.kind)],
                                   e.object.is_null() ? "" : kube::name_of(e.object), after.count()));
        return e.kind != kube::EventKind::kDeleted;
      },
      stop);
  EXPECT_TRUE(done);
  EXPECT_THAT(seen, ElementsAre("+c100 0", "= 0", "+new 10", "~new 610", "-new 620"));
  EXPECT_LT(home->statistics().calls, 10u);  // it waits, and does not ask again and again
}

TEST_F(Kubernetes, AWatchSeesWhatControllersDo) {
  const kube::ObjectName web{kube::kDeployments, "default", "web"};
  apply(web, workload(web, pod_template("web")));
  const auto ready = [&](kube::Event&& e) {
    return !(e.object.is_object() && kube::condition_of(e.object, "Ready") &&
             kube::condition_of(e.object, "Ready")->holds());
  };
  EXPECT_TRUE(kube::watch(*home, {{kube::kPods, "default", ""}, "app=web", "", 500}, ready, stop));
  EXPECT_EQ(clock.now() - test_start(), 2s);
}

TEST_F(Kubernetes, AVersionThatIsForgottenIsExpired) {
  const auto name = config_map("a");
  for (int i = 0; i < 5100; ++i)
    raw("PATCH", name.path() + "?fieldManager=x", with_data(name, {{"k", std::to_string(i)}}),
        "application/apply-patch+yaml");
  const auto answer = raw("GET", config_map("").path() + "?watch=true&resourceVersion=105");
  EXPECT_EQ(answer.status, 410);
  EXPECT_THAT(answer.body, HasSubstr("\"reason\":\"Expired\""));
}

TEST_F(Kubernetes, WhatIsForbiddenIsNamed) {
  change([](KubeBehaviour& kube) { kube.forbidden = {{"home", "create", "daemonsets.apps"}}; });
  const auto space = name_space("nebula-system");
  apply(space, object(space));
  const kube::ObjectName set{kube::kDaemonSets, "nebula-system", "nebula"};
  for (const auto& refused : {kube::apply(*home, set, workload(set, pod_template("nebula")), stop),
                              kube::create(*home, set, workload(set, pod_template("nebula")), stop)}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Code::kPermission);
    EXPECT_THAT(
        refused.error().text(),
        HasSubstr("daemonsets.apps is forbidden: User \"operator\" cannot create resource \"daemonsets\" in API "
                  "group \"apps\" in the namespace \"nebula-system\""));
  }
  EXPECT_FALSE(kube::may_i(*home, {"create", kube::kDaemonSets, "nebula-system", ""}, stop)->allowed);
  EXPECT_TRUE(kube::may_i(*home, {"patch", kube::kDaemonSets, "nebula-system", ""}, stop)->allowed);
}

TEST_F(Kubernetes, StrangersAreTurnedAway) {
  const auto stranger = client_of(clock, site, "home.simulated", "refused");
  const auto refused = kube::get(*stranger, name_space("default"), stop);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kCredentials);
}

TEST_F(Kubernetes, DiscoveryTellsWhatIsServed) {
  EXPECT_THAT(*kube::preferred_versions(*home, stop),
              ::testing::IsSupersetOf({"apps/v1", "rbac.authorization.k8s.io/v1"}));
  EXPECT_EQ(kube::Catalogue(*home).find("apps/v1", "DaemonSet", stop).value(), kube::kDaemonSets);
  EXPECT_EQ(kube::resources_of(*home, "helm.toolkit.fluxcd.io/v2", stop).error().code(), Code::kNotFound);
  EXPECT_EQ(raw("GET", "/apis/helm.toolkit.fluxcd.io/v2/helmreleases").body, "404 page not found\n");
  EXPECT_EQ(raw("POST", "/api/v1/nodes/talos-homelab", JsonObject()).status, 405);
}

TEST_F(Kubernetes, BadWeatherReachesTheClient) {
  Fault fault;
  fault.action = "patch configmaps";
  fault.kind = Fault::Kind::kCutAfter;
  fault.match = {{"cluster", "home"}};
  site.add_fault(fault);
  const auto name = config_map("a");
  EXPECT_TRUE(kube::apply(*home, name, with_data(name, {{"k", "v"}}), stop));  // sent again: the second changes nothing
  EXPECT_EQ(home->statistics().retries, 1u);
  fault.kind = Fault::Kind::kError;
  fault.code = "TooManyRequests";
  fault.status = 429;
  site.add_fault(fault);
  EXPECT_TRUE(kube::apply(*home, name, with_data(name, {{"k", "v"}}), stop));
  EXPECT_EQ(home->statistics().retries, 2u);
  EXPECT_EQ(site.calls().back().action, "patch configmaps");
  EXPECT_EQ(site.calls().back().service, "kube");
}

TEST_F(Kubernetes, TheCloudsServerComesWithItsLighthouseAndGoesWithIt) {
  const auto cloud = client_of(clock, site, "cloud.simulated");
  const auto there = [&] { return kube::find(*cloud, config_map("mark"), stop); };
  EXPECT_EQ(there().error().code(), Code::kUnreachable);
  const auto first = lighthouse();
  clock.advance(30s);
  EXPECT_EQ(there().error().code(), Code::kUnreachable);  // booting
  clock.advance(5min);
  ASSERT_TRUE(there()) << there().error().text();
  EXPECT_EQ(kube::nodes(*cloud, stop)->at(0).version, "v1.34.1+k3s1");
  EXPECT_EQ(kube::nodes(*cloud, stop)->at(0).address, "10.42.0.1");
  EXPECT_TRUE(kube::apply(*cloud, config_map("mark"), with_data(config_map("mark"), {}), stop));
  EXPECT_FALSE(there()->value_or(Json(nullptr)).is_null());
  EXPECT_TRUE(get(config_map("mark")).is_null());  // home is another cluster

  ec2("StopInstances", {{"InstanceId.1", first}});
  clock.advance(1min);
  EXPECT_EQ(there().error().code(), Code::kUnreachable);
  ec2("StartInstances", {{"InstanceId.1", first}});
  clock.advance(5min);
  ASSERT_TRUE(there());
  EXPECT_TRUE(there()->has_value());

  ec2("TerminateInstances", {{"InstanceId.1", first}});
  lighthouse();
  clock.advance(5min);
  ASSERT_TRUE(there());
  EXPECT_FALSE(there()->has_value());  // a new machine knows nothing of the old one's objects
}

TEST_F(Kubernetes, AWatchOfACloudThatEndsIsBroken) {
  const auto id = lighthouse();
  clock.advance(5min);
  const auto cloud = client_of(clock, site, "cloud.simulated");
  auto killer = clock.start([&](std::stop_token) {
    clock.sleep_for(1min, stop);
    ec2("TerminateInstances", {{"InstanceId.1", id}});
  });
  const auto never = [](kube::Event&&) { return true; };
  kube::WatchOptions options;
  options.patience = 2min;
  const auto ended = kube::watch(*cloud, {config_map(""), "", "", 500}, never, stop, options);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), Code::kUnreachable);
}

TEST(KubernetesMemory, TheSameObjectsAreThereInTheNextRun) {
  const auto path = (std::filesystem::temp_directory_path() / ("tombolo-kube-" + random_id(6))).string();
  const std::stop_token stop;
  const kube::ObjectName web{kube::kDeployments, "default", "web"};
  const auto everything = [&](LastingSite& lasting) {
    const auto client = client_of(lasting.clock(), lasting.site());
    std::string out;
    for (const auto& resource : {kube::kNamespaces, kube::kNodes, kube::kPods, kube::kConfigMaps, kube::kDeployments}) {
      const auto all = kube::list(*client, {{resource, "", ""}, "", "", 500}, stop);
      EXPECT_TRUE(all);
      for (const auto& o : all.value_or(std::vector<Json>())) out += codec::to_canonical_text(o) + "\n";
    }
    return out;
  };
  std::string first;
  {
    auto lasting = LastingSite::open(path, Time(1'800'000'000s), quick());
    ASSERT_TRUE(lasting);
    auto& clock = (*lasting)->clock();
    const auto client = client_of(clock, (*lasting)->site());
    (void)everything(**lasting);  // looking early changes nothing
    ASSERT_TRUE(kube::apply(*client, web, workload(web, pod_template("web")), stop));
    clock.sleep_for(1s, stop);
    (void)everything(**lasting);
    clock.sleep_for(90s, stop);
    ASSERT_TRUE(kube::create(*client, config_map("a"), with_data(config_map("a"), {{"k", "v"}}), stop));
    EXPECT_FALSE(kube::create(*client, config_map("a"), with_data(config_map("a"), {{"k", "v"}}), stop));
    first = everything(**lasting);
  }
  auto lasting = LastingSite::open(path, Time(0s), quick());
  ASSERT_TRUE(lasting);
  EXPECT_EQ(everything(**lasting), first);
  EXPECT_THAT(first, HasSubstr("\"web-"));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace tombolo::sim
