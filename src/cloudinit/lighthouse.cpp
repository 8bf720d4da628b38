#include "cloudinit/lighthouse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "cloudinit/cluster_script.hpp"
#include "cloudinit/host_proof.hpp"
#include "cloudinit/lighthouse_script.hpp"
#include "crypto/hash.hpp"

namespace tombolo::cloudinit {
namespace {

struct PemBlock {
  std::string label;  // "NEBULA CERTIFICATE"
  std::string body;   // base64 lines between the two marks, without the final newline
  std::string text() const { return fmt::format("-----BEGIN {}-----\n{}\n-----END {}-----", label, body, label); }
};

// The blocks of a PEM text, which must hold nothing else: it becomes part of a script.
Result<std::vector<PemBlock>> read_blocks(std::string_view text, std::string_view what) {
  const auto wrong = [&] {
    return fail(Code::kBadInput, fmt::format("{} is not in PEM form", what),
                "It begins with -----BEGIN NEBULA ...-----.");
  };
  std::vector<PemBlock> blocks;
  std::string label, body;
  bool inside = false;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    while (line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (!inside && line.starts_with("-----BEGIN NEBULA ") && line.ends_with("-----")) {
      label = line.substr(11, line.size() - 16);
      if (label.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ") != std::string::npos) return wrong();
      body.clear();
      inside = true;
    } else if (inside && line == fmt::format("-----END {}-----", label)) {
      if (body.empty()) return wrong();
      blocks.push_back({label, body});
      inside = false;
    } else if (inside && line.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") ==
                             std::string_view::npos) {
      body += (body.empty() ? "" : "\n") + std::string(line);
    } else {
      return wrong();
    }
  }
  if (inside || blocks.empty()) return wrong();
  return blocks;
}

bool is_certificate(const PemBlock& block) { return block.label.starts_with("NEBULA CERTIFICATE"); }

// The home CA as it stands; the others by a printf of their body, so that the script has the recipe's count of blocks.
Result<std::string> authorities_block(const std::string& pem) {
  const auto blocks = TRY(read_blocks(pem, "the authorities' certificate file"));
  std::string out = "  cat <<'END'\n" + blocks.front().text() + "\nEND";
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (!is_certificate(blocks[i]))
      return fail(Code::kBadInput, fmt::format("the authorities' certificates include a {}", blocks[i].label));
    if (i > 0)
      out += fmt::format("\n  printf -- '-----BEGIN %s-----\\n%s\\n-----END %s-----\\n' '{0}' '{1}' '{0}'",
                         blocks[i].label, blocks[i].body);
  }
  return out;
}

// Names end up in a comment and between single quotes.
Result<> check_name(std::string_view what, std::string_view text) {
  const bool plain = text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
                     std::string_view::npos;
  if (text.empty() || text.size() > 128 || !plain)
    return fail(Code::kBadInput, fmt::format("{} \"{}\" cannot stand in a boot script", what, text),
                "Use letters, digits, - _ and . only.");
  return {};
}

// What stands in single quotes.
Result<> check_url(std::string_view what, std::string_view url) {
  if (url.empty() ||
      std::any_of(url.begin(), url.end(), [](char c) { return c <= ' ' || c == '\'' || c == '\\' || c == 127; }))
    return fail(Code::kBadInput, fmt::format("the address of {} cannot stand in a boot script: {}", what, url));
  return {};
}

// What stands in a quoted here-document that ends with `mark`.
Result<> check_document(std::string_view what, std::string_view text, std::string_view mark) {
  if (text.empty() || text.find(mark) != std::string::npos || text.find("#@ ") != std::string::npos ||
      text.find('\0') != std::string::npos)
    return fail(Code::kBadInput, fmt::format("{} cannot stand in a boot script", what));
  return {};
}

Result<> check(const CloudCluster& c) {
  TRY(check_name("the node's name", c.node));
  TRY(check_name("the mesh device's name", c.device));
  TRY(check_name("Liqo's version", c.liqo_version));
  TRY(check_name("Liqo's namespace", c.liqo_namespace));
  TRY(check_url("k3s", c.k3s.url));
  TRY(check_url("Helm", c.helm.url));
  TRY(check_url("Liqo's chart", c.chart_url));
  TRY(check_document("k3s' configuration", c.k3s_config, "END_OF_CONFIG"));
  TRY(check_document("the values of Liqo's chart", c.liqo_values, "END_OF_VALUES"));
  if (c.k3s.sha256.size() != 64 || c.helm.sha256.size() != 64)
    return fail(Code::kBadInput, "k3s or Helm has no SHA-256 to check it with");
  return {};
}

Result<> check(const LighthouseBootstrap& b) {
  TRY(check_name("the cluster's name", b.cluster));
  TRY(check_name("the lighthouse's name", b.member));
  TRY(check_url("Nebula's archive", b.nebula.url));
  if (b.nebula.sha256.size() != 64) return fail(Code::kBadInput, "Nebula's archive has no SHA-256 to check it with");
  TRY(check_document("Nebula's configuration", b.nebula_config, "END_OF_CONFIG"));
  if (b.cluster_side) TRY(check(*b.cluster_side));
  if (b.nebula_config.find("BEGIN NEBULA") != std::string::npos)
    return fail(Code::kBadInput, "Nebula's configuration holds keys or certificates itself",
                fmt::format("It names {}, {} and {} instead.", kAuthorities, kHostCertificate, kHostKey));
  return {};
}

std::string short_hash(std::string_view text) { return to_hex(crypto::sha256(text)).substr(0, 16); }

// The sections of config.yml that a running Nebula does not read again: listen and tun, cipher, relay.
std::string start_key(const LighthouseBootstrap& b) {
  std::string told = b.nebula.sha256;
  bool inside = false;
  std::string_view rest = b.nebula_config;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (!line.starts_with(' '))
      inside = line.starts_with("listen:") || line.starts_with("tun:") || line.starts_with("cipher:") ||
               line.starts_with("relay:");
    if (inside) told += "\n" + std::string(line);
  }
  return short_hash(told);
}

std::string values_block(const LighthouseBootstrap& b) {
  auto values = fmt::format(
      "MESH_ADDRESS='{}'\nPORT='{}'\nNEBULA_URL='{}'\nNEBULA_SHA256='{}'\n"
      "REVISION='{}'  # of all that this script makes\nMESH_REVISION='{}'\n"
      "START='{}'  # of what Nebula reads only when it starts",
      b.mesh_address.text(), b.listen_port, b.nebula.url, b.nebula.sha256, revision(b), mesh_revision(b), start_key(b));
  if (const auto& c = b.cluster_side)
    values += fmt::format(
        "\nNODE='{}'\nDEVICE='{}'\nK3S_URL='{}'\nK3S_SHA256='{}'\n"
        "K3S_START='{}'  # of what k3s reads only when it starts\n"
        "HELM_URL='{}'\nHELM_SHA256='{}'\n"
        "LIQO_VERSION='{}'\nLIQO_NAMESPACE='{}'\nCHART_URL='{}'\nCHART_SHA256='{}'",
        c->node, c->device, c->k3s.url, c->k3s.sha256, short_hash(c->k3s.sha256 + c->k3s_config), c->helm.url,
        c->helm.sha256, c->liqo_version, c->liqo_namespace, c->chart_url, c->chart_sha256);
  return values;
}

using Blocks = std::map<std::string, std::string>;

Result<> add_embedded_blocks(const EmbeddedIdentity& identity, Blocks& blocks) {
  const auto certificate = TRY(read_blocks(identity.certificate_pem, "the lighthouse's certificate"));
  if (certificate.size() != 1 || !is_certificate(certificate.front()))
    return fail(Code::kBadInput, "the lighthouse's certificate file must hold one certificate and nothing else");
  const auto key = TRY(read_blocks(identity.key_pem.expose(), "the lighthouse's key"));
  const auto& label = key.front().label;  // an authority's key has another label, and must never come here
  if (key.size() != 1 || (label != "NEBULA X25519 PRIVATE KEY" && label != "NEBULA P256 PRIVATE KEY"))
    return fail(Code::kBadInput, fmt::format("the lighthouse's key file holds a {}", label),
                "It must hold one private host key (NEBULA X25519 PRIVATE KEY) and nothing else.");
  blocks["keys"] = kEmbeddedKeysBlock;
  blocks["key"] = key.front().text();
  blocks["certificate"] = kEmbeddedCertificateBlock;
  blocks["host-certificate"] = certificate.front().text();
  blocks["rerun"] = "";
  return {};
}

// Replaces every line `#@ name` by the block of that name, in which such lines count again.
void fill_in(std::string_view text, const Blocks& blocks, std::string& out) {
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto block = line.starts_with("#@ ") ? blocks.find(std::string(line.substr(3))) : blocks.end();
    if (block == blocks.end()) {
      out += line;
      out += '\n';
    } else {
      fill_in(block->second, blocks, out);
    }
  }
}

