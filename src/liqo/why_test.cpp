// The situations e1 to e16 as two real clusters showed them (tests/data/liqo).
#include "liqo/why.hpp"

#include "liqo/why_test_support.hpp"

namespace tombolo::liqo {
namespace {

using namespace recorded;  // NOLINT: the words of these tests
using testing::AllOf;
using testing::HasSubstr;

TEST(Why, NothingIsWrongWithAHealthyPeering) {
  for (const auto& e : {clusters("peered"), about_node(clusters("peered")), about_node(clusters("peered"), "cloud"),
                        about_node(clusters("peered"), "home-1"), about_pod(clusters("peered"))}) {
    const auto w = why_of(e);
    EXPECT_TRUE(w.fine) << w.id << "\n" << seen(w);
    EXPECT_TRUE(w.explained);
  }
}

TEST(Why, OldWarningsDoNotExplainAPodThatRuns) {
  auto e = about_pod(clusters("peered"));
  add_event(e.home, "Pod", "hello", "FailedReflection", text("e4"));
  add_event(e.home, "ResourceSlice", "cloud", "FailedUpdateResourceSlice",
            "Operation cannot be fulfilled: the object has been modified");
  EXPECT_TRUE(why_of(e).fine);
}

TEST(Why, E1LiqoIsNotInstalledInTheCloud) {
  auto e = clusters("unpeered");
  e.cloud.liqo.reset();
  const auto w = why_of(e);
  EXPECT_EQ(w.id, "liqo-not-installed");
  EXPECT_THAT(w.cause, HasSubstr("cloud"));
  EXPECT_THAT(w.fix, HasSubstr("tombolo up"));
  EXPECT_THAT(seen(w), HasSubstr("configmaps \"configmaps\" not found"));
}

TEST(Why, E1LiqoIsInAnotherNamespace) {
  const auto w = why_of(clusters("unpeered"));
  EXPECT_EQ(w.id, "not-peered");
  EXPECT_THAT(w.fix, HasSubstr("tombolo peer"));
  EXPECT_THAT(seen(w), AllOf(HasSubstr("--remote-namespace liqo-system"), HasSubstr("it stays after unpeering")));
}

TEST(Why, E2NamespaceIsNotOffloaded) {
  for (const auto effects : {std::initializer_list<std::string_view>{}, {"NoSchedule"}}) {
    auto e = about_pod(clusters("peered"));
    set_tolerations(unscheduled(e, text("e2-failed-scheduling")), effects);
    not_offloaded(e);
    const auto w = why_of(e);
    EXPECT_EQ(w.id, "namespace-not-offloaded");
    EXPECT_THAT(w.fix, HasSubstr("tombolo offload work"));
    EXPECT_EQ(seen(w).find("another effect") != std::string::npos, effects.size() == 1) << seen(w);
  }
}

TEST(Why, E2NamespaceIsNotOffloadedAndThePodToleratesTheTaintItself) {
  auto e = about_pod(clusters("peered"));
  pending(e).at("status").as_object()["reason"] = "OffloadingBackOff";
  not_offloaded(e);
  add_event(e.home, "Pod", "hello", "ReflectionDisabled", text("e2-reflection-disabled"));
  EXPECT_EQ(why_of(e).id, "namespace-not-offloaded");
  EXPECT_THAT(why_of(e).fix, HasSubstr("tombolo offload work"));
  the(e.home, "Pod", "hello").at("metadata").as_object()["ownerReferences"] =
      codec::JsonArray{{{"kind", "DaemonSet"}, {"name", "agent"}}};
  EXPECT_EQ(why_of(e).id, "daemonset-on-virtual-node");
}

TEST(Why, APodWithoutTolerationInAnOffloadedNamespace) {
  auto e = about_pod(clusters("peered"));
  auto& pod = unscheduled(e, text("e2-failed-scheduling"));
  set_tolerations(pod, {});
  EXPECT_EQ(why_of(e).id, "webhook-missed-pod");
  pod.at("metadata").as_object()["creationTimestamp"] = "2026-11-22T09:30:00Z";
  EXPECT_EQ(why_of(e).id, "pod-before-offloading");
  EXPECT_THAT(why_of(e).fix, HasSubstr("kubectl -n work delete pod hello"));
  the(e.home, "NamespaceOffloading", "offloading").at("spec").as_object()["podOffloadingStrategy"] = "Local";
  EXPECT_EQ(why_of(e).id, "strategy-local");
}

TEST(Why, E3SliceIsTooSmall) {
  for (const auto& [resource, wished, said] :
       {std::tuple("cpu", "3", "e3-cpu"), std::tuple("nvidia.com/gpu", "1", "e3-gpu")}) {
    auto e = about_pod(clusters("peered"));
    auto& pod = unscheduled(e, text(said));
    pod.at_pointer("/spec/containers/0/resources/requests").as_object()[resource] = wished;
    const auto w = why_of(e);
    EXPECT_EQ(w.id, "slice-too-small") << seen(w);
    EXPECT_THAT(w.fix, AllOf(HasSubstr("patch resourceslices.authentication.liqo.io cloud"), HasSubstr(resource)));
  }
}

TEST(Why, E3VirtualNodeIsFull) {
  auto e = about_pod(clusters("peered"));
  unscheduled(e, text("e3-cpu"));
  EXPECT_EQ(why_of(e).id, "virtual-node-full");
}

TEST(Why, E4NoQuota) {
  auto e = about_pod(clusters("peered"));
  pending(e);
  add_event(e.home, "Pod", "hello", "FailedReflection", text("e4"));
  EXPECT_THAT(why_of(e).fix, HasSubstr("Wait")) << "Liqo has made the Quota again";
  remove(e.cloud, "Quota");
  auto w = why_of(e);
  EXPECT_EQ(w.id, "no-quota");
  EXPECT_THAT(w.cause, HasSubstr("cloud-4ea140588150"));
  EXPECT_THAT(w.fix, HasSubstr("tombolo kubectl -n liqo-system rollout restart deployment liqo-controller-manager"));
  remove(e.cloud, "ResourceSlice");
  w = why_of(e);
  EXPECT_EQ(w.id, "no-quota");
  EXPECT_THAT(w.fix, HasSubstr("tombolo peer"));
}

TEST(Why, E5NobodyServesTheSlicesClass) {
  auto e = clusters("peered");
  e.home.objects.push_back(object("errors.yaml", "ResourceSlice"));
  e.cloud.objects.push_back(object("errors.yaml", "ResourceSlice"));
  const auto w = why_of(e);
  EXPECT_EQ(w.id, "slice-class-unknown");
  EXPECT_THAT(w.cause, HasSubstr("nosuch"));
  EXPECT_THAT(w.fix, HasSubstr("delete resourceslices.authentication.liqo.io odd"));
  EXPECT_EQ(why_of(about_node(e, "odd")).id, "slice-class-unknown");
  EXPECT_TRUE(why_of(about_node(e, "cloud")).fine) << "the other slice's node works";
}

TEST(Why, TenantIsCordoned) {
  auto e = clusters("peered");
  auto& slice = the(e.home, "ResourceSlice", "cloud");
  set_condition(slice, "Resources", "Denied", "ResourceSliceResourcesDenied", "tenant cordoned");
  the(e.cloud, "Tenant", "home").at("spec").as_object()["tenantCondition"] = "Cordoned";
  const auto w = why_of(e);
  EXPECT_EQ(w.id, "tenant-cordoned");
  EXPECT_THAT(w.fix, HasSubstr("\"tenantCondition\":\"Active\""));
}

TEST(Why, E6MeshIsCut) {
  auto e = clusters("peered");
  given_up(e);
  EXPECT_EQ(why_of(e).id, "mesh-cut") << "the node is still ready for a minute";
  node_lost(e);
  the(e.home, "Pod", "hello").at_pointer("/metadata/labels").as_object()["liqo.io/remote-unavailable"] = "true";
  e.mesh_trouble = "no answer";
  const auto w = why_of(about_pod(e));
  EXPECT_EQ(w.id, "mesh-cut");
  EXPECT_THAT(w.fix, HasSubstr("tombolo doctor"));
  // From the pod to the node to the cluster to the mesh, in that order.
  const auto chain = seen(w);
  EXPECT_LT(chain.find("Pod work/hello"), chain.find("Node cloud"));
  EXPECT_LT(chain.find("Node cloud"), chain.find("ForeignCluster cloud"));
  EXPECT_LT(chain.find("ForeignCluster cloud"), chain.find("no answer"));
  EXPECT_EQ(why_of(about_node(e)).id, "mesh-cut");
}

TEST(Why, E6MeshIsCutExplainsAPodThatIsNotScheduled) {
  auto e = about_pod(clusters("peered"));
  unscheduled(e, text("e2-failed-scheduling"));
  given_up(e);
  node_lost(e);
  EXPECT_EQ(why_of(e).id, "mesh-cut");
}

TEST(Why, TheMeshAnswersAndHomeDoesNotReachTheCloud) {
  auto e = clusters("peered");
  given_up(e);
  e.mesh_trouble = "";
  EXPECT_EQ(why_of(e).id, "home-cannot-reach-cloud");
}

TEST(Why, E7CloudHangs) {
  auto e = about_node(clusters("peered"));
  given_up(e);
  node_lost(e);
  e.cloud = {};
  e.cloud.silent = "the API server did not answer in time";
  e.dials.clear();
  const auto w = why_of(e);
  EXPECT_EQ(w.id, "cloud-api-silent");
  EXPECT_THAT(w.fix, HasSubstr("tombolo unpeer --force"));
}

TEST(Why, TheCloudIsSilentForUsAloneIsNoFaultOfThePeering) {
  auto e = about_pod(clusters("peered"));
  e.cloud = {};
  e.cloud.silent = "SSH does not answer";
  e.dials.clear();
  EXPECT_TRUE(why_of(e).fine);
}

Evidence forced_apart() {
  auto e = clusters("unpeered");
  the(e.home, "ForeignCluster", "cloud") = object("errors.yaml", "ForeignCluster");
  return e;
}

TEST(Why, E7ForcedUnpeeringLeavesItsMark) {
  const auto w = why_of(forced_apart());
  EXPECT_EQ(w.id, "declared-unreachable");
  EXPECT_THAT(
      w.fix,
      AllOf(HasSubstr("annotate foreignclusters.core.liqo.io cloud liqo.io/foreign-cluster-permanently-unreachable-"),
            HasSubstr("tombolo peer")));
}

TEST(Why, E8OrphansRunInTheCloud) {
  auto e = forced_apart();
  e.cloud.objects = objects("peered-cloud.yaml");
  const auto w = why_of(e);
  EXPECT_EQ(w.id, "orphans-in-cloud");
  EXPECT_THAT(seen(w), HasSubstr("1 offloaded pods that still run and cost"));
  EXPECT_THAT(w.fix, HasSubstr("tombolo peer"));
}

TEST(Why, E9SignedNonceIsOfAnEarlierPeering) {
  auto e = clusters("unpeered");
  e.nonces_agree = true;
  EXPECT_EQ(why_of(e).id, "not-peered");
  e.nonces_agree = false;
  const auto w = why_of(e);
  EXPECT_EQ(w.id, "nonce-differs");
  EXPECT_THAT(w.fix, HasSubstr("kubectl -n liqo-tenant-cloud delete secret liqo-signed-nonce"));
}

TEST(Why, E9HomeHasNewKeys) {
  auto e = clusters("unpeered");
  auto tenant = object("peered-cloud.yaml", "Tenant");
  tenant.at("status").as_object().erase("authParams");
  e.cloud.objects.push_back(std::move(tenant));
  e.csr_agrees = false;
  EXPECT_EQ(why_of(e).id, "csr-differs") << "by the request alone";
  e.csr_agrees.reset();
  add_event(e.cloud, "Tenant", "home", "AuthParamsFailed", text("e9-csr"));
  const auto w = why_of(e);
  EXPECT_EQ(w.id, "csr-differs");
  EXPECT_THAT(w.fix, HasSubstr("tombolo kubectl -n liqo-tenant-home delete secret liqo-remote-certificate"));
}

// The slice without any condition, and what home says of the cloud: the same for both faults.
Evidence half_peered() {
  auto e = clusters("peered");
  given_up(e);
  the(e.home, "ResourceSlice", "cloud").at("status").as_object().erase("conditions");
  remove(e.cloud, "ResourceSlice");
  remove(e.home, "VirtualNode");
  remove(e.home, "Node", "cloud");
  return e;
}

TEST(Why, E10WrongAddressIsAdvertised) {
  auto e = half_peered();
  for (auto& dial : e.dials)
    dial = {dial.source, "https://10.42.0.99:6443", false, Dial::Outcome::kSilent, text("e10-address-log")};
  const auto w = why_of(e);
  EXPECT_EQ(w.id, "advertised-address-wrong");
  EXPECT_THAT(w.cause, HasSubstr("10.42.0.99"));
  EXPECT_THAT(w.fix, AllOf(HasSubstr("apiServer.address"), HasSubstr("https://10.42.0.1:6443")));
  EXPECT_EQ(why_of(about_node(e)).id, "advertised-address-wrong");
}

// liqoctl leaves the ForeignCluster when it unpeers: for 15 s the next peering finds the last one's word in it.
TEST(Why, E10WrongAddressIsAdvertisedAndHomesWordIsOld) {
  auto e = half_peered();
  set_condition(the(e.home, "ForeignCluster", "cloud"), "APIServerStatus", "Established", "APIServerReady", "");
  for (auto& dial : e.dials)
    dial = {dial.source, "https://10.42.0.99:6443", false, Dial::Outcome::kSilent, text("e10-address-log")};
  EXPECT_EQ(why_of(e).id, "advertised-address-wrong");
}

TEST(Why, E10WrongAuthorityIsAdvertised) {
  auto e = half_peered();
  for (auto& dial : e.dials) dial = {dial.source, e.cloud_server, true, Dial::Outcome::kUntrusted, text("e10-ca-log")};
  const auto w = why_of(e);
  EXPECT_EQ(w.id, "advertised-ca-wrong");
  EXPECT_THAT(w.fix, HasSubstr("apiServer.ca"));
  for (auto& dial : e.dials) dial.detail = "certificate has expired";
  EXPECT_EQ(why_of(e).id, "server-certificate-expired");
}

TEST(Why, E10CorrectedAndHomeStillHasTheOldAnswer) {
  auto e = half_peered();
  e.dials[1] = {"Identity", e.cloud_server, true, Dial::Outcome::kUntrusted, text("e10-ca-log")};
  EXPECT_EQ(why_of(e).id, "identity-stale");
  EXPECT_THAT(why_of(e).fix, HasSubstr("tombolo peer"));
}

TEST(Why, E10CorrectedAndLiqoKeepsItsOldConnection) {
  auto e = about_node(clusters("peered"));
  given_up(e, "2026-11-22T09:30:00Z");  // before the slice was accepted
  node_lost(e);
  const auto w = why_of(e);
  EXPECT_EQ(w.id, "api-checker-stale");
  EXPECT_THAT(w.fix, HasSubstr("kubectl -n liqo rollout restart deployment liqo-controller-manager"));
  remove(e.home, "ForeignCluster");
  EXPECT_EQ(why_of(e).id, "foreign-cluster-missing");
}

TEST(Why, E11NoGpuInTheCloud) {
  auto e = about_pod(clusters("peered"));
  for (auto* side : {&e.home, &e.cloud}) {
    auto& pod = the(*side, "Pod", "hello");
    pod.at("status") = {{"phase", "Pending"}, {"conditions", codec::JsonArray{}}};
    set_condition(pod, "PodScheduled", "False", "Unschedulable", text("e11"));
  }
  auto w = why_of(e);
  EXPECT_EQ(w.id, "cloud-has-no-room");
  EXPECT_THAT(w.fix, AllOf(HasSubstr("nvidia.com/gpu"), HasSubstr("workers")));
  remove(e.cloud, "Pod");
  EXPECT_EQ(why_of(e).id, "cloud-has-no-room") << "home has the cloud's message too";
}

TEST(Why, E12CloudWasReplaced) {
  auto e = clusters("peered");
  given_up(e);
  node_lost(e);
  e.cloud.objects = {};
  e.dials = {{"Identity", e.cloud_server, true, Dial::Outcome::kUntrusted, text("e12-log")}};
  for (const bool installed_there : {true, false}) {
    if (!installed_there) e.cloud.liqo.reset();
    const auto w = why_of(about_pod(e));
    EXPECT_EQ(w.id, "cloud-replaced");
    EXPECT_THAT(w.fix, AllOf(HasSubstr("tombolo unpeer --force"), HasSubstr("tombolo peer")));
    EXPECT_THAT(seen(w), HasSubstr("survives the cluster that gave it"));
  }
}

TEST(Why, TenantIsMissing) {
  auto e = clusters("peered");
  remove(e.cloud, "Tenant");
  e.dials.erase(e.dials.begin());
  const auto w = why_of(e);
  EXPECT_EQ(w.id, "tenant-missing");
  EXPECT_THAT(seen(w), HasSubstr("tenants.authentication.liqo.io \"home\" not found"));
  e.cloud.unread["Tenant"] = "forbidden";
  EXPECT_TRUE(why_of(e).fine) << "what could not be read is not absent";
}

TEST(Why, E13WebhookAtHomeHangs) {
  auto e = about_pod(clusters("peered"), "hello-7c9f");
  add_event(e.home, "ReplicaSet", "hello", "FailedCreate", text("e13-home"));
  auto w = why_of(e);
  EXPECT_EQ(w.id, "home-webhook-silent");
  EXPECT_THAT(w.fix, HasSubstr("liqo-webhook"));
  EXPECT_EQ(why_of(about_pod(e, "other")).id, "pod-not-found") << "the event is about somebody else's pod";
  remove(e.home, "Event");
  e.home.liqo->troubles = {"its webhook does not answer: context deadline exceeded"};
  EXPECT_EQ(why_of(e).id, "home-webhook-silent") << "without an event";
  e.home.liqo->troubles.clear();
  EXPECT_FALSE(why_of(e).explained);
  EXPECT_EQ(why_of(e).id, "pod-not-found");
}

TEST(Why, E13WebhookInTheCloudHangs) {
  auto e = about_pod(clusters("peered"));
  pending(e);
  add_event(e.home, "Pod", "hello", "FailedReflection", text("e13-cloud"));
  EXPECT_EQ(why_of(e).id, "cloud-webhook-silent");
  EXPECT_THAT(why_of(e).fix, HasSubstr("tombolo kubectl -n liqo-system rollout restart deployment liqo-webhook"));
}

TEST(Why, E14ApiServerSupportWithoutLiqosNetwork) {
  auto e = about_pod(clusters("peered"));
  the(e.cloud, "Pod", "hello") = object("errors.yaml", "Pod");
  const auto w = why_of(e);
  EXPECT_EQ(w.id, "apiserver-support");
  EXPECT_THAT(w.fix, HasSubstr("--enable-apiserver-support=false"));
}

TEST(Why, E15UninstallingHangs) {
  const Json job{{"kind", "Pod"},
                 {"metadata", {{"name", "liqo-pre-delete-gm8cp"}, {"namespace", "liqo"}}},
                 {"status", {{"phase", "Failed"}}}};
  auto e = clusters("peered");
  e.home.objects.push_back(job);
  auto w = why_of(e);
  EXPECT_EQ(w.id, "uninstall-while-peered");
  EXPECT_THAT(w.fix, AllOf(HasSubstr("tombolo unoffload work"), HasSubstr("tombolo unpeer")));
  e = clusters("unpeered");
  e.home.objects.push_back(job);
  w = why_of(e);
  EXPECT_EQ(w.id, "stale-foreign-cluster");
  EXPECT_THAT(w.fix, HasSubstr("kubectl delete foreignclusters.core.liqo.io cloud"));
}

TEST(Why, E16PeeredBeforeUnpeeringHadEnded) {
  auto e = clusters("peered");
  the(e.home, "Secret", "kubeconfig-controlplane-cloud").at("metadata").as_object()["deletionTimestamp"] =
      "2026-11-22T10:18:58Z";
  const auto w = why_of(e);
  EXPECT_EQ(w.id, "peered-too-soon");
  EXPECT_THAT(w.fix, AllOf(HasSubstr("tombolo unpeer"), HasSubstr("liqo-crd-replicator"),
                           HasSubstr("kubeconfig-controlplane-cloud")));
  EXPECT_THAT(seen(w), HasSubstr("crdreplicator.liqo.io/operator"));
}

}  // namespace
}  // namespace tombolo::liqo
