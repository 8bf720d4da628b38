// The lighthouse as the server of the cloud's cluster: k3s' configuration, and what the operator's side asks of the machine
// once k3s runs. Pure. Source: k3s' documentation (cli/server, installation/configuration) and Helm's.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "codec/cidr.hpp"

namespace tombolo::cloudinit {

// What k3s' server is told, /etc/rancher/k3s/config.yaml. Traefik and ServiceLB stay out: nobody comes in from outside.
struct K3sConfig {
  std::string node;
  codec::Address mesh_address{};
  std::string device = "nebula1";  // flannel does not follow node-ip
  codec::Cidr pods{};
  codec::Cidr services{};  // its tenth address is the cluster's DNS
};
std::string k3s_config(const K3sConfig& config);

inline constexpr std::string_view kKubeconfigFile = "/etc/rancher/k3s/k3s.yaml";
inline constexpr std::string_view kJoinTokenFile = "/var/lib/rancher/k3s/server/node-token";

// k3s' own kubeconfig and join token, over SSH. As root through sudo; the same command always, as in report.hpp.
inline constexpr std::string_view kCredentialsCommand = "sudo -n bash -s credentials";
std::string credentials_script();
struct CloudCredentials {
  Secret<std::string> kubeconfig;  // names 127.0.0.1 as its server
  Secret<std::string> join_token;
};
// kState while k3s has not written them; kCorrupt for anything that is no answer to credentials_script().
Result<CloudCredentials> read_credentials(std::string_view answer);
std::string credentials_answer(std::string_view kubeconfig, std::string_view token);  // for the simulated site

// Liqo's chart rendered by the Helm of the machine, for another cluster than its own: hooks left out, definitions included.
inline constexpr std::string_view kRenderCommand = "sudo -n bash -s render";
struct RenderRequest {
  std::string chart_version;  // "v1.2.0": the archive that the phase `liqo` has fetched
  std::string name_space;
  std::string values;  // YAML or JSON
  std::string kubernetes_version;  // of the cluster it is for: "v1.35.4"
};
std::string render_script(const RenderRequest& request);
// The documents of the rendered chart, one YAML text each. Errors: kNotFound while the machine has not fetched the chart,
// kBadInput when Helm refused (its words are the sentence), kCorrupt when the answer was cut.
Result<std::vector<std::string>> read_rendered(std::string_view answer);
std::string rendered_answer(std::string_view yaml);  // for the simulated site

}  // namespace tombolo::cloudinit
