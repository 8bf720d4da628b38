// For the tests of the simulated Liqo: two clusters with it, and a peering as liqoctl writes it, object by object.
#pragma once
#include <gmock/gmock.h>

#include "base/virtual_clock.hpp"
#include "kube/objects.hpp"
#include "sim/kube_clusters.hpp"
#include "sim/kube_kinds.hpp"
#include "sim/liqo_chart.hpp"
#include "sim/liqo_side.hpp"

namespace tombolo::sim {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

struct LiqoTest : ::testing::Test {
  LiqoTest() {
    kube_at(world, kHomeHost, clock.now());
    auto& store = world.kube.emplace("i-1", KubeStore("i-1", 1)).first->second;
    for (const auto* space : {"default", "kube-system"}) put(store, {kube::kNamespaces, "", space});
    put(store, {kube::kNodes, "", "cloud-1", {}, {}, {{"spec", {{"podCIDR", "10.52.0.0/24"}}}}});
    set_status(store, liqo_key(kube::kNodes, "", "cloud-1"),
               {{"addresses", JsonArray{{{"type", "InternalIP"}, {"address", "10.42.0.1"}}}}}, clock.now());
    world.cloud = "i-1";
    install(home(), "liqo", "home", "https://10.42.0.10:6443");
    install(store, "liqo-system", "cloud", "https://10.42.0.1:6443");
    pass(10s);
  }
  void install(KubeStore& store, const std::string& space, const std::string& id, const std::string& address) {
    install_liqo(store,
                 {"v1.2.0",
                  space,
                  {{"discovery", {{"config", {{"clusterID", id}, {"clusterLabels", {{"liqo.io/provider", "peers"}}}}}}},
                   {"apiServer", {{"address", address}}}}},
                 clock.now());
    store.wake_at(clock.now());
  }

  KubeStore& home() { return world.kube.at("home"); }
  KubeStore& cloud() { return world.kube.at("i-1"); }
  void pass(Duration span) {
    clock.advance(span);
    let_kube_time_pass(world, clock.now());
  }
  KubeObject put(KubeStore& store, const LiqoObject& object) {
    auto out = ensure(store, object, clock.now());
    settle_kube(world, clock.now());
    return out;
  }
  Json get(KubeStore& store, const kube::Resource& resource, const std::string& space, const std::string& name) {
    const auto found = store.find(liqo_key(resource, space, name));
    return found ? *found : Json(nullptr);
  }
  void remove(KubeStore& store, const kube::Resource& resource, const std::string& space, const std::string& name) {
    let_go(store, liqo_key(resource, space, name), clock.now());
    settle_kube(world, clock.now());
  }
  std::string event(KubeStore& store, const std::string& space, std::string_view reason) {
    for (const auto& [key, each] : store.of("", "events", space))
      if (codec::text_at(*each, "reason") == reason) return codec::text_at(*each, "message");
    return "";
  }

