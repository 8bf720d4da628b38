// kubeconfig files: what they say, several of them merged as kubectl merges them, and writing a small one.
// Format: k8s.io/client-go/tools/clientcmd/api/v1. Who we are by a user entry is identity.hpp's business.
//
// A file is refused for its form only (not YAML, a value of the wrong kind, a name twice). What is wrong with one user or
// cluster is told when a context uses it: somebody else's old entry must not stop us. Keys we do not know are skipped.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/diagnostics.hpp"
#include "base/secret.hpp"
#include "codec/json.hpp"

namespace tombolo::kube {

// A PEM text that stands in the kubeconfig or in a file beside it.
struct Material {
  Secret<std::string> data;
  std::string file;  // absolute, or relative to where the program runs when the kubeconfig was; "" when there is none
  bool empty() const { return data.empty() && file.empty(); }
};

struct ClusterEntry {
  std::string name;
  std::string where;  // "config:12:3"
  std::string server;  // "https://192.168.1.54:6443"
  Material authority;
  std::string tls_server_name;
  std::string proxy_url;
  bool insecure = false;
  codec::Json
      exec_config;  // the extension client.authentication.k8s.io/exec, handed to plugins; null when there is none
};

struct ExecPlugin {
  std::string api_version;  // client.authentication.k8s.io/v1 or /v1beta1
  std::string command;  // looked up in PATH, or a path
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;
  std::string install_hint;
  std::string interactive_mode;
  bool provide_cluster_info = false;
};

struct UserEntry {
  std::string name;
  std::string where;
  Material certificate;
  Material key;
  Secret<std::string> token;
  std::string token_file;
  std::optional<ExecPlugin> exec;
  std::string refused;  // why nobody can log in by this entry; "": nothing speaks against it
  std::string as_user;  // whom to impersonate
  std::string as_uid;
  std::vector<std::string> as_groups;
};

struct ContextEntry {
  std::string name;
  std::string where;
  std::string cluster;
  std::string user;
  std::string name_space;
};

struct Kubeconfig {
  std::vector<ClusterEntry> clusters;
  std::vector<UserEntry> users;
  std::vector<ContextEntry> contexts;
  std::string current_context;

  const ClusterEntry* cluster(std::string_view name) const;
  const UserEntry* user(std::string_view name) const;
  const ContextEntry* context(std::string_view name) const;
};

// One file's text; `file` is its path, from which its relative paths are resolved. Nothing when `diagnostics` got an error.
std::optional<Kubeconfig> parse_kubeconfig(std::string_view text, const std::string& file, Diagnostics& diagnostics);

// The first file that has an entry or a current context has it for good; entries are never mixed.
void merge(Kubeconfig& into, Kubeconfig more);

// Where kubectl looks: the named file, or the files of KUBECONFIG (a list with ':'), or ~/.kube/config.
struct KubeconfigPlaces {
  std::vector<std::string> files;
  bool must_exist = false;  // only for the named one; absent ones of KUBECONFIG are skipped
};
KubeconfigPlaces kubeconfig_places(const std::string& named, std::string_view kubeconfig_variable,
                                   const std::string& home);

// Errors: kNotFound (no file at all), kIo, kBadInput (the first fault, with its position; all of them in `diagnostics`).
Result<Kubeconfig> load_kubeconfig(const KubeconfigPlaces& places, Diagnostics& diagnostics);

// The whole of it, with data inline where it is known inline. Same input, same bytes; it holds the users' keys. Exec plugins are
// not written.
Secret<std::string> kubeconfig_text(const Kubeconfig& config);
// One cluster, one user, one context, which is the current one.
Secret<std::string> kubeconfig_text(const ClusterEntry& cluster, const UserEntry& user, const ContextEntry& context);
// To a file that only its owner may read, whole or not at all. Errors: kIo.
Result<> write_kubeconfig(const std::string& path, const ClusterEntry& cluster, const UserEntry& user,
                          const ContextEntry& context);

}  // namespace tombolo::kube
