// What a server serves: its version, its groups, and the resource of a kind. One document per group and version is asked for,
// as every version of Kubernetes and of k3s answers it.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kube/client.hpp"
#include "kube/object.hpp"

namespace tombolo::kube {

struct ServerVersion {
  std::string git;  // "v1.35.4", "v1.34.2+k3s1"
  int major = 0;
  int minor = 0;
};
Result<ServerVersion> server_version(Client& client, const std::stop_token& stop);

// `path` is /readyz or /livez. Errors: kTransient while the server is not ready, naming the checks that fail.
Result<> server_ready(Client& client, const std::stop_token& stop, std::string_view path = "/readyz");

// Every resource of a group's version ("apps/v1", "v1"), without subresources. kNotFound when the group is not served: with
// custom resources, when their definitions are not installed.
Result<std::vector<Resource>> resources_of(Client& client, const std::string& api_version, const std::stop_token& stop);

// Groups with their preferred versions: "apps/v1". The core group is not among them.
Result<std::vector<std::string>> preferred_versions(Client& client, const std::stop_token& stop);

// The resource that objects of an apiVersion and kind are read and written at; the server is asked once for each version.
// The group decides: `resourceslices` is Liqo's in authentication.liqo.io and Kubernetes' own in resource.k8s.io.
class Catalogue {
 public:
  explicit Catalogue(Client& client) : client_(client) {}
  // kNotFound as above, and when the group has no such kind.
  Result<Resource> find(const std::string& api_version, std::string_view kind, const std::stop_token& stop);
  void forget() { known_.clear(); }  // after definitions were installed

 private:
  Client& client_;
  std::map<std::string, std::vector<Resource>> known_;
};

}  // namespace tombolo::kube
