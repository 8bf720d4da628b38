#include "sim/kube_controllers.hpp"

#include "kube/discovery.hpp"
#include "kube/logs.hpp"
#include "kube/workloads.hpp"
#include "sim/kube_test_support.hpp"

namespace tombolo::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct KubeControllers : KubeTest {
  const kube::ObjectName set{kube::kDaemonSets, "mesh", "nebula"};
  void make_space(const std::string& level) {
    const auto name = name_space("mesh");
    auto space = object(name);
    if (!level.empty()) child(metadata_of(space), "labels")["pod-security.kubernetes.io/enforce"] = level;
    apply(name, space);
  }
  Json nebula(const std::string& image = "nebulaoss/nebula:1.10.0") const {
    auto pods = pod_template("nebula", image);
    pods.at("spec").as_object()["hostNetwork"] = true;
    pods.at("spec").as_object()["volumes"] = JsonArray{{{"name", "keys"}, {"secret", {{"secretName", "keys"}}}}};
    return workload(set, pods);
  }
  void lay_keys() {
    const kube::ObjectName keys{kube::kSecrets, "mesh", "keys"};
    apply(keys, object(keys));
  }
};

TEST_F(KubeControllers, ADaemonSetBecomesReadyOnEveryNode) {
  make_space("privileged");
  lay_keys();
  apply(set, nebula());
  EXPECT_NE(kube::rollout_trouble(get(set)), "");
  const auto ready =
      kube::wait_for(*home, set, [](const Json& o) { return kube::rollout_trouble(o).empty(); }, 10s, stop);
  ASSERT_TRUE(ready) << ready.error().text();
  EXPECT_EQ(clock.now() - test_start(), 2s);
  const auto states = kube::pods(*home, "mesh", "app=nebula", stop);
  ASSERT_TRUE(states);
  ASSERT_THAT(*states, SizeIs(1));
  EXPECT_TRUE(states->front().ready);
  EXPECT_EQ(states->front().node, "talos-homelab");
}

TEST_F(KubeControllers, APodWaitsForItsSecret) {
  make_space("privileged");
  apply(set, nebula());
  clock.advance(1min);
  EXPECT_EQ(kube::rollout_trouble(get(set)), "0 of 1 pods are ready");
  lay_keys();
  clock.advance(2s);
  EXPECT_EQ(kube::rollout_trouble(get(set)), "");
}

TEST_F(KubeControllers, PodSecurityForbidsWhatTheNamespaceDoesNotAllow) {
  make_space("");
  lay_keys();
  apply(set, nebula());
  clock.advance(1min);
  EXPECT_THAT(pods("mesh"), IsEmpty());
  EXPECT_EQ(codec::number_at(get(set), "status.currentNumberScheduled"), 0);
  const kube::ObjectName pod{kube::kPods, "mesh", "p"};
  const auto refused =
      kube::create(*home, pod, object(pod, {{"spec", *codec::find(nebula(), "spec.template.spec")}}), stop);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(),
              HasSubstr("violates PodSecurity \"baseline:latest\": host namespaces (hostNetwork=true)"));
}

TEST_F(KubeControllers, ANewTemplateReplacesThePod) {
  make_space("privileged");
  lay_keys();
  apply(set, nebula());
  clock.advance(5s);
  const auto old = kube::name_of(pods("mesh").at(0));
  apply(set, nebula("nebulaoss/nebula:1.10.1"));
  EXPECT_EQ(kube::rollout_trouble(get(set)), "0 of 1 pods have the newest version");
  clock.advance(5s);
  EXPECT_EQ(kube::rollout_trouble(get(set)), "");
  ASSERT_THAT(pods("mesh"), SizeIs(1));
  EXPECT_NE(kube::name_of(pods("mesh").at(0)), old);
  EXPECT_EQ(codec::number_at(get(set), "metadata.generation"), 2);
}

