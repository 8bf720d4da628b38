#include "cloudinit/cluster_side.hpp"

#include <fmt/format.h>

#include "codec/base64.hpp"
#include "codec/gzip.hpp"

namespace tombolo::cloudinit {
namespace {

constexpr std::size_t kMostRendered = 16u << 20;  // bytes; Liqo's chart has one megabyte

// "@begin NAME", base64, "@end NAME": nothing that a program prints in between passes for it.
std::string part(std::string_view name, std::string_view text) {
  return fmt::format("@begin {0}\n{1}\n@end {0}\n", name, codec::encode_base64(as_bytes(text)));
}

std::optional<std::string_view> part_of(std::string_view answer, std::string_view name) {
  const auto begin = fmt::format("@begin {}\n", name), end = fmt::format("\n@end {}\n", name);
  const auto from = answer.find(begin);
  if (from == std::string_view::npos) return std::nullopt;
  answer.remove_prefix(from + begin.size());
  const auto to = answer.find(end);
  if (to == std::string_view::npos) return std::nullopt;
  return answer.substr(0, to);
}

Result<std::string> decoded(std::string_view answer, std::string_view name) {
  const auto text = part_of(answer, name);
  if (!text) return fail(Code::kCorrupt, fmt::format("the machine's answer holds no {}", name));
  const auto bytes = codec::decode_base64(*text);
  if (!bytes) return fail(Code::kCorrupt, fmt::format("the {} in the machine's answer is no base64", name));
  return std::string(as_text(*bytes));
}

}  // namespace

std::string k3s_config(const K3sConfig& config) {
  const auto dns = codec::Address::v4(config.services.network().address().v4_value() + 10);
  return fmt::format(
      "# k3s, written by tombolo. The addresses are the mesh's: nothing of the cluster is open to the Internet.\n"
      "node-name: {0}\n"
      "node-ip: {1}\n"
      "advertise-address: {1}\n"
      "tls-san:\n  - {1}\n"
      "flannel-iface: {2}\n"
      "cluster-cidr: {3}\n"
      "service-cidr: {4}\n"
      "cluster-dns: {5}\n"
      "disable:\n  - traefik\n  - servicelb\n"
      "secrets-encryption: true\n"
      "prefer-bundled-bin: true\n"  // Amazon Linux 2023 has no iptables
      "write-kubeconfig-mode: \"0600\"\n",
      config.node, config.mesh_address.text(), config.device, config.pods.text(), config.services.text(), dns.text());
}

std::string credentials_script() {
  return fmt::format(
      "for each in kubeconfig:{} join-token:{}; do\n"
      "  if [[ -s ${{each#*:}} ]]; then\n"
      "    echo \"@begin ${{each%%:*}}\"\n"
      "    base64 -w 0 \"${{each#*:}}\"\n"
      "    echo\n"
      "    echo \"@end ${{each%%:*}}\"\n"
      "  fi\n"
      "done\n"
      "echo '@done'\n",
      kKubeconfigFile, kJoinTokenFile);
}

std::string credentials_answer(std::string_view kubeconfig, std::string_view token) {
  return (kubeconfig.empty() ? "" : part("kubeconfig", kubeconfig) + part("join-token", token)) + "@done\n";
}

Result<CloudCredentials> read_credentials(std::string_view answer) {
  if (!answer.ends_with("@done\n")) return fail(Code::kCorrupt, "the machine's answer was cut");
  if (!part_of(answer, "kubeconfig") || !part_of(answer, "join-token"))
    return fail(Code::kState, "k3s has not written its kubeconfig yet");
  CloudCredentials out;
  out.kubeconfig = Secret<std::string>(TRY(decoded(answer, "kubeconfig")));
  auto token = TRY(decoded(answer, "join-token"));
  while (token.ends_with('\n')) token.pop_back();
  out.join_token = Secret<std::string>(std::move(token));
  return out;
}

std::string render_script(const RenderRequest& request) {
  return fmt::format(
      "set -uo pipefail\n"
      "export HOME=/root PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
      "folder=$(mktemp -d)\n"
      "trap 'rm -rf \"$folder\"' EXIT\n"
      "base64 -d >\"$folder/values\" <<'END'\n{0}\nEND\n"
      "if [[ ! -s /var/lib/tombolo/artefacts/liqo-{1}.tgz || ! -x /usr/local/bin/helm ]]; then\n"
      "  printf '@begin wait\\n\\n@end wait\\n'\n"
      "elif helm template liqo /var/lib/tombolo/artefacts/liqo-{1}.tgz --namespace '{2}' --kube-version '{3}' "
      "--include-crds \\\n"
      "  --no-hooks --values \"$folder/values\" </dev/null >\"$folder/out\" 2>\"$folder/err\"; then\n"
      "  echo '@begin chart'\n"
      "  gzip -c \"$folder/out\" | base64 -w 0\n"
      "  echo\n"
      "  echo '@end chart'\n"
      "else\n"
      "  echo '@begin error'\n"
      "  base64 -w 0 \"$folder/err\"\n"
      "  echo\n"
      "  echo '@end error'\n"
      "fi\n",
      codec::encode_base64(as_bytes(request.values)), request.chart_version, request.name_space,
      request.kubernetes_version);
}

std::string rendered_answer(std::string_view yaml) {
  const auto packed = codec::gzip(as_bytes(yaml));
  return part("chart", as_text(packed));
}

Result<std::vector<std::string>> read_rendered(std::string_view answer) {
  if (part_of(answer, "wait")) return fail(Code::kNotFound, "the machine has not fetched Liqo's chart yet");
  if (part_of(answer, "error")) {
    auto said = TRY(decoded(answer, "error"));
    while (said.ends_with('\n')) said.pop_back();
    return fail(Code::kBadInput, "Helm could not render Liqo's chart: " + said,
                "More values (liqo.homeValues) may be wrong.");
  }
  const auto packed = TRY(decoded(answer, "chart"));
  const auto bytes = TRY(context(codec::gunzip(as_bytes(packed), kMostRendered), "unpacking the rendered chart"));
  // Helm puts "---" on a line of its own before each document; inside one, every line of a block is moved in.
  std::vector<std::string> out(1);
  for (auto rest = as_text(bytes); !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line == "---")
      out.emplace_back();
    else
      out.back() += std::string(line) + "\n";
  }
  std::erase_if(out, [](const std::string& document) {
    for (std::string_view rest = document; !rest.empty();) {
      const auto line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      if (!line.empty() && !line.starts_with('#')) return false;
    }
    return true;
  });
  return out;
}

}  // namespace tombolo::cloudinit
