// Causes that no recording has, and the page that lists them all.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "liqo/why_test_support.hpp"

namespace tombolo::liqo {
namespace {

using namespace recorded;  // NOLINT: the words of these tests
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

struct State {
  const char* id;
  void (*change)(Evidence&);
  const char* fix;
};

class WhyState : public testing::TestWithParam<State> {};

TEST_P(WhyState, IsNamed) {
  auto e = clusters("peered");
  GetParam().change(e);
  const auto w = why_of(e);
  EXPECT_EQ(w.id, GetParam().id) << seen(w);
  EXPECT_THAT(w.fix, HasSubstr(GetParam().fix));
}

void ask_pod(Evidence& e) { e = about_pod(std::move(e)); }

void waiting(Evidence& e, std::string_view reason) {
  ask_pod(e);
  auto& pod = the(e.cloud, "Pod", "hello");
  pod.at("status") = {
      {"phase", "Pending"},
      {"containerStatuses",
       codec::JsonArray{{{"name", "main"}, {"state", {{"waiting", {{"reason", reason}, {"message", "so it says"}}}}}}}},
      {"conditions", codec::JsonArray{}}};
  the(e.home, "Pod", "hello").at("status") = pod.at("status");
}

const State kStates[] = {
    {"home-api-silent", [](Evidence& e) { e.home.silent = "refused"; }, "home.kubeconfig"},
    {"liqo-not-installed", [](Evidence& e) { e.home.liqo.reset(); }, "tombolo up"},
    {"identity-expired", [](Evidence& e) { e.identity_ends["controlplane-cloud"] = e.now - std::chrono::hours(1); },
     "liqo-remote-certificate"},
    {"liqo-not-ready",
     [](Evidence& e) { e.cloud.liqo->troubles = {"Deployment liqo-controller-manager: 0 of 1 pods are ready"}; },
     "tombolo kubectl -n liqo-system get pods"},
    {"version-skew", [](Evidence& e) { e.cloud.liqo->version = "v0.10.3"; }, "liqo.version"},
    {"no-slice", [](Evidence& e) { remove(e.home, "ResourceSlice"); }, "tombolo peer"},
    {"slice-not-copied",
     [](Evidence& e) {
       the(e.home, "ResourceSlice", "cloud").at("status").as_object().erase("conditions");
       remove(e.cloud, "ResourceSlice");
     },
     "liqo-crd-replicator"},
    {"slice-refused",
     [](Evidence& e) {
       the(e.home, "ResourceSlice", "cloud").at("status").as_object().erase("conditions");
       add_event(e.cloud, "ResourceSlice", "cloud", "RemoteCertificateFailed", "the certificate is not to be had");
     },
     "tombolo peer"},
    {"virtual-node-missing", [](Evidence& e) { remove(e.home, "VirtualNode"); }, "tombolo peer"},
    {"no-virtual-node-wanted",
     [](Evidence& e) {
       remove(e.home, "VirtualNode");
       the(e.home, "ResourceSlice", "cloud").at("metadata").as_object().erase("annotations");
     },
     "liqo.io/create-virtual-node=true"},
    {"node-name-taken",
     [](Evidence& e) {
       remove(e.home, "VirtualNode");
       the(e.home, "Node", "cloud").at("metadata").as_object().erase("labels");
     },
     "another"},
    {"virtual-kubelet-down",
     [](Evidence& e) {
       node_lost(e);
       std::erase_if(e.home.objects, [](const Json& o) { return kube::name_of(o).starts_with("vk-"); });
     },
     "vk-cloud"},
    {"node-missing", [](Evidence& e) { remove(e.home, "Node", "cloud"); }, "logs deployment/vk-cloud"},
    {"node-cordoned", [](Evidence& e) { the(e.home, "Node", "cloud").at("spec").as_object()["unschedulable"] = true; },
     "kubectl uncordon cloud"},
    {"slice-empty",
     [](Evidence& e) {
       node_lost(e);
       the(e.home, "Node", "cloud").at_pointer("/status/allocatable").as_object()["cpu"] = "0";
     },
     "tombolo peer"},
    {"network-check",
     [](Evidence& e) {
       node_lost(e);
       set_condition(the(e.home, "Node", "cloud"), "NetworkUnavailable", "True", "", "");
     },
     "disableNetworkCheck"},
    {"plain-node-not-ready",
     [](Evidence& e) {
       set_condition(the(e.home, "Node", "home-1"), "Ready", "False", "KubeletNotReady", "no network");
       e = about_node(std::move(e), "home-1");
     },
     "kubectl describe node home-1"},
    {"not-explained", [](Evidence& e) { e = about_node(std::move(e), "nosuch"); }, "kubectl get nodes"},
    {"image-not-pulled", [](Evidence& e) { waiting(e, "ImagePullBackOff"); }, "registry"},
    {"image-not-pulled",
     [](Evidence& e) {
       waiting(e, "ErrImagePull");
       add_event(e.home, "Pod", "hello", "FailedReflection", text("e4"));  // old: the ShadowPod is there by now
     },
     "registry"},
    {"container-crashes", [](Evidence& e) { waiting(e, "CrashLoopBackOff"); }, "--previous"},
    {"container-not-made", [](Evidence& e) { waiting(e, "CreateContainerConfigError"); }, "ConfigMap"},
    {"selector-excludes-node",
     [](Evidence& e) {
       ask_pod(e);
       recorded::unscheduled(e, "0/2 nodes are available").at_pointer("/spec/nodeSelector").as_object()["disk"] = "ssd";
     },
     "disk"},
    {"virtual-node-tainted",
     [](Evidence& e) {
       ask_pod(e);
       recorded::unscheduled(e, "0/2 nodes are available");
       the(e.home, "Node", "cloud")
           .at_pointer("/spec/taints")
           .as_array()
           .push_back({{"key", "gpu-only"}, {"effect", "NoSchedule"}});
     },
     "gpu-only"},
    {"offloading-under-way",
     [](Evidence& e) {
       ask_pod(e);
       set_tolerations(recorded::unscheduled(e, "0/2 nodes are available"), {});
       the(e.home, "Namespace", "work").at_pointer("/metadata/labels").as_object().erase(kSchedulingEnabled);
     },
     "tombolo offload work"},
    {"reflection-refused",
     [](Evidence& e) {
       ask_pod(e);
       pending(e);
       add_event(e.home, "Pod", "hello", "FailedReflection", "something nobody has ever seen");
     },
     "Mend"},
    {"slice-too-small",
     [](Evidence& e) {
       ask_pod(e);
       pending(e);
       add_event(e.home, "Pod", "hello", "FailedReflection",
                 "denied the request: nvidia.com/gpu quota limit not found for this peering");
     },
     "spec.resources"},
    {"identity-without-secret", [](Evidence& e) { remove(e.home, "Secret", "kubeconfig-controlplane-cloud"); },
     "rollout restart"},
    {"cloud-not-selected",
     [](Evidence& e) {
       ask_pod(e);
       pending(e).at("status").as_object()["reason"] = "OffloadingBackOff";
       the(e.home, "NamespaceOffloading", "offloading").at("status").as_object()["offloadingPhase"] =
           "NoClusterSelected";
     },
     "tombolo offload work"},
    {"remote-namespace-taken",
     [](Evidence& e) {
       ask_pod(e);
       pending(e);
       the(e.home, "NamespaceMap", "cloud").at_pointer("/status/currentMapping/work").as_object()["phase"] =
           "CreationLoopBackOff";
     },
     "delete namespace work-home"},
    {"cloud-cannot-schedule",
     [](Evidence& e) {
       ask_pod(e);
       for (auto* side : {&e.home, &e.cloud}) {
         auto& pod = the(*side, "Pod", "hello");
         pod.at("status") = {{"phase", "Pending"}, {"conditions", codec::JsonArray{}}};
         set_condition(pod, "PodScheduled", "False", "Unschedulable", "1 node(s) had untolerated taint(s).");
       }
     },
     "tombolo kubectl describe nodes"},
    {"no-advertised-address",
     [](Evidence& e) {
       the(e.cloud, "Tenant", "home").at("status").as_object().erase("authParams");
       add_event(
           e.cloud, "Tenant", "home", "AuthParamsFailed",
           "no ApiServer.Address variable provided and no master node found, one of the two values must be present");
     },
     "apiServer.address"},
    {"home-scheduling",
     [](Evidence& e) {
       ask_pod(e);
       auto& pod = recorded::unscheduled(e, "0/2 nodes are available: 1 Insufficient cpu");
       pod.at("spec").as_object()["nodeSelector"] = {{"kubernetes.io/hostname", "home-1"}};
     },
     "make room at home"},
    {"cloud-api-silent",
     [](Evidence& e) {
       e = clusters("unpeered");
       e.cloud.silent = "no answer";
     },
     "tombolo doctor"},
    {"tenant-refused",
     [](Evidence& e) {
       the(e.cloud, "Tenant", "home").at("status").as_object().erase("authParams");
       add_event(e.cloud, "Tenant", "home", "AuthParamsFailed", "the signature is not home's");
     },
     "tombolo peer"},
};

INSTANTIATE_TEST_SUITE_P(Why, WhyState, testing::ValuesIn(kStates), [](const auto& each) {
  std::string name = each.param.id + std::to_string(each.index);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(Why, E6MeshIsBackAndTheNodeLags) {
  auto e = about_node(clusters("peered"));
  node_lost(e);
  EXPECT_EQ(why_of(e).id, "node-coming-back");
}

// As it really is: what was accepted stays accepted, and only new pods are refused.
TEST(Why, TenantIsCordonedUnderAnAcceptedSlice) {
  auto e = clusters("peered");
  the(e.cloud, "Tenant", "home").at("spec").as_object()["tenantCondition"] = "Cordoned";
  the(e.cloud, "Quota", "cloud-4ea140588150").at("spec").as_object()["cordoned"] = true;
  EXPECT_EQ(why_of(e).id, "tenant-cordoned");
  EXPECT_EQ(why_of(about_node(e)).id, "tenant-cordoned");
  EXPECT_TRUE(why_of(about_pod(e)).fine) << "it runs";
  auto pod = about_pod(e);
  pending(pod);
  add_event(pod.home, "Pod", "hello", "FailedReflection",
            "admission webhook \"shadowpod.validate.liqo.io\" denied the request: user is cordoned");
  EXPECT_THAT(why_of(pod).fix, HasSubstr("patch tenants.authentication.liqo.io home"));
}

TEST(Why, SliceIsCordoned) {
  auto e = clusters("peered");
  the(e.cloud, "Quota", "cloud-4ea140588150").at("spec").as_object()["cordoned"] = true;
  const auto w = why_of(e);
  EXPECT_EQ(w.id, "tenant-cordoned");
  EXPECT_THAT(w.fix, HasSubstr("annotate resourceslices.authentication.liqo.io cloud liqo.io/cordon-"));
}

TEST(Why, WhoRefusesADialHasAnswered) {
  auto e = clusters("peered");
  given_up(e);
  for (auto& dial : e.dials) dial.detail = "dialling: Unauthorized";
  EXPECT_THAT(seen(why_of(e)), AllOf(HasSubstr("https://10.42.0.1:6443 answers"), Not(HasSubstr("Unauthorized"))));
}

// TOMBOLO_REWRITE_GOLDEN=1 writes the page instead; review its diff.
TEST(WhyPage, ListsThemAll) {
  std::string page =
      "# What `tombolo why` explains\n\nMade from the program's own table (src/liqo/why_known.cpp). The id is stable: "
      "scripts may "
      "go by it (`-o json`).\n\n| id | what one sees | cause | what helps |\n| --- | --- | --- | --- |\n";
  for (const auto& k : known_causes())
    page += "| `" + std::string(k.id) + "` | " + std::string(k.sees) + " | " + std::string(k.cause) + " | " +
            std::string(k.fix) + " |\n";
  const std::string path = TOMBOLO_SOURCE_DIR "/docs/why.md";
  if (std::getenv("TOMBOLO_REWRITE_GOLDEN")) std::ofstream(path) << page;
  std::stringstream written;
  written << std::ifstream(path).rdbuf();
  EXPECT_EQ(written.str(), page);
}

}  // namespace
}  // namespace tombolo::liqo
