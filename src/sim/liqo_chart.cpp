#include "sim/liqo_chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kube/object.hpp"
#include "sim/kube_controllers.hpp"
#include "sim/kube_rules.hpp"

namespace tombolo::sim {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

struct LiqoDefinition {
  const char* group;
  const char* plural;
  const char* kind;
  bool namespaced = true;
};

constexpr std::array kLiqoDefinitions = {
    LiqoDefinition{"authentication.liqo.io", "identities", "Identity"},
    LiqoDefinition{"authentication.liqo.io", "renews", "Renew"},
    LiqoDefinition{"authentication.liqo.io", "resourceslices", "ResourceSlice"},
    LiqoDefinition{"authentication.liqo.io", "tenants", "Tenant"},
    LiqoDefinition{"core.liqo.io", "foreignclusters", "ForeignCluster", false},
    LiqoDefinition{"ipam.liqo.io", "ips", "IP"},
    LiqoDefinition{"ipam.liqo.io", "networks", "Network"},
    LiqoDefinition{"networking.liqo.io", "configurations", "Configuration"},
    LiqoDefinition{"networking.liqo.io", "connections", "Connection"},
    LiqoDefinition{"networking.liqo.io", "gatewayclients", "GatewayClient"},
    LiqoDefinition{"networking.liqo.io", "gatewayservers", "GatewayServer"},
    LiqoDefinition{"offloading.liqo.io", "namespacemaps", "NamespaceMap"},
    LiqoDefinition{"offloading.liqo.io", "namespaceoffloadings", "NamespaceOffloading"},
    LiqoDefinition{"offloading.liqo.io", "quotas", "Quota"},
    LiqoDefinition{"offloading.liqo.io", "shadowendpointslices", "ShadowEndpointSlice"},
    LiqoDefinition{"offloading.liqo.io", "shadowpods", "ShadowPod"},
    LiqoDefinition{"offloading.liqo.io", "virtualnodes", "VirtualNode"},
    LiqoDefinition{"offloading.liqo.io", "vkoptionstemplates", "VkOptionsTemplate"},
};

std::string version_of_group(std::string_view group) { return group == "ipam.liqo.io" ? "v1alpha1" : "v1beta1"; }

Json definition(const LiqoDefinition& d) {
  Json version{{"name", version_of_group(d.group)},
               {"served", true},
               {"storage", true},
               {"schema", {{"openAPIV3Schema", {{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}}}}}};
  version.as_object()["subresources"] = JsonObject{{"status", JsonObject()}};
  std::string singular;
  for (const char c : std::string_view(d.kind)) singular += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return {
      {"apiVersion", "apiextensions.k8s.io/v1"},
      {"kind", "CustomResourceDefinition"},
      {"metadata", {{"name", fmt::format("{}.{}", d.plural, d.group)}}},
      {"spec",
       {{"group", d.group},
        {"scope", d.namespaced ? "Namespaced" : "Cluster"},
        {"names",
         {{"plural", d.plural}, {"kind", d.kind}, {"listKind", d.kind + std::string("List")}, {"singular", singular}}},
        {"versions", JsonArray{std::move(version)}}}}};
}

// The chart's own words for one of its parts.
class Part {
 public:
  Part(const LiqoRelease& release, std::string name, std::string component)
      : release_(release), name_(std::move(name)), component_(std::move(component)) {}

  Json selector() const {
    return {{"app.kubernetes.io/component", component_},
            {"app.kubernetes.io/instance", "liqo-" + name_},
            {"app.kubernetes.io/name", name_},
            {"app.kubernetes.io/part-of", "liqo"}};
  }
  Json labels() const {
    Json out = selector();
    auto& map = out.as_object();
    map["app.kubernetes.io/managed-by"] = "Helm";
    map["app.kubernetes.io/version"] = release_.version;
    map["helm.sh/chart"] = "liqo-" + release_.version;
    return out;
  }
  Json object(std::string_view api_version, std::string_view kind, const std::string& name, JsonObject more,
              bool namespaced = true) const {
    JsonObject meta{{"name", name}, {"labels", labels()}};
    if (namespaced) meta["namespace"] = release_.name_space;
    JsonObject out{{"apiVersion", api_version}, {"kind", kind}, {"metadata", std::move(meta)}};
    for (auto& [key, value] : more) out[key] = std::move(value);
    return out;
  }
  std::string full_name() const { return "liqo-" + name_; }
  Json deployment(JsonArray arguments) const {
    const auto label = labels();
    Json container{
        {"name", name_},
        {"image", fmt::format("ghcr.io/liqotech/{}:{}", full_name(), release_.version)},
        {"imagePullPolicy", "IfNotPresent"},
        {"command", JsonArray{Json("/usr/bin/" + full_name())}},
        {"args", std::move(arguments)},
        {"env",
         JsonArray{
             {{"name", "CLUSTER_ID"},
              {"valueFrom", {{"configMapKeyRef", {{"name", "liqo-clusterid-configmap"}, {"key", "CLUSTER_ID"}}}}}},
             {{"name", "POD_NAMESPACE"}, {"valueFrom", {{"fieldRef", {{"fieldPath", "metadata.namespace"}}}}}}}},
        {"securityContext", {{"allowPrivilegeEscalation", false}}}};
    return object("apps/v1", "Deployment", full_name(),
                  {{"spec",
                    {{"replicas", 1},
                     {"selector", {{"matchLabels", selector()}}},
                     {"template",
                      {{"metadata", {{"labels", label}}},
                       {"spec",
                        {{"serviceAccountName", full_name()},
                         {"securityContext", {{"runAsNonRoot", true}, {"runAsUser", 1000}}},
                         {"containers", JsonArray{std::move(container)}}}}}}}}});
  }

