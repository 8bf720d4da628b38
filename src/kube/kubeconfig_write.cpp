// The other direction of kubeconfig.hpp.
#include <fmt/format.h>

#include "base/files.hpp"
#include "codec/base64.hpp"
#include "codec/yaml.hpp"
#include "kube/kubeconfig.hpp"

namespace tombolo::kube {
namespace {

void add(std::string& out, std::string_view key, std::string_view value) {
  if (!value.empty()) out += fmt::format("    {}: {}\n", key, codec::yaml_scalar(value));
}

void add(std::string& out, const std::string& key, const Material& material) {
  if (!material.data.empty())
    add(out, key + "-data", codec::encode_base64(as_bytes(material.data.expose())));
  else
    add(out, key, material.file);
}

}  // namespace

Secret<std::string> kubeconfig_text(const Kubeconfig& config) {
  std::string out = fmt::format("apiVersion: v1\nkind: Config\ncurrent-context: {}\nclusters:\n",
                                codec::yaml_scalar(config.current_context));
  for (const auto& cluster : config.clusters) {
    out += fmt::format("- name: {}\n  cluster:\n", codec::yaml_scalar(cluster.name));
    add(out, "server", cluster.server);
    add(out, "certificate-authority", cluster.authority);
    add(out, "tls-server-name", cluster.tls_server_name);
    add(out, "proxy-url", cluster.proxy_url);
    if (cluster.insecure) out += "    insecure-skip-tls-verify: true\n";
  }
  out += "users:\n";
  for (const auto& user : config.users) {
    const bool nothing = user.certificate.empty() && user.key.empty() && user.token.empty() && user.token_file.empty();
    out += fmt::format("- name: {}\n  user:{}\n", codec::yaml_scalar(user.name), nothing ? " {}" : "");
    add(out, "client-certificate", user.certificate);
    add(out, "client-key", user.key);
    add(out, "token", user.token.expose());
    add(out, "tokenFile", user.token_file);
  }
  out += "contexts:\n";
  for (const auto& context : config.contexts) {
    out += fmt::format("- name: {}\n  context:\n", codec::yaml_scalar(context.name));
    add(out, "cluster", context.cluster);
    add(out, "user", context.user);
    add(out, "namespace", context.name_space);
  }
  return Secret<std::string>(std::move(out));
}

Secret<std::string> kubeconfig_text(const ClusterEntry& cluster, const UserEntry& user, const ContextEntry& context) {
  ContextEntry joined = context;
  joined.cluster = cluster.name;
  joined.user = user.name;
  return kubeconfig_text(Kubeconfig{{cluster}, {user}, {joined}, context.name});
}

Result<> write_kubeconfig(const std::string& path, const ClusterEntry& cluster, const UserEntry& user,
                          const ContextEntry& context) {
  return write_file(path, kubeconfig_text(cluster, user, context).expose(), kPrivateFile);
}

}  // namespace tombolo::kube
