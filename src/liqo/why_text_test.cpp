// What users paste: the recipe's four errors, and every text that Liqo's own sources and our recordings have.
#include "liqo/why_test_support.hpp"

namespace tombolo::liqo {
namespace {

using testing::HasSubstr;

struct Pasted {
  std::string text;
  const char* id;
  const char* fix;
};

class WhyText : public testing::TestWithParam<Pasted> {};

TEST_P(WhyText, IsKnown) {
  const auto advice = advice_for_text("$ liqoctl peer\nERRO: " + GetParam().text + "\n");
  ASSERT_TRUE(advice) << GetParam().text;
  EXPECT_EQ(advice->id, GetParam().id) << GetParam().text;
  EXPECT_THAT(advice->fix, HasSubstr(GetParam().fix));
  const auto& known = known_causes();
  EXPECT_TRUE(std::any_of(known.begin(), known.end(), [&](const auto& k) { return k.id == advice->id; })) << advice->id;
}

const Pasted kRecipe[] = {
    {"Error from server (NotFound): configmaps \"configmaps\" not found", "liqo-not-installed", "--remote-namespace"},
    {"Error from server (NotFound): tenants.authentication.liqo.io \"talos-homelab\" not found", "tenant-missing",
     "tombolo peer"},
    {"admission webhook \"shadowpod.validate.liqo.io\" denied the request: failed getting quota", "no-quota",
     "tombolo peer"},
    {"1 node(s) had untolerated taint {virtual-node.liqo.io/not-allowed: true}", "namespace-not-offloaded",
     "tombolo offload"},
};
INSTANTIATE_TEST_SUITE_P(Recipe, WhyText, testing::ValuesIn(kRecipe));

const Pasted kReference[] = {
    {"an error occurred while retrieving tenant: not found", "tenant-missing", "tombolo peer"},
    {"TenantNotFound", "tenant-missing", "tombolo unpeer --force"},
    {"customresourcedefinitions \"tenants.authentication.liqo.io\" not found", "liqo-not-installed", "tombolo up"},
    {"no matches for kind \"Tenant\" in version \"authentication.liqo.io/v1beta1\"", "liqo-not-installed",
     "tombolo up"},
    {"the server could not find the requested resource", "liqo-not-installed", "tombolo up"},
    {"missing creator label", "cloud-webhook-silent", "liqo-webhook"},
    {"user is cordoned", "tenant-cordoned", "tenantCondition"},
    {"shadowpod Cluster ID label mismatch", "identity-stale", "tombolo peer"},
    {"initialization in progress", "webhook-starting", "Wait"},
    {"nvidia.com/gpu quota limit not found for this peering", "slice-too-small", "spec.resources"},
    {"peering cpu quota usage exceeded - free 0 / requested 1", "slice-too-small", "spec.resources"},
    {"node(s) had untolerated taint {node.kubernetes.io/unreachable: }", "mesh-cut", "tombolo why node"},
    {"node(s) had untolerated taint {node.kubernetes.io/not-ready: }", "mesh-cut", "tombolo why node"},
    {"node(s) had untolerated taint {node.kubernetes.io/network-unavailable: }", "network-check",
     "disableNetworkCheck"},
    {"nonce secret already exists with a different nonce: AAAA", "nonce-differs", "liqo-signed-nonce"},
    {"the stored and the provided CSR do not match", "csr-differs", "liqo-remote-certificate"},
    {"no ApiServer.Address variable provided and no master node found, one of the two values must be present",
     "no-advertised-address", "apiServer.address"},
    {"admission webhook denied the request: node cloud already exists", "node-name-taken", "another"},
    {"a resourceslice with the same name already exists in the cluster", "slice-name-taken", "resourceslices"},
    {"multiple tenant namespaces found for clusterid cloud", "tenant-namespace-twice", "liqo.io/tenant-namespace-"},
    {"a Tenant already exists in the tenant namespace", "tenant-twice", "get tenants"},
    {"Error from server (ServiceUnavailable): the server is currently unable to handle the request (get configmaps)",
     "cloud-api-silent", "tombolo unpeer --force"},
    {"no reflector found for ForeignCluster home", "harmless", "Harmless"},
};
INSTANTIATE_TEST_SUITE_P(Reference, WhyText, testing::ValuesIn(kReference));

struct Said {
  const char* key;
  const char* id;
};

TEST(WhyTextRecorded, EachIsKnown) {
  const Said all[] = {{"e1", "liqo-not-installed"},
                      {"e2-failed-scheduling", "namespace-not-offloaded"},
                      {"e2-reflection-disabled", "namespace-not-offloaded"},
                      {"e3-cpu", "slice-too-small"},
                      {"e3-gpu", "slice-too-small"},
                      {"e4", "no-quota"},
                      {"e5-liqoctl", "slice-class-unknown"},
                      {"e7-liqoctl", "cloud-api-silent"},
                      {"e9-nonce", "nonce-differs"},
                      {"e9-csr", "csr-differs"},
                      {"e9-liqoctl", "csr-differs"},
                      {"e10-liqoctl", "advertised-address-wrong"},
                      {"e10-ca-log", "advertised-ca-wrong"},
                      {"e10-panic", "api-checker-stale"},
                      {"e10-no-foreign-cluster", "foreign-cluster-missing"},
                      {"e11", "slice-too-small"},
                      {"e12-liqoctl", "liqo-not-installed"},
                      {"e12-log", "advertised-ca-wrong"},
                      {"e13-home", "home-webhook-silent"},
                      {"e13-cloud", "cloud-webhook-silent"},
                      {"e15-still-peered", "uninstall-while-peered"},
                      {"e15-blocked", "uninstall-while-peered"},
                      {"e15-stale", "stale-foreign-cluster"},
                      {"e16-log", "peered-too-soon"},
                      {"e16-renews", "peered-too-soon"}};
  for (const auto& [key, id] : all) {
    const auto advice = advice_for_text(recorded::text(key));
    ASSERT_TRUE(advice) << key;
    EXPECT_EQ(advice->id, id) << key;
  }
}

TEST(WhyTextRecorded, OthersAreNot) {
  EXPECT_FALSE(advice_for_text(""));
  EXPECT_FALSE(advice_for_text("INFO: ResourceSlice resources: Accepted"));
  EXPECT_FALSE(advice_for_text("a node, it seems, already exists"));
}

}  // namespace
}  // namespace tombolo::liqo