 private:
  const LiqoRelease& release_;
  std::string name_;
  std::string component_;
};

void add_rights(const Part& part, const std::string& account_namespace, std::vector<Json>& out) {
  const auto name = part.full_name();
  const JsonArray all{Json("*")};
  out.push_back(part.object("v1", "ServiceAccount", name, {}));
  out.push_back(part.object("rbac.authorization.k8s.io/v1", "ClusterRole", name,
                            {{"rules", JsonArray{{{"apiGroups", all}, {"resources", all}, {"verbs", all}}}}}, false));
  out.push_back(part.object(
      "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", name,
      {{"roleRef", {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "ClusterRole"}, {"name", name}}},
       {"subjects", JsonArray{{{"kind", "ServiceAccount"}, {"name", name}, {"namespace", account_namespace}}}}},
      false));
}

// Roles for whom a peering lets in: the other cluster's control plane, and its virtual kubelets.
void add_remote_roles(const LiqoRelease& release, std::vector<Json>& out) {
  for (const auto* name : {"remote-controlplane", "virtual-kubelet-local", "virtual-kubelet-remote",
                           "virtual-kubelet-remote-clusterwide"}) {
    const Part part(release, name, "rbac");
    out.push_back(part.object("rbac.authorization.k8s.io/v1", "ClusterRole", part.full_name(),
                              {{"rules", JsonArray{{{"apiGroups", JsonArray{Json("offloading.liqo.io")}},
                                                    {"resources", JsonArray{Json("*")}},
                                                    {"verbs", JsonArray{Json("*")}}}}}},
                              false));
  }
}

Json webhook(const LiqoRelease& release, std::string_view name, std::string_view path, std::string_view group,
             std::string_view resource, JsonArray operations, Json namespaces) {
  return {
      {"name", name},
      {"admissionReviewVersions", JsonArray{Json("v1"), Json("v1beta1")}},
      {"clientConfig",
       {{"service", {{"name", "liqo-webhook"}, {"namespace", release.name_space}, {"path", path}, {"port", 9443}}}}},
      {"failurePolicy", "Fail"},
      {"namespaceSelector", std::move(namespaces)},
      {"rules", JsonArray{{{"apiGroups", JsonArray{Json(group)}},
                           {"apiVersions", JsonArray{Json(group.empty() ? "v1" : "v1beta1")}},
                           {"operations", std::move(operations)},
                           {"resources", JsonArray{Json(resource)}}}}},
      {"sideEffects", "None"},
      {"timeoutSeconds", 10}};
}

