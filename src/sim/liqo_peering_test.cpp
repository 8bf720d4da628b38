// Peering, from the first nonce to a pod in the other cluster and back to nothing, against what two real clusters did.
#include "base/files.hpp"
#include "kube/yaml_json.hpp"
#include "sim/liqo_test_support.hpp"
#include "sim/liqo_webhooks.hpp"

namespace tombolo::sim {
namespace {

using testing::HasSubstr;

TEST_F(LiqoTest, KeysAndRequestsAreWhatTheOtherSideChecks) {
  const auto key = crypto::Ed25519Key::generate();
  const auto csr = certificate_request(key, {"liqo.io", "home"});
  const auto read = read_certificate_request(csr);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->subject, (LiqoSubject{"liqo.io", "home"}));
  EXPECT_EQ(read->key, key.public_key());
  EXPECT_EQ(read_public_key(public_key_pem(key.public_key())), key.public_key());
  auto broken = csr;
  broken[60] = broken[60] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(read_certificate_request(broken));
  EXPECT_FALSE(read_certificate_request(csr + csr));
}

TEST_F(LiqoTest, APeeringEndsInAReadyVirtualNode) {
  peer();
  const auto slice = get(home(), liqo::kResourceSlices, "liqo-tenant-cloud", "cloud");
  EXPECT_EQ(codec::text_at(slice, "status.conditions.0.status"), "Accepted");
  EXPECT_EQ(codec::text_at(slice, "status.conditions.1.status"), "Accepted");
  EXPECT_EQ(codec::text_at(slice, "spec.consumerClusterID"), "home");
  EXPECT_FALSE(get(cloud(), liqo::kQuotas, "liqo-tenant-home", "cloud-4ea140588150").is_null());
  const auto node = get(home(), kube::kNodes, "", "cloud");
  EXPECT_EQ(node_ready(), "True") << codec::to_text(node);
  EXPECT_EQ(kube::label_of(node, "liqo.io/type"), "virtual-node");
  EXPECT_EQ(kube::label_of(node, "liqo.io/provider"), "peers");
  EXPECT_EQ(codec::text_at(node, "spec.taints.0.key"), "virtual-node.liqo.io/not-allowed");
  const auto known = get(home(), liqo::kForeignClusters, "", "cloud");
  EXPECT_EQ(codec::text_at(known, "status.role"), "Provider");
  EXPECT_EQ(codec::text_at(known, "status.conditions.0.status"), "Established");
  EXPECT_EQ(codec::text_at(get(cloud(), liqo::kForeignClusters, "", "home"), "status.role"), "Consumer");
}

// Labels, finalizers, and the keys of spec and status, one level deep.
std::vector<std::string> shape(const Json& object) {
  std::vector<std::string> out;
  const auto keys = [&](std::string_view path) {
    const auto* part = codec::find(object, path);
    if (part && part->is_object())
      for (const auto& [key, value] : part->get_object())
        out.push_back(std::string(path) + "/" + std::string(key) +
                      (path == "metadata.labels" && value.is_string()
                           ? "=" + std::string(std::string_view(value.get_string()))
                           : ""));
  };
  for (const auto* path : {"metadata.labels", "spec", "status"}) keys(path);
  for (const auto& each : kube::finalizers_of(object)) out.push_back("finalizer " + each);
  return out;
}

TEST_F(LiqoTest, ItsObjectsHaveTheShapeOfTheRecordedOnes) {
  peer();
  offload("work");
  run_pod("work", "hello");
  const auto compare = [&](KubeStore& store, const std::string& side, const kube::Resource& resource) {
    const auto path =
        fmt::format("{}/tests/data/liqo/{}/{}.{}.yaml", TOMBOLO_SOURCE_DIR, side, resource.plural, resource.group);
    const auto text = read_file(path);
    ASSERT_TRUE(text) << path;
    const auto recorded = read_values(*text);
    for (const auto& item : codec::find(recorded, "items")->as_array()) {
      const auto ours = get(store, resource, kube::namespace_of(item), kube::name_of(item));
      ASSERT_FALSE(ours.is_null()) << side << " has no " << resource.kind << " " << kube::name_of(item);
      const auto have = shape(ours);
      for (const auto& part : shape(item))
        if (part.find("offloadingPatch") == std::string::npos) {
          EXPECT_THAT(have, testing::Contains(part)) << side << " " << resource.kind;
        }
    }
  };
  for (const auto& resource : {liqo::kIdentities, liqo::kRenews, liqo::kForeignClusters, liqo::kResourceSlices,
                               liqo::kVirtualNodes, liqo::kNamespaceMaps, liqo::kNamespaceOffloadings})
    compare(home(), "home", resource);
  for (const auto& resource : {liqo::kTenants, liqo::kRenews, liqo::kForeignClusters, liqo::kResourceSlices,
                               liqo::kQuotas, liqo::kNamespaceMaps, liqo::kShadowPods})
    compare(cloud(), "cloud", resource);
}

TEST_F(LiqoTest, APodOfAnOffloadedNamespaceRunsOverThereAndIsSeenHere) {
  peer();
  offload("work");
  EXPECT_EQ(codec::text_at(get(home(), liqo::kNamespaceOffloadings, "work", "offloading"), "status.offloadingPhase"),
            "Ready");
  EXPECT_EQ(kube::label_of(get(home(), kube::kNamespaces, "", "work"), "liqo.io/scheduling-enabled"), "true");
  run_pod("work", "hello");
  const auto here = get(home(), kube::kPods, "work", "hello"), there = get(cloud(), kube::kPods, "work-home", "hello");
  EXPECT_EQ(codec::text_at(here, "spec.nodeName"), "cloud");
  EXPECT_EQ(codec::text_at(here, "status.phase"), "Running") << codec::to_text(here);
  EXPECT_EQ(codec::text_at(there, "spec.nodeName"), "cloud-1");
  EXPECT_EQ(kube::label_of(there, "liqo.io/managed-by"), "shadowpod");
  remove(home(), kube::kPods, "work", "hello");
  pass(5s);
  EXPECT_TRUE(get(home(), kube::kPods, "work", "hello").is_null());
  EXPECT_TRUE(get(cloud(), kube::kPods, "work-home", "hello").is_null());
}

TEST_F(LiqoTest, APodOfAPlainNamespaceIsHeldBack) {
  peer();
  put(home(), {kube::kNamespaces, "", "plain"});
  run_pod("plain", "lost");
  const auto pod = get(home(), kube::kPods, "plain", "lost");
  EXPECT_EQ(codec::text_at(pod, "status.reason"), "OffloadingBackOff");
  EXPECT_THAT(event(home(), "plain", "ReflectionDisabled"), HasSubstr("disabled for namespace \"plain\""));
}

TEST_F(LiqoTest, ADeviceThatTheProviderHasNotIsSaidInItsWords) {
  peer({{"cpu", "2"}, {"nvidia.com/gpu", "1"}});
  offload("work");
  run_pod("work", "wants-gpu", {{"nvidia.com/gpu", "1"}});
  const auto pod = get(home(), kube::kPods, "work", "wants-gpu");
  EXPECT_EQ(codec::text_at(pod, "spec.nodeName"), "cloud");
  EXPECT_EQ(codec::text_at(pod, "status.phase"), "Pending");
  const auto why = kube::condition_of(pod, "PodScheduled");
  ASSERT_TRUE(why);
  EXPECT_EQ(why->reason, "Unschedulable");
  EXPECT_THAT(why->message, HasSubstr("1 Insufficient nvidia.com/gpu"));
}

TEST_F(LiqoTest, AWrongSignatureIsRefusedByAnEvent) {
  make_tenant_namespaces();
  exchange_nonce();
  make_tenant(std::string(64, 'x'), home_key());
  EXPECT_EQ(codec::find(get(cloud(), liqo::kTenants, "liqo-tenant-home", "home"), "status.authParams"), nullptr);
  EXPECT_NE(event(cloud(), "liqo-tenant-home", "SignatureVerificationFailed"), "");
}

TEST_F(LiqoTest, AnotherRequestThanTheStoredOneIsRefused) {
  authenticate();
  remove(cloud(), liqo::kTenants, "liqo-tenant-home", "home");
  const auto other = crypto::Ed25519Key::generate();
  const auto nonce = liqo::secret_text(get(cloud(), kube::kSecrets, "liqo-tenant-home", "liqo-nonce"), "nonce");
  const auto sign = other.sign(as_bytes(nonce));
  make_tenant(std::string(as_text(ByteView(sign))), other);
  EXPECT_EQ(event(cloud(), "liqo-tenant-home", "AuthParamsFailed"), "the stored and the provided CSR do not match");
}

TEST_F(LiqoTest, AnOffloadingOfAnotherNameIsRefused) {
  put(home(), {kube::kNamespaces, "", "work"});
  Json object{{"spec", {{"namespaceMappingStrategy", "DefaultName"}}}};
  KubeKind kind{"offloading.liqo.io", {"v1beta1"}, "namespaceoffloadings", "NamespaceOffloading"};
  EXPECT_TRUE(ask_liqo_webhooks(home(), kind, "work", "offloading", object, Json(nullptr)));
  const auto refused = ask_liqo_webhooks(home(), kind, "work", "mine", object, Json(nullptr));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("admission webhook \"nsoff.validate.liqo.io\" denied the request"));
}

