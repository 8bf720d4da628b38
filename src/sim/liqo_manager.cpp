// liqo-controller-manager on the side that consumes: keys, signed nonces, identities, slices, virtual nodes, and what it knows
// of other clusters. Source: Liqo 1.2.0; tests/data/liqo shows the objects as a real one makes them.
#include <fmt/format.h>

#include <algorithm>

#include "codec/base64.hpp"
#include "crypto/hash.hpp"
#include "kube/objects.hpp"
#include "sim/liqo_side.hpp"

namespace tombolo::sim {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

constexpr std::string_view kOperator = "crdreplicator.liqo.io/operator";

JsonObject about(const std::string& peer) { return {{liqo::kRemoteClusterId, peer}, {"liqo.io/managed", "true"}}; }

void make_keys(const LiqoSide& side) {
  if (keys_of(side)) return;
  const auto seed = crypto::sha256("liqo keys/" + side.store().new_uid());
  const auto key = *crypto::Ed25519Key::from_seed(ByteView(seed));
  ensure(side.store(),
         {kube::kSecrets,
          side.name_space,
          std::string(liqo::kKeysSecret),
          {},
          {},
          {{"type", "Opaque"},
           {"data",
            {{"privateKey", liqo::encoded(private_key_pem(key))},
             {"publicKey", liqo::encoded(public_key_pem(key.public_key()))}}}}},
         side.now());
}

void sign_nonces(const LiqoSide& side, const std::string& space) {
  const auto keys = keys_of(side);
  for (const auto& [key, secret] : side.store().of("", "secrets", space)) {
    const auto nonce = liqo::secret_text(*secret, "nonce");
    if (kube::label_of(*secret, liqo::kSignedNonceLabel) != "true" || nonce.empty() || !keys) continue;
    const auto signature = keys->sign(as_bytes(nonce));  // of the text, not of what it stands for
    ensure(side.store(),
           {kube::kSecrets,
            space,
            key.name,
            {},
            {},
            {{"data",
              {{"nonce", liqo::encoded(nonce)}, {"signedNonce", Json(codec::encode_base64(ByteView(signature)))}}}}},
           side.now());
  }
}

std::string kubeconfig_text(const LiqoSide& side, const Json& identity, const crypto::Ed25519Key& key) {
  const auto user = kube::name_of(identity), peer = codec::text_at(identity, "spec.clusterID");
  const auto space = codec::text_at(identity, "spec.namespace");
  const bool whole = codec::text_at(identity, "spec.type") == "ControlPlane";
  (void)side;
  return fmt::format(
      "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {}\n    server: {}\n  name: {}\n"
      "contexts:\n- context:\n    cluster: {}\n{}    user: {}\n  name: default-context\n"
      "current-context: default-context\nkind: Config\nusers:\n- name: {}\n  user:\n    client-certificate-data: {}\n"
      "    client-key-data: {}\n",
      codec::text_at(identity, "spec.authParams.ca"), codec::text_at(identity, "spec.authParams.apiServer"), peer, peer,
      whole ? "    namespace: " + space + "\n" : "", user, user, codec::text_at(identity, "spec.authParams.signedCRT"),
      codec::encode_base64(as_bytes(private_key_pem(key))));
}

// An Identity's kubeconfig, and the Renew that goes to the other side.
void serve_identity(const LiqoSide& side, const KubeKey& key, const KubeObject& identity) {
  const auto keys = keys_of(side);
  const auto peer = codec::text_at(*identity, "spec.clusterID"), type = codec::text_at(*identity, "spec.type");
  if (!keys || kube::is_being_deleted(*identity) || codec::text_at(*identity, "spec.authParams.signedCRT").empty())
    return;
  const auto name = liqo::kubeconfig_secret(key.name);
  auto labels = about(peer);
  labels["liqo.io/identity-type"] = type;
  JsonObject notes;
  if (type == "ControlPlane") notes["liqo.io/remote-tenant-namespace"] = codec::text_at(*identity, "spec.namespace");
  ensure(side.store(),
         {kube::kSecrets,
          key.name_space,
          name,
          labels,
          notes,
          {{"type", "Opaque"}, {"data", {{"kubeconfig", liqo::encoded(kubeconfig_text(side, *identity, *keys))}}}},
          identity},
         side.now());
  set_status(side.store(), key, {{"kubeconfigSecretRef", {{"name", name}}}}, side.now());
  if (type != "ControlPlane") return;
  ensure(side.store(),
         {liqo::kRenews,
          key.name_space,
          key.name,
          {{liqo::kRemoteClusterId, peer}, {liqo::kRemoteId, peer}, {liqo::kReplication, "true"}},
          {},
          {{"spec", {{"consumerClusterID", side.id}, {"identityType", type}}}},
          identity},
         side.now());
}

bool is_local(const Json& object) { return kube::label_of(object, liqo::kReplication) == "true"; }

std::string condition_status(const Json& object, std::string_view type) {
  const auto* list = codec::find(object, "status.conditions");
  if (list && list->is_array())
    for (const auto& c : list->get_array())
      if (codec::text_at(c, "type") == type) return codec::text_at(c, "status");
  return "";
}

void complete_slice(const LiqoSide& side, const KubeKey& key, const Json& slice) {
  const auto keys = keys_of(side);
  const auto* spec = codec::find(slice, "spec");
  if (!keys || !spec || kube::is_being_deleted(slice)) return;
  auto wanted = spec->as_object();
  if (!wanted.contains("consumerClusterID")) wanted["consumerClusterID"] = side.id;
  if (!wanted.contains("providerClusterID")) wanted["providerClusterID"] = kube::label_of(slice, liqo::kRemoteId);
  if (!wanted.contains("csr"))
    wanted["csr"] = liqo::encoded(certificate_request(*keys, {side.id, liqo::slice_user(key.name, side.id)}));
  ensure(side.store(), {liqo::kResourceSlices, key.name_space, key.name, {}, {}, {{"spec", wanted}}}, side.now());
}

// The slice's own identity, once the other side has signed for it.
void identify_slice(const LiqoSide& side, const KubeKey& key, const KubeObject& slice) {
  const auto peer = kube::label_of(*slice, liqo::kRemoteClusterId);
  const auto* params = codec::find(*slice, "status.authParams");
  if (condition_status(*slice, "Authentication") != "Accepted" || !params) return;
  auto labels = about(peer);
  labels["liqo.io/resourceslice-name"] = key.name;
  ensure(side.store(),
         {liqo::kIdentities,
          key.name_space,
          liqo::slice_identity(key.name),
          labels,
          {},
          {{"spec", {{"authParams", *params}, {"clusterID", peer}, {"type", "ResourceSlice"}}}},
          slice},
         side.now());
}

JsonArray virtual_kubelet_arguments(const LiqoSide& side, const KubeKey& key, const std::string& peer) {
  return {"--foreign-cluster-id=" + peer,
          "--nodename=" + key.name,
          "--node-ip=$(POD_IP)",
          "--tenant-namespace=" + key.name_space,
          "--liqo-namespace=" + side.name_space,
          "--home-cluster-id=" + side.id,
          "--foreign-kubeconfig-secret-name=" + liqo::kubeconfig_secret(liqo::slice_identity(key.name)),
          "--create-node=true"};
}

Json kubelet_template(const LiqoSide& side, const KubeKey& key, const std::string& peer) {
  const Json labels{{liqo::kRemoteClusterId, peer},
                    {"liqo.io/virtual-node", key.name},
                    {"offloading.liqo.io/component", "virtual-kubelet"}};
  const auto options =
      side.store().find({"offloading.liqo.io", "vkoptionstemplates", side.name_space, "virtual-kubelet-default"});
  const auto image = options ? codec::text_at(*options, "spec.containerImage") : "";
  return {{"metadata", {{"labels", labels}, {"name", liqo::virtual_kubelet(key.name)}, {"namespace", key.name_space}}},
          {"spec",
           {{"replicas", 1},
            {"selector", {{"matchLabels", labels}}},
            {"template",
             {{"metadata", {{"labels", labels}}},
              {"spec",
               {{"containers", JsonArray{{{"name", "virtual-kubelet"},
                                          {"image", image},
                                          {"args", virtual_kubelet_arguments(side, key, peer)}}}},
                {"serviceAccountName", key.name}}}}}}}};
}

void wish_for_node(const LiqoSide& side, const KubeKey& key, const KubeObject& slice) {
  const auto wish = kube::annotation_of(*slice, liqo::kCreateVirtualNode);
  const auto peer = kube::label_of(*slice, liqo::kRemoteClusterId);
  const auto identity = side.store().find(liqo_key(liqo::kIdentities, key.name_space, liqo::slice_identity(key.name)));
  const auto secret = identity ? codec::text_at(*identity, "status.kubeconfigSecretRef.name") : "";
  if (wish.empty() || wish == "false" || secret.empty() || condition_status(*slice, "Resources") != "Accepted" ||
      condition_status(*slice, "Authentication") != "Accepted")
    return;
  const auto there = side.store().find(liqo_key(liqo::kVirtualNodes, key.name_space, key.name));
  // The webhook refuses a virtual node whose name another node has.
  if (!there && side.store().find(liqo_key(kube::kNodes, "", key.name))) return;
  JsonObject node_labels{{liqo::kRemoteClusterId, peer}};
  if (const auto* more = codec::find(*slice, "status.nodeLabels"); more && more->is_object())
    for (const auto& [name, value] : more->get_object()) node_labels[name] = value;
  const auto* resources = codec::find(*slice, "status.resources");
  auto labels = about(peer);
  labels["liqo.io/resourceslice-name"] = key.name;
  ensure(side.store(),
         {liqo::kVirtualNodes,
          key.name_space,
          key.name,
          labels,
          {},
          {{"spec",
            {{"clusterID", peer},
             {"createNode", true},
             {"disableNetworkCheck", false},
             {"kubeconfigSecretRef", {{"name", secret}}},
             {"labels", node_labels},
             {"resourceQuota", {{"hard", resources ? *resources : Json(JsonObject())}}},
             {"template", kubelet_template(side, key, peer)}}}},
          slice},
         side.now());
}

bool was_just_written(const Json& object, Time now) {
  const auto second = format_time(now);
  const auto& fields = codec::array_at(object, "metadata.managedFields");
  return codec::text_at(object, "metadata.creationTimestamp") == second ||
         std::ranges::any_of(fields, [&](const auto& f) { return codec::text_at(f, "time") == second; });
}

// --- what is known of the other cluster

Json module_state(bool enabled, std::vector<std::array<std::string, 4>> conditions) {
  JsonArray list;
  for (const auto& [type, status, reason, message] : conditions)
    list.push_back(Json{{"type", type}, {"status", status}, {"reason", reason}, {"message", message}});
  Json out{{"enabled", enabled}};
  if (!list.empty()) out.as_object()["conditions"] = std::move(list);
  return out;
}

// Home looks at its nodes when something of a virtual node or of what it knows of the cloud is written, and else once a minute
// (observed): a node may be Ready for that long before home says so. When it is not time yet, the controllers are woken when it is.
bool may_look(const LiqoSide& side, const std::string& space, const Json& known) {
  const auto now = side.now();
  const auto made = parse_time(codec::text_at(known, "metadata.creationTimestamp"));
  const auto since = (now - (made ? *made : now)) % std::chrono::minutes(1);
  bool due = was_just_written(known, now) || since < std::chrono::seconds(1);
  for (const auto& [key, node] : side.store().of("offloading.liqo.io", "virtualnodes", space))
    due = due || was_just_written(*node, now);
  if (!due) side.store().wake_at(now + std::chrono::minutes(1) - since);
  return due;
}

Json offloading_state(const LiqoSide& side, const std::string& space, const Json& known, bool& any) {
  bool kubelets = true, nodes = true;
  for (const auto& [key, node] : side.store().of("offloading.liqo.io", "virtualnodes", space)) {
    any = true;
    const auto deployment = side.store().find(liqo_key(kube::kDeployments, space, liqo::virtual_kubelet(key.name)));
    kubelets = kubelets && deployment && codec::number_at(*deployment, "status.readyReplicas") > 0;
    const auto shown = side.store().find(liqo_key(kube::kNodes, "", key.name));
    const auto ready = shown ? kube::condition_of(*shown, "Ready") : std::nullopt;
    nodes = nodes && ready && ready->holds();
  }
  if (!any) return module_state(false, {});
  auto seen =
      module_state(true, {{"OffloadingVirtualNodeStatus", kubelets ? "Ready" : "NotReady",
                           kubelets ? "VirtualNodesReady" : "VirtualNodesNotReady",
                           kubelets ? "All virtual nodes are ready" : "Not all virtual nodes are ready"},
                          {"OffloadingNodeStatus", nodes ? "Ready" : "NotReady", nodes ? "NodesReady" : "NodesNotReady",
                           nodes ? "All nodes are ready" : "Not all nodes are ready"}});
  const auto* before = codec::find(known, "status.modules.offloading");
  return !before || *before == seen || may_look(side, space, known) ? seen : *before;
}

void know_cluster(const LiqoSide& side, const std::string& space, const std::string& peer) {
  auto& store = side.store();
  const auto control = store.find(liqo_key(liqo::kIdentities, space, liqo::control_plane_identity(peer)));
  const auto tenant = store.find(liqo_key(liqo::kTenants, space, peer));
  const auto key = liqo_key(liqo::kForeignClusters, "", peer);
  const auto there = store.find(key);
  if (!there && !control && !tenant) return;
  ensure(store,
         {liqo::kForeignClusters, "", peer, {{liqo::kRemoteClusterId, peer}}, {}, {{"spec", {{"clusterID", peer}}}}},
         side.now());
  // After an unpeering what was known of a provider stays as it was (observed: role Provider, authentication enabled).
  const bool was_provider = there && codec::text_at(*there, "status.role").starts_with("Provider");
  Json status{{"observedGeneration", 1}, {"tenantNamespace", {{"local", space}}}};
  auto& root = status.as_object();
  JsonObject modules{{"networking", module_state(false, {})}};
  bool offloads = false;
  modules["offloading"] = offloading_state(side, space, there ? *there : Json(), offloads);
  if (control) {
    root["apiServerUrl"] = codec::text_at(*control, "spec.authParams.apiServer");
    root["tenantNamespace"].as_object()["remote"] = codec::text_at(*control, "spec.namespace");
    const bool ready = !codec::text_at(*control, "status.kubeconfigSecretRef.name").empty();
    modules["authentication"] = module_state(
        true,
        {{"AuthIdentityControlPlaneStatus", ready ? "Ready" : "NotReady", ready ? "IdentityReady" : "IdentityNotReady",
          ready ? "The identity has been successfully configured" : "The identity is not ready"}});
  } else if (tenant) {
    const bool ready = codec::find(*tenant, "status.authParams") != nullptr;
    modules["authentication"] =
        module_state(true, {{"AuthTenantStatus", ready ? "Ready" : "NotReady", ready ? "TenantReady" : "TenantNotReady",
                             ready ? "The tenant has been successfully configured" : "The tenant is not ready"}});
  } else {
    modules["authentication"] = module_state(was_provider, {});
  }
  root["role"] = control && tenant         ? "ConsumerAndProvider"
                 : control || was_provider ? "Provider"
                 : tenant                  ? "Consumer"
                                           : "Unknown";
  root["modules"] = std::move(modules);
  if (control || was_provider) {
    add_finalizer(store, key, "api-server-checker.liqo.io/finalizer", side.now());
    const auto* before = there ? codec::find(*there, "status.conditions") : nullptr;
    const bool up = reach_of(side, peer).api;
    const auto now_status = up ? "Established" : "Error";
    if (before && before->is_array() && codec::text_at(before->get_array().front(), "status") == now_status) {
      root["conditions"] = *before;
    } else {
      Json condition{
          {"type", "APIServerStatus"},
          {"status", now_status},
          {"reason", up ? "APIServerReady" : "APIServerNotReady"},
          {"message", up ? "The foreign cluster API Server is ready" : "The foreign cluster API Server is not ready"},
          {"lastTransitionTime", format_time(side.now())}};
      root["conditions"] = JsonArray{std::move(condition)};
    }
    if (there && kube::is_being_deleted(*there))
      remove_finalizer(store, key, "api-server-checker.liqo.io/finalizer", side.now());
  }
  set_status(store, key, status, side.now());
}

// Its finalizer is taken off some seconds after the rest: who peers anew meanwhile finds a Secret that is terminating.
void release_secret(const LiqoSide& side, const KubeKey& key, const Json& secret) {
  if (kube::is_being_deleted(secret)) {
    const auto since = parse_time(codec::text_at(secret, "metadata.deletionTimestamp"));
    bool left = false;
    for (const auto& resource : {liqo::kRenews, liqo::kResourceSlices, liqo::kNamespaceMaps})
      for (const auto& [each, object] : side.store().of(resource.group, resource.plural, key.name_space))
        left = left || is_local(*object);
    const auto due = (since ? *since : side.now()) + std::chrono::seconds(5);
    if (due > side.now())
      side.store().wake_at(due);
    else if (!left)
      remove_finalizer(side.store(), key, kOperator, side.now());
    return;
  }
  if (!kube::annotation_of(secret, "liqo.io/remote-tenant-namespace").empty())
    add_finalizer(side.store(), key, kOperator, side.now());
}

}  // namespace

void run_liqo_manager(KubeScene& scene) {
  const auto side = liqo_in(scene);
  if (!side) return;
  make_keys(*side);
  // One whose tenant is gone is held by nothing any more.
  for (const auto& [key, foreign] : scene.store.of("core.liqo.io", "foreignclusters"))
    if (kube::is_being_deleted(*foreign))
      remove_finalizer(scene.store, key, "api-server-checker.liqo.io/finalizer", side->now());
  for (const auto& [space, peer] : tenants_of(scene.store)) {
    sign_nonces(*side, space);
    for (const auto& [key, identity] : scene.store.of("authentication.liqo.io", "identities", space))
      serve_identity(*side, key, identity);
    for (const auto& [key, slice] : scene.store.of("authentication.liqo.io", "resourceslices", space)) {
      if (!is_local(*slice)) continue;
      complete_slice(*side, key, *slice);
      if (const auto now = scene.store.find(key); now && !kube::is_being_deleted(*now)) {
        identify_slice(*side, key, now);
        wish_for_node(*side, key, now);
      }
    }
    for (const auto& [key, secret] : scene.store.of("", "secrets", space)) release_secret(*side, key, *secret);
    know_cluster(*side, space, peer);
  }
}

}  // namespace tombolo::sim