void add_webhooks(const LiqoRelease& release, std::vector<Json>& out) {
  const Part part(release, "webhook", "webhook");
  const JsonArray create{Json("CREATE")}, write{Json("CREATE"), Json("UPDATE")};
  out.push_back(
      part.object("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "liqo-webhook",
                  {{"webhooks", JsonArray{webhook(release, "pod.mutate.liqo.io", "/mutate/pod", "", "pods", create,
                                                  {{"matchLabels", {{"liqo.io/scheduling-enabled", "true"}}}}),
                                          webhook(release, "shadowpod.mutate.liqo.io", "/mutate/shadowpods",
                                                  "offloading.liqo.io", "shadowpods", create, JsonObject()),
                                          webhook(release, "tenant.mutate.liqo.io", "/mutate/tenants",
                                                  "authentication.liqo.io", "tenants", write, JsonObject()),
                                          webhook(release, "virtualnode.mutate.liqo.io", "/mutate/virtualnodes",
                                                  "offloading.liqo.io", "virtualnodes", write, JsonObject())}}},
                  false));
  out.push_back(
      part.object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "liqo-webhook",
                  {{"webhooks", JsonArray{webhook(release, "nsoff.validate.liqo.io", "/validate/namespace-offloading",
                                                  "offloading.liqo.io", "namespaceoffloadings", write, JsonObject()),
                                          webhook(release, "shadowpod.validate.liqo.io", "/validate/shadowpods",
                                                  "offloading.liqo.io", "shadowpods", write, JsonObject()),
                                          webhook(release, "tenant.validate.liqo.io", "/validate/tenants",
                                                  "authentication.liqo.io", "tenants", write, JsonObject())}}},
                  false));
  out.push_back(
      part.object("v1", "Service", "liqo-webhook",
                  {{"spec",
                    {{"selector", part.selector()},
                     {"ports", JsonArray{{{"port", 9443}, {"protocol", "TCP"}, {"targetPort", "webhook"}}}}}}}));
  out.push_back(part.object("v1", "Secret", "liqo-webhook-certs", {}));
}

JsonArray kubelet_arguments(const Json& values) {
  JsonArray out;
  if (const auto* more = codec::find(values, "virtualKubelet.extra.args"); more && more->is_array())
    out = more->get_array();
  if (!codec::bool_at(values, "networking.reflectIPs", true)) out.emplace_back("--disable-ip-reflection");
  return out;
}

Json kubelet_options(const LiqoRelease& release) {
  JsonObject reflectors;
  for (const auto* each : {"configmap", "event", "ingress", "secret", "service"})
    reflectors[each] = {{"type", "DenyList"}, {"workers", 3}};
  for (const auto* each : {"endpointslice", "pod"}) reflectors[each] = {{"workers", 10}};
  for (const auto* each : {"persistentvolumeclaim", "serviceaccount"}) reflectors[each] = {{"workers", 3}};
  return Part(release, "virtual-kubelet", "virtualkubelet")
      .object("offloading.liqo.io/v1beta1", "VkOptionsTemplate", "virtual-kubelet-default",
              {{"spec",
                {{"containerImage", "ghcr.io/liqotech/virtual-kubelet:" + release.version},
                 {"createNode", true},
                 {"disableNetworkCheck", codec::bool_at(release.values, "offloading.disableNetworkCheck")},
                 {"extraArgs", kubelet_arguments(release.values)},
                 {"metricsEnabled", false},
                 {"pullPolicy", "IfNotPresent"},
                 {"reflectorsConfig", std::move(reflectors)},
                 {"replicas", 1},
                 {"resources", {{"limits", JsonObject()}, {"requests", JsonObject()}}}}}});
}

Json chart_network(const LiqoRelease& release, const std::string& name, std::string_view type,
                   const std::string& cidr) {
  auto out =
      Part(release, "ipam", "ipam").object("ipam.liqo.io/v1alpha1", "Network", name, {{"spec", {{"cidr", cidr}}}});
  child(metadata_of(out), "labels")["ipam.liqo.io/network-type"] = boost::json::string_view(type.data(), type.size());
  return out;
}

JsonArray manager_arguments(const Json& values) {
  std::string labels;
  if (const auto* map = codec::find(values, "discovery.config.clusterLabels"); map && map->is_object())
    for (const auto& [key, value] : map->get_object())
      if (value.is_string())
        labels += fmt::format("{}{}={}", labels.empty() ? "" : ",", std::string_view(key),
                              std::string_view(value.get_string()));
  const bool network = codec::bool_at(values, "networking.enabled", true);
  return {"--cluster-id=$(CLUSTER_ID)",
          "--liqo-namespace=$(POD_NAMESPACE)",
          fmt::format("--networking-enabled={}", network),
          "--authentication-enabled=true",
          "--offloading-enabled=true",
          "--default-limits-enforcement=None",
          "--default-node-resources=cpu=4,ephemeral-storage=20Gi,memory=8Gi,pods=110",
          "--global-labels=liqo.io/managed=true",
          "--api-server-address-override=" + codec::text_at(values, "apiServer.address"),
          "--cluster-labels=" + labels};
}

}  // namespace