// In the order that a client must keep (e16): the Tenant last, when Renew and Secret are gone.
TEST_F(LiqoTest, UnpeeringInOrderLeavesNothingThatHoldsOn) {
  peer();
  offload("work");
  run_pod("work", "hello");
  remove(home(), liqo::kResourceSlices, "liqo-tenant-cloud", "cloud");
  pass(20s);
  EXPECT_TRUE(get(home(), kube::kNodes, "", "cloud").is_null());
  EXPECT_TRUE(get(home(), liqo::kVirtualNodes, "liqo-tenant-cloud", "cloud").is_null());
  EXPECT_TRUE(get(cloud(), kube::kNamespaces, "", "work-home").is_null());
  EXPECT_EQ(codec::text_at(get(home(), liqo::kNamespaceOffloadings, "work", "offloading"), "status.offloadingPhase"),
            "NoClusterSelected");
  remove(home(), liqo::kIdentities, "liqo-tenant-cloud", "controlplane-cloud");
  EXPECT_FALSE(get(home(), kube::kSecrets, "liqo-tenant-cloud", "kubeconfig-controlplane-cloud").is_null());
  pass(6s);
  EXPECT_TRUE(get(home(), kube::kSecrets, "liqo-tenant-cloud", "kubeconfig-controlplane-cloud").is_null());
  EXPECT_TRUE(get(home(), liqo::kRenews, "liqo-tenant-cloud", "controlplane-cloud").is_null());
  remove(cloud(), liqo::kTenants, "liqo-tenant-home", "home");
  EXPECT_TRUE(get(cloud(), liqo::kTenants, "liqo-tenant-home", "home").is_null());
  EXPECT_EQ(codec::text_at(get(cloud(), liqo::kForeignClusters, "", "home"), "status.role"), "Unknown");
  EXPECT_EQ(codec::text_at(get(home(), liqo::kForeignClusters, "", "cloud"), "status.role"),
            "Provider");  // stale, as observed
  peer();
  EXPECT_EQ(node_ready(), "True");
}