// A YAML literal block: every line that holds something is moved in.
std::string indented(std::string_view text, std::string_view by) {
  std::string out;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (!line.empty()) out += std::string(by) + std::string(line);
    out += '\n';
  }
  return out;
}

std::size_t count(std::string_view text, std::string_view word) {
  std::size_t found = 0;
  for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + word.size())) ++found;
  return found;
}

}  // namespace

std::string mesh_revision(const LighthouseBootstrap& b) {
  // The script's own text counts too: a newer program's lighthouse is brought up to date.
  std::string told(kLighthouseScript);
  for (const auto& part : {b.mesh_address.text(), b.authorities_pem, b.nebula_config, b.nebula.sha256})
    told += std::string(1, '\0') + part;
  return short_hash(told);
}

std::string revision(const LighthouseBootstrap& b) {
  auto told = mesh_revision(b);
  if (const auto& c = b.cluster_side)
    for (const auto& part : {std::string(kClusterPhases), c->k3s.sha256, c->k3s_config, c->node, c->helm.sha256,
                             c->liqo_version, c->liqo_namespace, c->liqo_values, c->chart_sha256})
      told += std::string(1, '\0') + part;
  return short_hash(told);
}

Result<std::string> lighthouse_script(const LighthouseBootstrap& bootstrap) {
  TRY(check(bootstrap));
  Blocks blocks{
      {"title", fmt::format("# Lighthouse {} of the cluster {}: Nebula {}. Made by tombolo {}.", bootstrap.member,
                            bootstrap.cluster, bootstrap.nebula.version, TOMBOLO_VERSION)},
      {"values", values_block(bootstrap)},
      {"authorities", TRY(authorities_block(bootstrap.authorities_pem))},
      {"config", bootstrap.nebula_config},
      {"rerun", std::string(kRerunBlock)},
      {"keys", std::string(kMachineKeysBlock)},
      {"certificate", std::string(kMachineCertificateBlock)},
      {"cluster", ""},
  };
  if (const auto& c = bootstrap.cluster_side) {
    blocks["cluster"] = kClusterPhases;
    blocks["k3s-config"] = c->k3s_config;
    blocks["liqo-values"] = c->liqo_values;
  }
  if (bootstrap.embedded) TRY(add_embedded_blocks(*bootstrap.embedded, blocks));
  std::string script;
  fill_in(kLighthouseScript, blocks, script);

  const std::size_t private_keys = count(script, "PRIVATE KEY-----\n");
  const std::size_t expected_blocks = bootstrap.embedded ? 3 : 1;
  if (private_keys != (bootstrap.embedded ? 2u : 0u) || count(script, "BEGIN NEBULA") != expected_blocks)
    return fail(Code::kInternal, "the lighthouse's script does not hold the key material it should");
  return script;
}

