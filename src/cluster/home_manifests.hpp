// What home gets of ours besides Liqo, as Kubernetes objects: Nebula as a DaemonSet. Pure.
// Source: Nebula's image (docker/README.md of slackhq/nebula), Talos' pod security (its default is "baseline").
#pragma once
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "codec/json.hpp"
#include "spec/cluster.hpp"

namespace tombolo::cluster {

// One node of home as a member of the mesh.
struct HomeMember {
  std::string name;
  std::string node;  // "": whichever node there is
  std::string certificate;  // PEM
  Secret<std::string> key;  // PEM; empty in trees that are exported
};

struct HomeMesh {
  std::string config;       // config.yml, the same on every node; made for kHomePki
  std::string authorities;  // ca.crt
  std::vector<HomeMember> members;
};

// Where the DaemonSet has its files, for config.yml.
inline constexpr std::string_view kHomeConfigFolder = "/etc/nebula/config";
inline constexpr std::string_view kHomeHostFolder = "/etc/nebula/host";

inline constexpr std::string_view kClusterLabel = "tombolo/cluster";  // label of all that is ours at home
inline constexpr std::string_view kInputsAnnotation = "tombolo/inputs";  // what it was made from
inline constexpr std::string_view kNebulaName = "nebula";  // of DaemonSet and ConfigMap
inline constexpr std::string_view kHostSecretName = "nebula-host";  // certificates and keys of the members

codec::Json home_labels(const spec::Cluster& cluster);
bool is_ours(const codec::Json& object, const spec::Cluster& cluster);
std::string nebula_image(const spec::Cluster& cluster);  // with registry and tag
// Namespace, ConfigMap, DaemonSet, and the Secret last. `inputs` becomes the DaemonSet's annotation.
std::vector<codec::Json> nebula_manifests(const spec::Cluster& cluster, const HomeMesh& mesh,
                                          const codec::Json& inputs);

}  // namespace tombolo::cluster