TEST_F(LiqoTest, ATenantThatGoesFirstLeavesADeadlock) {
  peer();
  remove(cloud(), liqo::kTenants, "liqo-tenant-home", "home");
  remove(home(), liqo::kResourceSlices, "liqo-tenant-cloud", "cloud");
  remove(home(), liqo::kIdentities, "liqo-tenant-cloud", "controlplane-cloud");
  pass(10min);
  EXPECT_FALSE(get(home(), liqo::kRenews, "liqo-tenant-cloud", "controlplane-cloud").is_null());
  EXPECT_FALSE(get(home(), kube::kSecrets, "liqo-tenant-cloud", "kubeconfig-controlplane-cloud").is_null());
}

TEST_F(LiqoTest, AProviderThatIsGoneIsSeenLateAndCanBeGivenUp) {
  peer();
  offload("work");
  run_pod("work", "hello");
  world.mesh_cut = true;
  home().wake_at(clock.now());
  pass(10s);
  const auto api = [&] {
    return codec::text_at(get(home(), liqo::kForeignClusters, "", "cloud"), "status.conditions.0.status");
  };
  EXPECT_EQ(api(), "Established");
  pass(15s);
  EXPECT_EQ(api(), "Error");
  EXPECT_EQ(node_ready(), "True");
  pass(60s);
  EXPECT_EQ(node_ready(), "Unknown");
  EXPECT_EQ(codec::text_at(get(home(), kube::kPods, "work", "hello"), "status.phase"), "Running");
  put(home(), {liqo::kForeignClusters, "", "cloud", {}, {{"liqo.io/foreign-cluster-permanently-unreachable", "true"}}});
  remove(home(), kube::kNamespaces, "", "liqo-tenant-cloud");
  pass(40s);
  EXPECT_TRUE(get(home(), kube::kNamespaces, "", "liqo-tenant-cloud").is_null())
      << codec::to_text(get(home(), kube::kNamespaces, "", "liqo-tenant-cloud"));
  EXPECT_TRUE(get(home(), kube::kNodes, "", "cloud").is_null());
  EXPECT_TRUE(get(home(), kube::kPods, "work", "hello").is_null());
}

}  // namespace
}  // namespace tombolo::sim