  // --- liqoctl's steps
  void make_tenant_namespaces() {
    put(home(), {kube::kNamespaces,
                 "",
                 "liqo-tenant-cloud",
                 {{"liqo.io/remote-cluster-id", "cloud"}, {"liqo.io/tenant-namespace", "true"}}});
    put(cloud(), {kube::kNamespaces,
                  "",
                  "liqo-tenant-home",
                  {{"liqo.io/remote-cluster-id", "home"}, {"liqo.io/tenant-namespace", "true"}}});
  }
  std::string exchange_nonce() {
    put(cloud(), {kube::kSecrets,
                  "liqo-tenant-home",
                  "liqo-nonce",
                  {{"liqo.io/nonce", "true"}, {"liqo.io/remote-cluster-id", "home"}}});
    const auto nonce = liqo::secret_text(get(cloud(), kube::kSecrets, "liqo-tenant-home", "liqo-nonce"), "nonce");
    put(home(), {kube::kSecrets,
                 "liqo-tenant-cloud",
                 "liqo-signed-nonce",
                 {{"liqo.io/signed-nonce", "true"}, {"liqo.io/remote-cluster-id", "cloud"}},
                 {},
                 {{"data", {{"nonce", liqo::encoded(nonce)}}}}});
    return nonce;
  }
  crypto::Ed25519Key home_key() {
    return *read_private_key(
        liqo::secret_text(get(home(), kube::kSecrets, "liqo", "authentication-keys"), "privateKey"));
  }
  std::string signature() {
    return liqo::secret_text(get(home(), kube::kSecrets, "liqo-tenant-cloud", "liqo-signed-nonce"), "signedNonce");
  }
  void make_tenant(const std::string& signed_nonce, const crypto::Ed25519Key& key) {
    put(cloud(), {liqo::kTenants,
                  "liqo-tenant-home",
                  "home",
                  {{"liqo.io/remote-cluster-id", "home"}},
                  {},
                  {{"spec",
                    {{"authzPolicy", "KeysExchange"},
                     {"clusterID", "home"},
                     {"tenantCondition", "Active"},
                     {"publicKey", liqo::encoded(public_key_pem(key.public_key()))},
                     {"csr", liqo::encoded(certificate_request(key, {"liqo.io", "home"}))},
                     {"signature", liqo::encoded(signed_nonce)}}}}});
  }
  void make_identity() {
    const auto tenant = get(cloud(), liqo::kTenants, "liqo-tenant-home", "home");
    const auto* params = codec::find(tenant, "status.authParams");
    put(home(), {liqo::kIdentities,
                 "liqo-tenant-cloud",
                 "controlplane-cloud",
                 {{"liqo.io/remote-cluster-id", "cloud"}},
                 {},
                 {{"spec",
                   {{"clusterID", "cloud"},
                    {"type", "ControlPlane"},
                    {"namespace", "liqo-tenant-home"},
                    {"authParams", params ? *params : Json(JsonObject())}}}}});
  }
  void make_slice(JsonObject resources = {{"cpu", "2"}, {"memory", "2Gi"}, {"pods", "20"}}) {
    put(home(),
        {liqo::kResourceSlices,
         "liqo-tenant-cloud",
         "cloud",
         {{"liqo.io/remote-cluster-id", "cloud"}, {"liqo.io/remoteID", "cloud"}, {"liqo.io/replication", "true"}},
         {{"liqo.io/create-virtual-node", "true"}},
         {{"spec", {{"class", "default"}, {"providerClusterID", "cloud"}, {"resources", std::move(resources)}}}}});
  }
  void authenticate() {
    make_tenant_namespaces();
    exchange_nonce();
    make_tenant(signature(), home_key());
    make_identity();
  }
  void peer(JsonObject resources = {{"cpu", "2"}, {"memory", "2Gi"}, {"pods", "20"}}) {
    authenticate();
    make_slice(std::move(resources));
    pass(5s);
  }
  void offload(const std::string& space) {
    put(home(), {kube::kNamespaces, "", space});
    put(home(), {liqo::kNamespaceOffloadings,
                 space,
                 "offloading",
                 {},
                 {},
                 {{"spec",
                   {{"namespaceMappingStrategy", "DefaultName"},
                    {"podOffloadingStrategy", "LocalAndRemote"},
                    {"clusterSelector", {{"nodeSelectorTerms", JsonArray()}}}}}}});
  }
  void run_pod(const std::string& space, const std::string& name, JsonObject limits = {}) {
    const Json tolerates{{"key", "virtual-node.liqo.io/not-allowed"}, {"operator", "Exists"}, {"effect", "NoExecute"}};
    put(home(),
        {kube::kPods,
         space,
         name,
         {{"app", name}},
         {},
         {{"spec",
           {{"nodeSelector", {{"liqo.io/type", "virtual-node"}}},
            {"tolerations", JsonArray{tolerates}},
            {"containers", JsonArray{{{"name", "main"},
                                      {"image", "busybox:1"},
                                      {"command", JsonArray{Json("/bin/sh"), Json("-c"), Json("echo hi && hostname")}},
                                      {"resources", {{"limits", std::move(limits)}}}}}}}}}});
    pass(5s);
  }
  std::string node_ready() {
    const auto node = get(home(), kube::kNodes, "", "cloud");
    const auto* list = codec::find(node, "status.conditions");
    if (list)
      for (const auto& c : list->as_array())
        if (codec::text_at(c, "type") == "Ready") return codec::text_at(c, "status");
    return "";
  }

  VirtualClock clock{*parse_time("2026-11-26T01:00:00Z")};
  World world{clock, Options{}};
};

}  // namespace tombolo::sim
