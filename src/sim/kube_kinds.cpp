#include "sim/kube_kinds.hpp"

#include <algorithm>
#include <cstdlib>

#include "kube/object.hpp"

namespace tombolo::sim {
namespace {

constexpr bool kIn = true, kOut = false;   // namespaces
constexpr bool kStatus = true, kBare = false;
constexpr bool kCounts = true, kPlain = false;

const std::vector<std::string> kV1{"v1"};

}  // namespace

const std::vector<KubeKind>& built_in_kinds() {
  static const std::vector<KubeKind> all{
      {"", kV1, "namespaces", "Namespace", kOut, kStatus, kPlain, true, "ns"},
      {"", kV1, "nodes", "Node", kOut, kStatus, kPlain, true, "no"},
      {"", kV1, "pods", "Pod", kIn, kStatus, kCounts, true, "po"},
      {"", kV1, "secrets", "Secret", kIn, kBare, kPlain},
      {"", kV1, "configmaps", "ConfigMap", kIn, kBare, kPlain, true, "cm"},
      {"", kV1, "serviceaccounts", "ServiceAccount", kIn, kBare, kPlain, true, "sa"},
      {"", kV1, "services", "Service", kIn, kStatus, kPlain, true, "svc"},
      {"", kV1, "endpoints", "Endpoints", kIn, kBare, kPlain, true, "ep"},
      {"", kV1, "events", "Event", kIn, kBare, kPlain, true, "ev"},
      {"", kV1, "resourcequotas", "ResourceQuota", kIn, kStatus, kPlain, true, "quota"},
      {"", kV1, "persistentvolumes", "PersistentVolume", kOut, kStatus, kPlain, true, "pv"},
      {"", kV1, "persistentvolumeclaims", "PersistentVolumeClaim", kIn, kStatus, kPlain, true, "pvc"},
      {"apps", kV1, "daemonsets", "DaemonSet", kIn, kStatus, kCounts, true, "ds"},
      {"apps", kV1, "deployments", "Deployment", kIn, kStatus, kCounts, true, "deploy"},
      {"apps", kV1, "replicasets", "ReplicaSet", kIn, kStatus, kCounts, true, "rs"},
      {"apps", kV1, "statefulsets", "StatefulSet", kIn, kStatus, kCounts, true, "sts"},
      {"batch", kV1, "jobs", "Job", kIn, kStatus, kCounts},
      {"batch", kV1, "cronjobs", "CronJob", kIn, kStatus, kCounts, true, "cj"},
      {"rbac.authorization.k8s.io", kV1, "roles", "Role", kIn, kBare, kPlain},
      {"rbac.authorization.k8s.io", kV1, "rolebindings", "RoleBinding", kIn, kBare, kPlain},
      {"rbac.authorization.k8s.io", kV1, "clusterroles", "ClusterRole", kOut, kBare, kPlain},
      {"rbac.authorization.k8s.io", kV1, "clusterrolebindings", "ClusterRoleBinding", kOut, kBare, kPlain},
      {"admissionregistration.k8s.io", kV1, "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", kOut,
       kBare, kCounts},
      {"admissionregistration.k8s.io", kV1, "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", kOut,
       kBare, kCounts},
      {"apiextensions.k8s.io", kV1, "customresourcedefinitions", "CustomResourceDefinition", kOut, kStatus, kCounts,
       true, "crd"},
      {"apiregistration.k8s.io", kV1, "apiservices", "APIService", kOut, kStatus, kPlain},
      {"certificates.k8s.io", kV1, "certificatesigningrequests", "CertificateSigningRequest", kOut, kStatus, kPlain,
       true, "csr"},
      {"coordination.k8s.io", kV1, "leases", "Lease", kIn, kBare, kPlain},
      {"discovery.k8s.io", kV1, "endpointslices", "EndpointSlice", kIn, kBare, kCounts},
      {"networking.k8s.io", kV1, "networkpolicies", "NetworkPolicy", kIn, kBare, kCounts, true, "netpol"},
      {"networking.k8s.io", kV1, "ingresses", "Ingress", kIn, kStatus, kCounts, true, "ing"},
      {"node.k8s.io", kV1, "runtimeclasses", "RuntimeClass", kOut, kBare, kPlain},
      {"policy", kV1, "poddisruptionbudgets", "PodDisruptionBudget", kIn, kStatus, kCounts, true, "pdb"},
      {"scheduling.k8s.io", kV1, "priorityclasses", "PriorityClass", kOut, kBare, kCounts, true, "pc"},
      {"storage.k8s.io", kV1, "storageclasses", "StorageClass", kOut, kBare, kPlain, true, "sc"},
  };
  return all;
}

const KubeKind& built_in(std::string_view kind) {
  const auto it = std::ranges::find(built_in_kinds(), kind, &KubeKind::kind);
  if (it == built_in_kinds().end()) std::abort();  // a misspelt name in this folder
  return *it;
}

std::optional<KubeKind> kind_defined_by(const codec::Json& definition) {
  const auto established = kube::condition_of(definition, "Established");
  if (!established || !established->holds()) return std::nullopt;
  KubeKind out;
  out.built_in = false;
  out.group = codec::text_at(definition, "spec.group");
  out.plural = codec::text_at(definition, "spec.names.plural");
  out.kind = codec::text_at(definition, "spec.names.kind");
  out.short_name = codec::text_at(definition, "spec.names.shortNames.0");
  out.namespaced = codec::text_at(definition, "spec.scope") == "Namespaced";
  if (const auto* versions = codec::find(definition, "spec.versions"); versions && versions->is_array())
    for (const auto& v : versions->get_array()) {
      if (!codec::bool_at(v, "served")) continue;
      auto name = codec::text_at(v, "name");
      out.has_status = out.has_status || codec::find(v, "subresources.status");
      // v1 is preferred to v1beta1, and v2 to v1; the storage version's place does not matter.
      const auto stable = [](const std::string& n) { return n.find_first_not_of("v0123456789") == std::string::npos; };
      const auto before = [&](const std::string& other) {
        return stable(name) != stable(other) ? stable(name) : name > other;
      };
      out.versions.insert(std::find_if(out.versions.begin(), out.versions.end(), before), std::move(name));
    }
  if (out.versions.empty()) return std::nullopt;
  return out;
}

std::vector<KubeKind> kinds_of(const KubeStore& store) {
  auto out = built_in_kinds();
  for (const auto& [key, object] : store.of("apiextensions.k8s.io", "customresourcedefinitions"))
    if (auto kind = kind_defined_by(*object)) out.push_back(std::move(*kind));
  return out;
}

std::optional<KubeKind> find_kind(const KubeStore& store, const std::string& group, const std::string& version,
                                  const std::string& plural) {
  const auto serves = [&](const KubeKind& kind) {
    return kind.group == group && kind.plural == plural &&
           std::ranges::find(kind.versions, version) != kind.versions.end();
  };
  const auto& own = built_in_kinds();
  if (const auto it = std::find_if(own.begin(), own.end(), serves); it != own.end()) return *it;
  const auto definition = store.find(built_in("CustomResourceDefinition").key("", plural + "." + group));
  auto kind = definition ? kind_defined_by(*definition) : std::nullopt;
  return kind && serves(*kind) ? kind : std::nullopt;
}

std::optional<KubeKind> kind_named(const KubeStore& store, const std::string& api_version, const std::string& kind) {
  const auto slash = api_version.find('/');
  const auto group = slash == std::string::npos ? "" : api_version.substr(0, slash);
  for (auto& each : kinds_of(store))
    if (each.group == group && each.kind == kind) return each;
  return std::nullopt;
}

}  // namespace tombolo::sim
