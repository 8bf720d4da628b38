#include "sim/liqo_webhooks.hpp"

#include <fmt/format.h>

#include "kube/objects.hpp"
#include "liqo/names.hpp"
#include "sim/liqo_side.hpp"

namespace tombolo::sim {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

KubeNo denied(std::string_view webhook, const std::string& why) {
  return kube_no(403, "Forbidden", fmt::format("admission webhook \"{}\" denied the request: {}", webhook, why));
}

KubeObject configuration(const KubeStore& store, const char* plural) {
  return store.find({"admissionregistration.k8s.io", plural, "", "liqo-webhook"});
}

// The hook must run where a configuration names it: its failure policy is Fail.
KubeOutcome<> must_run(const KubeStore& store, std::string_view hook) {
  const auto rules = configuration(store, "mutatingwebhookconfigurations");
  const auto space = rules ? codec::text_at(*rules, "webhooks.0.clientConfig.service.namespace") : "";
  const auto deployment = store.find(liqo_key(kube::kDeployments, space, "liqo-webhook"));
  if (deployment && codec::number_at(*deployment, "status.readyReplicas") > 0) return {};
  return kube_no(
      500, "InternalError",
      fmt::format("Internal error occurred: failed calling webhook \"{0}\": failed to call webhook: Post "
                  "\"https://liqo-webhook.{1}.svc:9443\": no endpoints available for service \"liqo-webhook\"",
                  hook, space));
}

KubeObject offloading_of(const KubeStore& store, const std::string& space) {
  return store.find(liqo_key(liqo::kNamespaceOffloadings, space, std::string(liqo::kOffloadingName)));
}

Json node_type(std::string_view op) {
  return {{"key", liqo::kNodeType}, {"operator", op}, {"values", JsonArray{Json(std::string(liqo::kVirtualNodeType))}}};
}

// Where the strategy lets the pod go.
JsonArray terms_of(const Json& offloading, bool remote_only) {
  JsonArray out;
  const auto* chosen = codec::find(offloading, "spec.clusterSelector.nodeSelectorTerms");
  if (chosen && chosen->is_array())
    for (const auto& each : chosen->get_array()) {
      Json term = each;
      auto& list = term.as_object()["matchExpressions"];
      if (!list.is_array()) list = JsonArray();
      if (remote_only) list.get_array().push_back(node_type("In"));
      out.push_back(std::move(term));
    }
  if (remote_only && out.empty()) out.push_back(Json{{"matchExpressions", JsonArray{node_type("In")}}});
  if (!remote_only && !out.empty()) out.push_back(Json{{"matchExpressions", JsonArray{node_type("NotIn")}}});
  return out;
}

}  // namespace

void admit_offloaded_pod(const KubeStore& store, const std::string& name_space, Json& pod) {
  const auto space = store.find(liqo_key(kube::kNamespaces, "", name_space));
  const auto offloading = offloading_of(store, name_space);
  if (!space || kube::label_of(*space, liqo::kSchedulingEnabled) != "true" || !offloading) return;
  const auto strategy = codec::text_at(*offloading, "spec.podOffloadingStrategy", "LocalAndRemote");
  auto& spec = child(pod.as_object(), "spec");
  if (strategy == "Local") return;
  auto& tolerations = spec["tolerations"];
  if (!tolerations.is_array()) tolerations = JsonArray();
  tolerations.get_array().push_back(
      Json{{"key", liqo::kNotAllowedTaint}, {"operator", "Exists"}, {"effect", "NoExecute"}});
  auto terms = terms_of(*offloading, strategy == "Remote");
  if (terms.empty()) return;
  auto& required =
      child(child(child(spec, "affinity"), "nodeAffinity"), "requiredDuringSchedulingIgnoredDuringExecution");
  required["nodeSelectorTerms"] = std::move(terms);
}

KubeOutcome<> ask_liqo_webhooks(const KubeStore& store, const KubeKind& kind, const std::string& name_space,
                                const std::string& name, Json& object, const Json& before) {
  if (kind.kind == "Pod" && before.is_null()) {
    const auto space = store.find(liqo_key(kube::kNamespaces, "", name_space));
    if (!space || kube::label_of(*space, liqo::kSchedulingEnabled) != "true" ||
        !configuration(store, "mutatingwebhookconfigurations"))
      return {};
    ALLOWED(must_run(store, "pod.mutate.liqo.io"));
    admit_offloaded_pod(store, name_space, object);
    return {};
  }
  if (!kind.group.ends_with(".liqo.io") || !configuration(store, "validatingwebhookconfigurations")) return {};
  if (kind.kind == "NamespaceOffloading") {
    ALLOWED(must_run(store, "nsoff.validate.liqo.io"));
    if (name != liqo::kOffloadingName)
      return denied("nsoff.validate.liqo.io",
                    fmt::format("NamespaceOffloading name must match \"{}\"", liqo::kOffloadingName));
    if (!before.is_null() && codec::text_at(before, "spec.namespaceMappingStrategy") !=
                                 codec::text_at(object, "spec.namespaceMappingStrategy"))
      return denied("nsoff.validate.liqo.io", "the NamespaceMappingStrategy value cannot be modified after creation");
  }
  if (kind.kind == "Tenant") {
    const auto id = codec::text_at(object, "spec.clusterID");
    const auto space = store.find(liqo_key(kube::kNamespaces, "", name_space));
    if (!space || kube::label_of(*space, liqo::kTenantNamespace) != "true" ||
        kube::label_of(*space, liqo::kRemoteClusterId) != id)
      return denied("tenant.validate.liqo.io", "the tenant must be in the tenant namespace of its cluster");
    for (const auto& [key, other] : store.of(kind.group, kind.plural, name_space))
      if (key.name != name) return denied("tenant.validate.liqo.io", "a Tenant already exists in the tenant namespace");
    child(metadata_of(object), "labels")[liqo::kRemoteClusterId] = id;
  }
  if (kind.kind == "VirtualNode" && before.is_null() && store.find(liqo_key(kube::kNodes, "", name)))
    return denied("virtualnode.mutate.liqo.io", fmt::format("node {} already exists", name));
  return {};
}

}  // namespace tombolo::sim
