// liqo-controller-manager on the side that provides: nonces, tenants, the slices it is sent, quotas, the namespaces that others
// offload into it, and their pods. Source: Liqo 1.2.0; tests/data/liqo shows the objects as a real one makes them.
#include <fmt/format.h>

#include <algorithm>

#include "codec/base64.hpp"
#include "crypto/hash.hpp"
#include "kube/objects.hpp"
#include "sim/kube_kinds.hpp"
#include "sim/kube_write.hpp"
#include "sim/liqo_side.hpp"

namespace tombolo::sim {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

constexpr std::string_view kTenantFinalizer = "tenant.liqo.io/finalizer";
constexpr std::string_view kMapFinalizer = "namespacemap-controller.liqo.io/finalizer";

void make_nonces(const LiqoSide& side, const std::string& space) {
  for (const auto& [key, secret] : side.store().of("", "secrets", space)) {
    if (kube::label_of(*secret, liqo::kNonceLabel) != "true" || !liqo::secret_text(*secret, "nonce").empty()) continue;
    Bytes random;
    for (int i = 0; i < 2; ++i) {
      const auto part = crypto::sha256("nonce/" + side.store().new_uid());
      random.insert(random.end(), part.begin(), part.end());
    }
    ensure(side.store(),
           {kube::kSecrets,
            space,
            key.name,
            {},
            {},
            {{"data", {{"nonce", liqo::encoded(codec::encode_base64(ByteView(random)))}}}}},
           side.now());
  }
}

std::string decoded_field(const Json& object, std::string_view path) {
  const auto bytes = codec::decode_base64(codec::text_at(object, path));
  return bytes ? std::string(as_text(*bytes)) : "";
}

struct TenantTrouble {
  std::string_view reason;
  std::string message;
};

// Why a request for a certificate is not signed.
std::optional<TenantTrouble> request_trouble(const LiqoSide& side, const std::string& space, const std::string& secret,
                                             const std::string& csr, const LiqoSubject& wanted,
                                             const std::optional<crypto::Ed25519Public>& key) {
  const auto request = read_certificate_request(csr);
  if (!request || request->subject != wanted || !key || request->key != *key)
    return TenantTrouble{"InvalidCSR", "invalid CSR: subject, key or signature are not what they should be"};
  const auto stored = side.store().find(liqo_key(kube::kSecrets, space, secret));
  if (stored && !liqo::secret_text(*stored, "csr").empty() && liqo::secret_text(*stored, "csr") != csr)
    return TenantTrouble{"AuthParamsFailed", "the stored and the provided CSR do not match"};
  return std::nullopt;
}

// Signs, keeps both halves, and says what the other side needs.
Json admit(const LiqoSide& side, const std::string& space, const std::string& peer, const std::string& secret,
           const std::string& csr) {
  const auto request = read_certificate_request(csr);
  const auto authority = cluster_authority(side.store().name());
  const auto there = side.store().find(liqo_key(kube::kSecrets, space, secret));
  auto certificate = there ? liqo::secret_text(*there, "certificate") : "";
  if (certificate.empty()) certificate = certificate_of(authority, request->subject, request->key, side.now());
  ensure(side.store(),
         {kube::kSecrets,
          space,
          secret,
          {{liqo::kRemoteClusterId, peer}, {"liqo.io/managed", "true"}},
          {},
          {{"type", "Opaque"}, {"data", {{"csr", liqo::encoded(csr)}, {"certificate", liqo::encoded(certificate)}}}}},
         side.now());
  const auto ca = cluster_authority_pem(side.store().name());
  return {{"apiServer", side.api_server}, {"ca", liqo::encoded(ca)}, {"signedCRT", liqo::encoded(certificate)}};
}

std::optional<TenantTrouble> tenant_trouble(const LiqoSide& side, const std::string& space, const Json& tenant) {
  const auto nonce = side.store().find(liqo_key(kube::kSecrets, space, std::string(liqo::kNonceSecret)));
  const auto text = nonce ? liqo::secret_text(*nonce, "nonce") : "";
  if (text.empty()) return TenantTrouble{"NonceNotFound", "the nonce of this tenant is not there"};
  const auto key = read_public_key(decoded_field(tenant, "spec.publicKey"));
  if (!key || !crypto::verify(*key, as_bytes(text), as_bytes(decoded_field(tenant, "spec.signature"))))
    return TenantTrouble{"SignatureVerificationFailed", "the signature of the nonce is not valid"};
  return request_trouble(side, space, std::string(liqo::kCertificateSecret), decoded_field(tenant, "spec.csr"),
                         {"liqo.io", codec::text_at(tenant, "spec.clusterID")}, key);
}

LiqoObject binding_for(bool cluster_wide, const std::string& space, const std::string& name, const std::string& role,
                       std::string_view kind, const std::string& subject) {
  const kube::Resource resource{"rbac.authorization.k8s.io", "v1",
                                cluster_wide ? "clusterrolebindings" : "rolebindings",
                                cluster_wide ? "ClusterRoleBinding" : "RoleBinding", !cluster_wide};
  return {resource,
          space,
          name,
          {{"liqo.io/managed", "true"}},
          {},
          {{"roleRef", {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "ClusterRole"}, {"name", role}}},
           {"subjects", JsonArray{{{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", kind}, {"name", subject}}}}}};
}

std::string wide_binding(const std::string& peer) {
  return "liqo-binding-liqo-virtual-kubelet-remote-clusterwide-" + peer;
}

void serve_tenant(const LiqoSide& side, const KubeKey& key, const KubeObject& tenant) {
  const auto peer = codec::text_at(*tenant, "spec.clusterID");
  auto& store = side.store();
  if (kube::is_being_deleted(*tenant)) {
    const auto wide = binding_for(true, "", wide_binding(peer), "", "Group", peer);
    let_go(store, liqo_key(wide.resource, "", wide.name), side.now());
    remove_finalizer(store, key, kTenantFinalizer, side.now());
    return;
  }
  add_finalizer(store, key, kTenantFinalizer, side.now());
  if (const auto trouble = tenant_trouble(side, key.name_space, *tenant)) {
    report_event(side, *tenant, "Warning", trouble->reason, trouble->message);
    return;
  }
  auto params =
      admit(side, key.name_space, peer, std::string(liqo::kCertificateSecret), decoded_field(*tenant, "spec.csr"));
  if (const auto proxy = codec::text_at(*tenant, "spec.proxyURL"); !proxy.empty())
    params.as_object()["proxyURL"] = proxy;
  auto narrow = binding_for(false, key.name_space, "liqo-binding-liqo-remote-controlplane", "liqo-remote-controlplane",
                            "User", peer);
  narrow.owner = tenant;
  ensure(store, narrow, side.now());
  ensure(store, binding_for(true, "", wide_binding(peer), "liqo-virtual-kubelet-remote-clusterwide", "Group", peer),
         side.now());
  const bool is_new = !codec::find(*tenant, "status.authParams");
  set_status(store, key, {{"authParams", std::move(params)}, {"tenantNamespace", key.name_space}}, side.now());
  if (is_new) report_event(side, *tenant, "Normal", "Reconciled", "Tenant reconciled");
}

KubeObject tenant_in(const LiqoSide& side, const std::string& space, const std::string& peer) {
  const auto tenant = side.store().find(liqo_key(liqo::kTenants, space, peer));
  return tenant && codec::find(*tenant, "status.authParams") ? tenant : nullptr;
}

Json accepted(std::string_view type, std::string_view what, std::string_view state, const std::string& at) {
  std::string low(what);
  low.front() = static_cast<char>(low.front() + 32);
  return {{"type", type},
          {"status", state},
          {"reason", fmt::format("ResourceSlice{}{}", what, state)},
          {"message", fmt::format("ResourceSlice {} {}", low, state == "Accepted" ? "accepted" : "denied")},
          {"lastTransitionTime", at}};
}

JsonObject granted(const Json& slice) {
  JsonObject out{{"cpu", "4"}, {"ephemeral-storage", "20Gi"}, {"memory", "8Gi"}, {"pods", "110"}};
  if (const auto* wanted = codec::find(slice, "spec.resources"); wanted && wanted->is_object())
    for (const auto& [name, amount] : wanted->get_object()) out[name] = amount;
  return out;
}

JsonObject labels_in(const std::string& text) {
  JsonObject out;
  for (std::string_view rest = text; !rest.empty();) {
    const auto one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    const auto equals = one.find('=');
    if (equals != one.npos) out[std::string(one.substr(0, equals))] = std::string(one.substr(equals + 1));
  }
  return out;
}

void make_quota(const LiqoSide& side, const KubeKey& key, const KubeObject& slice, const std::string& peer,
                const JsonObject& resources) {
  const auto user = liqo::slice_user(key.name, peer);
  ensure(side.store(),
         {liqo::kQuotas,
          key.name_space,
          user,
          {{"liqo.io/managed", "true"}},
          {},
          {{"spec", {{"limitsEnforcement", "None"}, {"resources", resources}, {"user", user}}}},
          slice},
         side.now());
}

// A slice is looked at when its spec changes and when the controller begins, not when its certificate goes.
bool was_looked_at(const LiqoSide& side, const KubeKey& key, const Json& slice, const std::string& secret) {
  std::string manager;
  for (const auto& [name, pod] : side.store().of("", "pods", side.name_space))
    if (name.name.starts_with("liqo-controller-manager-")) manager += name.name;
  const auto look = fmt::format("{} {}", codec::number_at(slice, "metadata.generation"), manager);
  auto& last = side.scene.world.signed_slices[fmt::format("{}/{}/{}", side.store().name(), key.name_space, key.name)];
  const bool is_gone = !side.store().find(liqo_key(kube::kSecrets, key.name_space, secret));
  if (is_gone && last == look && codec::find(slice, "status.authParams")) return true;
  last = look;
  return false;
}

void serve_slice(const LiqoSide& side, const KubeKey& key, const KubeObject& slice, const std::string& peer) {
  const auto tenant = tenant_in(side, key.name_space, peer);
  const auto csr = decoded_field(*slice, "spec.csr");
  if (!tenant || csr.empty() || kube::is_being_deleted(*slice)) return;
  const auto secret = fmt::format("{}-{}", liqo::kCertificateSecret, key.name);
  if (was_looked_at(side, key, *slice, secret)) return;
  if (const auto trouble = request_trouble(side, key.name_space, secret, csr, {peer, liqo::slice_user(key.name, peer)},
                                           read_public_key(decoded_field(*tenant, "spec.publicKey")))) {
    report_event(side, *slice, "Warning", "RemoteCertificateFailed", trouble->message);
    return;
  }
  const auto resources = granted(*slice);
  const auto kind = codec::text_at(*slice, "spec.class", "default");
  const bool denied = codec::text_at(*tenant, "spec.tenantCondition", "Active") != "Active";
  const auto* before = codec::find(*slice, "status.conditions.0.lastTransitionTime");
  const auto since = before ? std::string(before->as_string()) : format_time(side.now());
  JsonArray conditions{accepted("Authentication", "Authentication", "Accepted", since)};
  // Other classes are somebody else's to decide.
  const bool ours = kind.empty() || kind == "default";
  if (ours) conditions.push_back(accepted("Resources", "Resources", denied ? "Denied" : "Accepted", since));
  Json status{{"authParams", admit(side, key.name_space, peer, secret, csr)}, {"conditions", std::move(conditions)}};
  if (ours && !denied) {
    status.as_object()["nodeLabels"] = labels_in(side.node_labels);
    status.as_object()["resources"] = resources;
  }
  set_status(side.store(), key, status, side.now());
  if (ours && !denied) make_quota(side, key, slice, peer, resources);
}

void renew(const LiqoSide& side, const KubeKey& key, const std::string& peer) {
  const auto tenant = tenant_in(side, key.name_space, peer);
  if (tenant) set_status(side.store(), key, {{"authParams", *codec::find(*tenant, "status.authParams")}}, side.now());
}

// --- namespaces that the other side offloads

std::string map_mark(const KubeKey& key) { return key.name_space + "/" + key.name; }

Json open_namespace(const LiqoSide& side, const KubeKey& map, const std::string& peer, const std::string& original,
                    const std::string& name) {
  auto& store = side.store();
  const auto there = store.find(liqo_key(kube::kNamespaces, "", name));
  const auto answer = [&](std::string_view phase) -> Json { return {{"phase", phase}, {"remoteNamespace", name}}; };
  if (there && kube::annotation_of(*there, "liqo.io/managed-by-namespace-map") != map_mark(map))
    return answer("CreationLoopBackOff");
  if (there && kube::is_being_deleted(*there)) return answer("Terminating");
  ensure(store,
         {kube::kNamespaces,
          "",
          name,
          {{liqo::kRemoteClusterId, peer}},
          {{"liqo.io/managed-by-namespace-map", map_mark(map)}, {"liqo.io/original-name", original}}},
         side.now());
  ensure(store, binding_for(false, name, map.name_space, "liqo-virtual-kubelet-remote", "Group", peer), side.now());
  return answer("Accepted");
}

void serve_map(const LiqoSide& side, const KubeKey& key, const Json& map, const std::string& peer) {
  auto& store = side.store();
  const bool dying = kube::is_being_deleted(map);
  if (!dying) add_finalizer(store, key, kMapFinalizer, side.now());
  JsonObject mapping;
  const auto* desired = codec::find(map, "spec.desiredMapping");
  if (!dying && desired && desired->is_object())
    for (const auto& [original, remote] : desired->get_object())
      mapping[original] = open_namespace(side, key, peer, std::string(original), std::string(remote.as_string()));
  bool left = false;
  for (const auto& [space, object] : store.of("", "namespaces")) {
    if (kube::annotation_of(*object, "liqo.io/managed-by-namespace-map") != map_mark(key)) continue;
    const auto original = kube::annotation_of(*object, "liqo.io/original-name");
    if (mapping.contains(original) && codec::text_at(Json(mapping), original + ".remoteNamespace") == space.name)
      continue;
    let_go(store, space, side.now());
    if (!store.find(space)) continue;
    left = true;
    mapping[original] = {{"phase", "Terminating"}, {"remoteNamespace", space.name}};
  }
  Json status{{"currentMapping", std::move(mapping)}};
  set_status(store, key, status.at("currentMapping").as_object().empty() ? Json(JsonObject()) : status, side.now());
  if (dying && !left) remove_finalizer(store, key, kMapFinalizer, side.now());
}

// A ShadowPod is a wish for a pod.
void serve_shadow(const LiqoSide& side, const KubeKey& key, const KubeObject& shadow) {
  auto& store = side.store();
  const auto pod_key = liqo_key(kube::kPods, key.name_space, key.name);
  const auto pod = store.find(pod_key);
  if (kube::is_being_deleted(*shadow)) return;
  const auto* spec = codec::find(*shadow, "spec.pod");
  if (!pod && spec) {
    JsonObject labels{{"liqo.io/managed-by", "shadowpod"}};
    if (const auto* more = codec::find(*shadow, "metadata.labels"); more && more->is_object())
      for (const auto& [name, value] : more->get_object()) labels[name] = value;
    ensure(store, {kube::kPods, key.name_space, key.name, labels, {}, {{"spec", *spec}}, shadow}, side.now());
    return;
  }
  if (pod) set_status(store, key, {{"phase", codec::text_at(*pod, "status.phase", "Pending")}}, side.now());
}

}  // namespace

void run_liqo_provider(KubeScene& scene) {
  const auto side = liqo_in(scene);
  if (!side) return;
  auto& store = scene.store;
  for (const auto& [space, peer] : tenants_of(store)) {
    make_nonces(*side, space);
    for (const auto& [key, tenant] : store.of("authentication.liqo.io", "tenants", space))
      serve_tenant(*side, key, tenant);
    const auto replicated = [](const Json& object) { return kube::label_of(object, "liqo.io/replicated") == "true"; };
    for (const auto& [key, slice] : store.of("authentication.liqo.io", "resourceslices", space))
      if (replicated(*slice)) serve_slice(*side, key, slice, peer);
    for (const auto& [key, object] : store.of("authentication.liqo.io", "renews", space))
      if (replicated(*object)) renew(*side, key, peer);
    for (const auto& [key, map] : store.of("offloading.liqo.io", "namespacemaps", space))
      if (replicated(*map)) serve_map(*side, key, *map, peer);
  }
  for (const auto& [key, shadow] : store.of("offloading.liqo.io", "shadowpods")) serve_shadow(*side, key, shadow);
}

}  // namespace tombolo::sim
