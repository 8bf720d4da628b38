// Kubernetes objects: JSON values as the server sends them, the few views that everybody needs, and where each kind lives in
// the API. Pure. Source: Kubernetes API conventions.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/json.hpp"

namespace tombolo::kube {

// A resource of an API: where objects of one kind are read and written.
struct Resource {
  std::string group;  // "" for pods, services and the like
  std::string version;
  std::string plural;
  std::string kind;
  bool namespaced = true;

  std::string api_version() const { return group.empty() ? version : group + "/" + version; }
  // "pods", "daemonsets.apps": unmistakable, where "resourceslices" is not.
  std::string text() const { return group.empty() ? plural : plural + "." + group; }
  bool operator==(const Resource&) const = default;
};

inline const Resource kNamespaces{"", "v1", "namespaces", "Namespace", false};
inline const Resource kNodes{"", "v1", "nodes", "Node", false};
inline const Resource kPods{"", "v1", "pods", "Pod"};
inline const Resource kEvents{"", "v1", "events", "Event"};
inline const Resource kSecrets{"", "v1", "secrets", "Secret"};
inline const Resource kConfigMaps{"", "v1", "configmaps", "ConfigMap"};
inline const Resource kServices{"", "v1", "services", "Service"};
inline const Resource kDaemonSets{"apps", "v1", "daemonsets", "DaemonSet"};
inline const Resource kDeployments{"apps", "v1", "deployments", "Deployment"};
inline const Resource kLeases{"coordination.k8s.io", "v1", "leases", "Lease"};
inline const Resource kDefinitions{"apiextensions.k8s.io", "v1", "customresourcedefinitions",
                                   "CustomResourceDefinition", false};
inline const Resource kSigningRequests{"certificates.k8s.io", "v1", "certificatesigningrequests",
                                       "CertificateSigningRequest", false};

// One object. `name_space` is "" for resources without namespaces, and for all namespaces in lists and watches.
struct ObjectName {
  Resource resource;
  std::string name_space;
  std::string name;

  // "DaemonSet nebula/nebula": for messages.
  std::string text() const;
  // "/apis/apps/v1/namespaces/nebula/daemonsets/nebula", percent-encoded; without a name, the path of the list.
  std::string path(std::string_view subresource = "") const;
};

// Views; "" or nothing when the field is absent.
std::string kind_of(const codec::Json& object);
std::string api_version_of(const codec::Json& object);
std::string name_of(const codec::Json& object);
std::string namespace_of(const codec::Json& object);
std::string uid_of(const codec::Json& object);
std::string resource_version_of(const codec::Json& object);
bool is_being_deleted(const codec::Json& object);
std::vector<std::string> finalizers_of(const codec::Json& object);
// Something would make it again: one of its owners is its controller.
bool has_controller(const codec::Json& object);
// A label or annotation; their keys hold dots, which codec::find cannot walk.
std::string label_of(const codec::Json& object, std::string_view key);
std::string annotation_of(const codec::Json& object, std::string_view key);

struct Condition {
  std::string type;
  std::string status;  // "True", "False", "Unknown"
  std::string reason;
  std::string message;
  bool holds() const { return status == "True"; }
};
std::optional<Condition> condition_of(const codec::Json& object, std::string_view type);
std::vector<Condition> conditions_of(const codec::Json& object);

}  // namespace tombolo::kube