std::vector<Json> liqo_chart(const LiqoRelease& release) {
  const auto& values = release.values;
  std::vector<Json> out;
  for (const auto& each : kLiqoDefinitions) out.push_back(definition(each));
  out.push_back(Part(release, "clusterid-configmap", "clusterid-configmap")
                    .object("v1", "ConfigMap", "liqo-clusterid-configmap",
                            {{"data", {{"CLUSTER_ID", codec::text_at(values, "discovery.config.clusterID")}}}}));
  const Part manager(release, "controller-manager", "controller-manager");
  const Part replicator(release, "crd-replicator", "dispatcher");
  const Part hooks(release, "webhook", "webhook");
  for (const auto* part : {&manager, &replicator, &hooks}) add_rights(*part, release.name_space, out);
  add_remote_roles(release, out);
  out.push_back(manager.deployment(manager_arguments(values)));
  out.push_back(replicator.deployment({"--cluster-id=$(CLUSTER_ID)"}));
  out.push_back(hooks.deployment({"--cluster-id=$(CLUSTER_ID)", "--liqo-namespace=$(POD_NAMESPACE)"}));
  add_webhooks(release, out);
  out.push_back(kubelet_options(release));
  out.push_back(chart_network(release, "external-cidr", "external-cidr", "10.70.0.0/16"));
  out.push_back(chart_network(release, "internal-cidr", "internal-cidr", "10.80.0.0/16"));
  out.push_back(chart_network(release, "pod-cidr", "pod-cidr", codec::text_at(values, "ipam.podCIDRs.0")));
  out.push_back(chart_network(release, "service-cidr", "service-cidr", codec::text_at(values, "ipam.serviceCIDR")));
  out.push_back(Part(release, "runtimeclass", "runtimeclass")
                    .object("node.k8s.io/v1", "RuntimeClass", "liqo",
                            {{"handler", "runc"},
                             {"scheduling",
                              {{"nodeSelector", {{"liqo.io/type", "virtual-node"}}},
                               {"tolerations", JsonArray{{{"key", "virtual-node.liqo.io/not-allowed"},
                                                          {"operator", "Exists"},
                                                          {"effect", "NoExecute"}}}}}}},
                            false));
  return out;
}

void install_liqo(KubeStore& store, const LiqoRelease& release, Time at) {
  const auto lay = [&](const KubeKind& kind, Json object) {
    const auto key = kind.key(kube::namespace_of(object), kube::name_of(object));
    auto& annotations = child(metadata_of(object), "annotations");
    annotations["meta.helm.sh/release-name"] = "liqo";
    annotations["meta.helm.sh/release-namespace"] = release.name_space;
    if (const auto there = store.find(key)) {
      for (const auto* kept : {"metadata.finalizers", "metadata.generation"})
        if (const auto* value = codec::find(*there, kept)) metadata_of(object)[kept + 9] = *value;
      if (const auto* status = codec::find(*there, "status")) object.as_object()["status"] = *status;
    }
    if (kind.counts_generations)
      metadata_of(object)["generation"] = codec::number_at(object, "metadata.generation", 0) + 1;
    fill_in(kind, object, store);
    store.put(key, std::move(object), at);
  };
  const auto& spaces = built_in("Namespace");
  if (!store.find(spaces.key("", release.name_space))) {
    Json space{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", release.name_space}}}};
    fill_in(spaces, space, store);
    store.put(spaces.key("", release.name_space), std::move(space), at);
  }
  for (auto& object : liqo_chart(release)) {
    const auto api = kube::api_version_of(object);
    const auto slash = api.find('/');
    const auto group = slash == std::string::npos ? "" : api.substr(0, slash);
    const auto of_liqo = std::ranges::find_if(
        kLiqoDefinitions, [&](const LiqoDefinition& d) { return group == d.group && kube::kind_of(object) == d.kind; });
    if (of_liqo == kLiqoDefinitions.end()) {
      const auto& kind = built_in(kube::kind_of(object));
      lay(kind, std::move(object));
      continue;
    }
    KubeKind kind{group, {api.substr(slash + 1)}, of_liqo->plural, of_liqo->kind, of_liqo->namespaced, true, true,
                  false};
    lay(kind, std::move(object));
  }
  Json record{{"apiVersion", "v1"},
              {"kind", "Secret"},
              {"metadata",
               {{"name", "sh.helm.release.v1.liqo.v1"},
                {"namespace", release.name_space},
                {"labels", {{"name", "liqo"}, {"owner", "helm"}, {"status", "deployed"}, {"version", "1"}}}}},
              {"type", "helm.sh/release.v1"}};
  store.put(built_in("Secret").key(release.name_space, "sh.helm.release.v1.liqo.v1"), std::move(record), at);
}

}  // namespace tombolo::sim
