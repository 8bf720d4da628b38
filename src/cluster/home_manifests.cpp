#include "cluster/home_manifests.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codec/base64.hpp"
#include "crypto/hash.hpp"
#include "kube/object.hpp"

namespace tombolo::cluster {

namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

Json metadata(const spec::Cluster& cluster, std::string_view name) {
  return {{"name", name}, {"namespace", cluster.home.nebula_namespace}, {"labels", home_labels(cluster)}};
}

// Nebula needs the host's network and a tunnel device, which no stricter level allows.
Json name_space(const spec::Cluster& cluster) {
  auto labels = home_labels(cluster);
  for (const auto* mode : {"enforce", "audit", "warn"})
    labels.as_object()[fmt::format("pod-security.kubernetes.io/{}", mode)] = "privileged";
  return {{"apiVersion", "v1"},
          {"kind", "Namespace"},
          {"metadata", {{"name", cluster.home.nebula_namespace}, {"labels", std::move(labels)}}}};
}

bool by_node(const HomeMesh& mesh) {
  return std::any_of(mesh.members.begin(), mesh.members.end(), [](const HomeMember& m) { return !m.node.empty(); });
}

// Each node sees its own certificate and key only: the path within the volume is the node's name.
Json host_volume(const HomeMesh& mesh) {
  JsonArray items;
  for (const auto& m : mesh.members)
    for (const auto* part : {"crt", "key"})
      items.push_back(Json{{"key", m.name + "." + part},
                           {"path", (m.node.empty() ? "" : m.node + "/") + "host." + part},
                           {"mode", 0400}});
  return {{"name", "host"}, {"secret", {{"secretName", kHostSecretName}, {"items", std::move(items)}}}};
}

Json container(const spec::Cluster& cluster, const HomeMesh& mesh) {
  Json host{{"name", "host"}, {"mountPath", kHomeHostFolder}, {"readOnly", true}};
  if (by_node(mesh)) host.as_object()["subPathExpr"] = "$(NODE_NAME)";
  return {
      {"name", kNebulaName},
      {"image", nebula_image(cluster)},
      {"imagePullPolicy", "IfNotPresent"},
      {"args", JsonArray{Json("-config"), Json(std::string(kHomeConfigFolder) + "/config.yml")}},
      {"env", JsonArray{{{"name", "NODE_NAME"}, {"valueFrom", {{"fieldRef", {{"fieldPath", "spec.nodeName"}}}}}}}},
      {"resources", {{"requests", {{"cpu", "10m"}, {"memory", "32Mi"}}}, {"limits", {{"memory", "256Mi"}}}}},
      {"securityContext",
       {{"runAsUser", 0},
        {"allowPrivilegeEscalation", false},
        {"readOnlyRootFilesystem", true},
        {"capabilities", {{"drop", JsonArray{Json("ALL")}}, {"add", JsonArray{Json("NET_ADMIN")}}}}}},
      {"volumeMounts", JsonArray{{{"name", "config"}, {"mountPath", kHomeConfigFolder}, {"readOnly", true}},
                                 std::move(host),
                                 {{"name", "tun"}, {"mountPath", "/dev/net/tun"}}}},
  };
}

// The members' nodes where they are named, and never a virtual one: Nebula is for machines.
Json affinity(const HomeMesh& mesh) {
  const Json machine{{"key", "liqo.io/type"}, {"operator", "DoesNotExist"}};
  JsonArray terms;  // one of them must hold
  if (!by_node(mesh)) terms.push_back(Json{{"matchExpressions", JsonArray{machine}}});
  for (const auto& m : mesh.members) {
    if (m.node.empty()) continue;
    const Json field{{"key", "metadata.name"}, {"operator", "In"}, {"values", JsonArray{Json(m.node)}}};
    terms.push_back(Json{{"matchExpressions", JsonArray{machine}}, {"matchFields", JsonArray{field}}});
  }
  return {{"nodeAffinity",
           {{"requiredDuringSchedulingIgnoredDuringExecution", {{"nodeSelectorTerms", std::move(terms)}}}}}};
}

Json daemon_set(const spec::Cluster& cluster, const HomeMesh& mesh, const Json& inputs) {
  // Nebula reads its files when it starts; a file that is mounted by subPathExpr would not even change.
  std::string told = mesh.config + mesh.authorities;
  for (const auto& m : mesh.members) told += m.name + m.node + m.certificate;
  const Json select{{"app.kubernetes.io/name", kNebulaName}};
  auto labels = home_labels(cluster);
  labels.as_object()["app.kubernetes.io/name"] = kNebulaName;
  Json pod{{"hostNetwork", true},
           {"dnsPolicy", "Default"},
           {"priorityClassName", "system-node-critical"},
           {"terminationGracePeriodSeconds", 5},
           {"automountServiceAccountToken", false},
           {"nodeSelector", {{"kubernetes.io/os", "linux"}}},
           {"affinity", affinity(mesh)},
           {"tolerations", JsonArray{{{"operator", "Exists"}}}},
           {"containers", JsonArray{container(cluster, mesh)}},
           {"volumes", JsonArray{{{"name", "config"}, {"configMap", {{"name", kNebulaName}}}},
                                 host_volume(mesh),
                                 {{"name", "tun"}, {"hostPath", {{"path", "/dev/net/tun"}, {"type", "CharDevice"}}}}}}};
  auto meta = metadata(cluster, kNebulaName);
  meta.as_object()["annotations"] = {{kInputsAnnotation, codec::to_canonical_text(inputs)}};
  return {{"apiVersion", "apps/v1"},
          {"kind", "DaemonSet"},
          {"metadata", std::move(meta)},
          {"spec",
           {{"selector", {{"matchLabels", select}}},
            {"updateStrategy", {{"type", "RollingUpdate"}, {"rollingUpdate", {{"maxUnavailable", 1}}}}},
            {"template",
             {{"metadata",
               {{"labels", std::move(labels)},
                {"annotations", {{"tombolo/revision", to_hex(crypto::sha256(told)).substr(0, 16)}}}}},
              {"spec", std::move(pod)}}}}}};
}

}  // namespace

Json home_labels(const spec::Cluster& cluster) {
  return {{"app.kubernetes.io/managed-by", "tombolo"}, {kClusterLabel, cluster.name}};
}

bool is_ours(const Json& object, const spec::Cluster& cluster) {
  return kube::label_of(object, kClusterLabel) == cluster.name;
}

std::string nebula_image(const spec::Cluster& cluster) {
  return "docker.io/nebulaoss/nebula:" + cluster.bootstrap.nebula_version;
}

std::vector<Json> nebula_manifests(const spec::Cluster& cluster, const HomeMesh& mesh, const Json& inputs) {
  JsonObject secret;
  for (const auto& m : mesh.members) {
    secret[m.name + ".crt"] = codec::encode_base64(as_bytes(m.certificate));
    secret[m.name + ".key"] = codec::encode_base64(as_bytes(m.key.expose()));
  }
  return {name_space(cluster),
          {{"apiVersion", "v1"},
           {"kind", "ConfigMap"},
           {"metadata", metadata(cluster, kNebulaName)},
           {"data", {{"config.yml", mesh.config}, {"ca.crt", mesh.authorities}}}},
          daemon_set(cluster, mesh, inputs),
          {{"apiVersion", "v1"},
           {"kind", "Secret"},
           {"metadata", metadata(cluster, kHostSecretName)},
           {"type", "Opaque"},
           {"data", std::move(secret)}}};
}

}  // namespace tombolo::cluster