TEST_F(KubeControllers, AnImageThatCannotBePulledIsNamed) {
  auto options = site.options();
  options.kube.missing_images = {"nebula:1.10"};
  site.set_options(options);
  make_space("privileged");
  lay_keys();
  apply(set, nebula());
  clock.advance(1min);
  EXPECT_THAT(kube::pods(*home, "mesh", "", stop)->at(0).why, HasSubstr("ImagePullBackOff: Back-off pulling image"));
}

TEST_F(KubeControllers, DeploymentsHaveTheirReplicas) {
  const kube::ObjectName name{kube::kDeployments, "default", "web"};
  auto web = workload(name, pod_template("web"));
  web.at("spec").as_object()["replicas"] = 3;
  apply(name, web);
  clock.advance(3s);
  EXPECT_EQ(kube::rollout_trouble(get(name)), "");
  EXPECT_THAT(pods("default"), SizeIs(3));
  EXPECT_TRUE(kube::condition_of(get(name), "Available")->holds());
  web.at("spec").as_object()["replicas"] = 1;
  apply(name, web);
  clock.advance(3s);
  EXPECT_THAT(pods("default"), SizeIs(1));
  web.at("spec").at("template").at("spec").at("containers").at(0).at("image") = "a:2";
  apply(name, web);
  EXPECT_THAT(pods("default"), SizeIs(2));  // the old one serves until the new one does
  clock.advance(5s);
  EXPECT_THAT(pods("default"), SizeIs(1));
  EXPECT_EQ(kube::rollout_trouble(get(name)), "");
}

TEST_F(KubeControllers, WhatBelongsToADeletedObjectGoesWithIt) {
  const kube::ObjectName name{kube::kDeployments, "default", "web"};
  apply(name, workload(name, pod_template("web")));
  clock.advance(3s);
  EXPECT_TRUE(*kube::remove(*home, name, stop));
  EXPECT_TRUE(get(name).is_null());
  EXPECT_THAT(pods("default"), SizeIs(1));  // on its way out
  clock.advance(1s);
  EXPECT_THAT(pods("default"), IsEmpty());

  apply(name, workload(name, pod_template("web")));
  clock.advance(3s);
  EXPECT_TRUE(*kube::remove(*home, name, stop, {kube::Propagation::kForeground, "", "", {}}));
  EXPECT_TRUE(kube::is_being_deleted(get(name)));
  EXPECT_TRUE(kube::wait_until_gone(*home, name, "", 5s, stop));
  EXPECT_THAT(pods("default"), IsEmpty());

  apply(name, workload(name, pod_template("web")));
  clock.advance(3s);
  EXPECT_TRUE(*kube::remove(*home, name, stop, {kube::Propagation::kOrphan, "", "", {}}));
  clock.advance(10s);
  EXPECT_THAT(pods("default"), SizeIs(1));
}

TEST_F(KubeControllers, ANamespaceTakesWhatIsInItWithIt) {
  make_space("privileged");
  lay_keys();
  apply(set, nebula());
  clock.advance(5s);
  const auto held = config_map("held", "mesh");
  auto holding = with_data(held, {});
  metadata_of(holding)["finalizers"] = JsonArray{Json("example.com/hold")};
  apply(held, holding);
  EXPECT_TRUE(*kube::remove(*home, name_space("mesh"), stop));
  EXPECT_EQ(codec::text_at(get(name_space("mesh")), "status.phase"), "Terminating");
  const auto late = kube::apply(*home, config_map("late", "mesh"), with_data(config_map("late", "mesh"), {}), stop);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), Code::kState);
  const auto still = kube::wait_until_gone(*home, name_space("mesh"), "", 10s, stop);
  ASSERT_FALSE(still);
  EXPECT_THAT(still.error().text(), HasSubstr("example.com/hold in 1 resource instances"));
  EXPECT_TRUE(kube::patch(*home, held, kube::PatchKind::kMerge, {{"metadata", {{"finalizers", nullptr}}}}, stop));
  EXPECT_TRUE(kube::wait_until_gone(*home, name_space("mesh"), "", 10s, stop));
  EXPECT_THAT(pods("mesh"), IsEmpty());
  const auto lasting = kube::remove(*home, name_space("kube-system"), stop);
  ASSERT_FALSE(lasting);
  EXPECT_EQ(lasting.error().code(), Code::kPermission);
}