Result<std::string> lighthouse_user_data(const LighthouseBootstrap& bootstrap, const Secret<std::string>& token) {
  const auto script = TRY(lighthouse_script(bootstrap));
  if (token.expose().size() < 32 || token.expose().find_first_not_of("0123456789abcdef") != std::string::npos)
    return fail(Code::kInternal, "the token of the host proof is not hex of 16 bytes or more");
  const Blocks blocks{{"token", token.expose()}, {"proof-script", host_proof_script()}};
  std::string proof;
  fill_in(kHostProofCommands, blocks, proof);
  const auto mime = fmt::format(
      "Content-Type: multipart/mixed; boundary=\"{0}\"\nMIME-Version: 1.0\n\n"
      "--{0}\nContent-Type: text/cloud-config; charset=\"utf-8\"\n\n#cloud-config\nbootcmd:\n  - |\n{1}\n"
      "--{0}\nContent-Type: text/x-shellscript; charset=\"utf-8\"\n\n{2}\n--{0}--\n",
      "tombolo-user-data", indented(proof, "    "), script);
  if (mime.size() > kUserDataLimit)
    return fail(Code::kBadInput,
                fmt::format("the lighthouse's user-data has {} bytes; EC2 takes {}", mime.size(), kUserDataLimit),
                fmt::format("Nebula's configuration has {} bytes of them: shorten its firewall rules.",
                            bootstrap.nebula_config.size()));
  return mime;
}

}  // namespace tombolo::cloudinit
