// Which kinds of objects a simulated API server serves: those it is born with, and those of its CustomResourceDefinitions.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/json.hpp"
#include "sim/kube_store.hpp"

namespace tombolo::sim {

struct KubeKind {
  std::string group;
  std::vector<std::string> versions;  // those served, the preferred one first
  std::string plural;
  std::string kind;
  bool namespaced = true;
  bool has_status = false;  // a subresource of its own
  bool counts_generations = true;  // metadata.generation
  bool built_in = true;
  std::string short_name = {};

  std::string text() const { return group.empty() ? plural : plural + "." + group; }
  std::string api_version(std::string_view version) const {
    return group.empty() ? std::string(version) : group + "/" + std::string(version);
  }
  KubeKey key(const std::string& name_space, const std::string& name) const {
    return {group, plural, namespaced ? name_space : "", name};
  }
};

// Reviews are posted and answered, never stored.
inline constexpr std::string_view kReviewGroup = "authorization.k8s.io";

const std::vector<KubeKind>& built_in_kinds();
// All of them, a server's own definitions included.
std::vector<KubeKind> kinds_of(const KubeStore& store);
std::optional<KubeKind> find_kind(const KubeStore& store, const std::string& group, const std::string& version,
                                  const std::string& plural);
// By what an object says of itself, for ownerReferences.
std::optional<KubeKind> kind_named(const KubeStore& store, const std::string& api_version, const std::string& kind);
// What a CustomResourceDefinition defines; nothing when it is not Established.
std::optional<KubeKind> kind_defined_by(const codec::Json& definition);

const KubeKind& built_in(std::string_view kind);  // by its Kind, which must be one of the built-in ones

}  // namespace tombolo::sim