TEST_F(KubeControllers, ADefinitionIsServedAndTakesItsObjectsWithIt) {
  const kube::Resource definitions{"apiextensions.k8s.io", "v1", "customresourcedefinitions",
                                   "CustomResourceDefinition", false};
  const kube::Resource foreign{"core.liqo.io", "v1beta1", "foreignclusters", "ForeignCluster", false};
  const kube::ObjectName name{definitions, "", "foreignclusters.core.liqo.io"}, cluster{foreign, "", "cloud"};
  // Without its kind, and without an object: the client tells the two apart.
  EXPECT_FALSE(kube::find(*home, cluster, stop));
  apply(name,
        object(name,
               {{"spec",
                 {{"group", "core.liqo.io"},
                  {"scope", "Cluster"},
                  {"names",
                   {{"plural", "foreignclusters"}, {"kind", "ForeignCluster"}, {"shortNames", JsonArray{Json("fc")}}}},
                  {"versions", JsonArray{{{"name", "v1beta1"},
                                          {"served", true},
                                          {"storage", true},
                                          {"subresources", {{"status", JsonObject()}}}}}}}}}));
  EXPECT_TRUE(kube::condition_of(get(name), "Established")->holds());
  EXPECT_EQ(kube::Catalogue(*home).find("core.liqo.io/v1beta1", "ForeignCluster", stop).value(), foreign);
  EXPECT_TRUE(get(cluster).is_null());
  const auto made =
      apply(cluster, object(cluster, {{"spec", {{"clusterID", "cloud"}}}, {"status", {{"role", "made up"}}}}));
  EXPECT_EQ(codec::find(made, "status"), nullptr);
  EXPECT_EQ(codec::number_at(made, "metadata.generation"), 1);
  const auto told = kube::patch(*home, cluster, kube::PatchKind::kMerge,
                                {{"status", {{"role", "Provider"}}}, {"spec", {{"clusterID", "x"}}}}, stop, "status");
  ASSERT_TRUE(told);
  EXPECT_EQ(codec::text_at(*told, "status.role"), "Provider");
  EXPECT_EQ(codec::text_at(*told, "spec.clusterID"), "cloud");
  EXPECT_EQ(codec::number_at(*told, "metadata.generation"), 1);
  EXPECT_TRUE(*kube::remove(*home, name, stop));
  EXPECT_FALSE(kube::find(*home, cluster, stop));
  EXPECT_TRUE(get(name).is_null());
}

TEST_F(KubeControllers, PodsSayWhatTheirProgramsDo) {
  make_space("privileged");
  lay_keys();
  apply(set, nebula());
  const auto read = [&] {
    std::vector<std::string> lines;
    const auto done = kube::logs(
        *home, {kube::kPods, "mesh", kube::name_of(pods("mesh").at(0))}, {},
        [&](std::string_view line) { return lines.emplace_back(line), true; }, stop);
    if (!done) lines.push_back(done.error().text());
    return lines;
  };
  EXPECT_THAT(read().back(), HasSubstr("is waiting to start: ContainerCreating"));
  clock.advance(2s);
  EXPECT_THAT(read(), ElementsAre(HasSubstr("Firewall started"), HasSubstr("msg=\"Nebula interface is active\"")));
}

TEST_F(KubeControllers, BothClustersAreBornWithNodesThatAreReady) {
  const auto all = kube::nodes(*home, stop);
  ASSERT_TRUE(all);
  ASSERT_THAT(*all, SizeIs(1));
  EXPECT_TRUE(all->front().ready);
  EXPECT_EQ(all->front().version, "v1.34.1");
  EXPECT_EQ(all->front().address, "192.168.1.54");
  EXPECT_EQ(kube::server_version(*home, stop)->minor, 34);
  EXPECT_TRUE(kube::server_ready(*home, stop));
  EXPECT_TRUE(kube::pods(*home, "kube-system", "k8s-app=coredns", stop)->at(0).ready);
}

}  // namespace
}  // namespace tombolo::sim
