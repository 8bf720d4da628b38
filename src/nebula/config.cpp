#include "nebula/config.hpp"

#include <fmt/format.h>

#include "codec/json.hpp"

namespace tombolo::nebula {
namespace {

constexpr int kLeastMtu = 576;
constexpr int kMostMtu = 9000;

// Interfaces of containers: their addresses would crowd out the real ones, of which a lighthouse remembers ten.
constexpr std::string_view kForeignInterfaces[] = {"docker.*",  "br-.*",  "veth.*",  "cni.*",
                                                   "flannel.*", "cali.*", "cilium.*"};

// YAML reads a JSON string as it stands.
std::string quoted(std::string_view text) { return codec::to_text(codec::Json(text)); }

template <class List, class Text>
std::string row(const List& list, Text text) {
  std::string line;
  for (const auto& item : list) line += (line.empty() ? "" : ", ") + quoted(text(item));
  return "[" + line + "]";
}

std::string_view name(Protocol protocol) {
  switch (protocol) {
    case Protocol::kIcmp: return "icmp";
    case Protocol::kTcp: return "tcp";
    case Protocol::kUdp: return "udp";
    case Protocol::kAny: break;
  }
  return "any";
}

std::string port_text(const FirewallRule& rule) {
  // Nebula before 1.11 refuses an icmp rule without a port, so it says "any"; 1.11 ignores it with a warning.
  if (rule.first_port == 0 || rule.protocol == Protocol::kIcmp) return "any";
  if (rule.last_port <= rule.first_port) return std::to_string(rule.first_port);
  return fmt::format("{}-{}", rule.first_port, rule.last_port);
}

std::string rule_text(const FirewallRule& rule) {
  const auto who = rule.groups.empty() ? std::string("host: any")
                                       : "groups: " + row(rule.groups, [](const auto& group) { return group; });
  return fmt::format("    - {{port: {}, proto: {}, {}}}\n", port_text(rule), name(rule.protocol), who);
}

Result<> check(const NebulaConfig& config) {
  if (config.cipher != "aes" && config.cipher != "chachapoly") {
    return fail(Code::kBadInput, fmt::format("Nebula knows the ciphers aes and chachapoly, not {}", config.cipher));
  }
  if (config.mtu < kLeastMtu || config.mtu > kMostMtu) {
    return fail(Code::kBadInput, fmt::format("the mesh MTU {} is outside {} to {}", config.mtu, kLeastMtu, kMostMtu));
  }
  if (config.is_lighthouse && config.listen_port == 0)
    return fail(Code::kBadInput, "the lighthouse needs a fixed port, or nobody finds it");
  if (config.is_lighthouse != config.lighthouses.empty()) {
    return fail(Code::kBadInput, config.is_lighthouse ? "a lighthouse has no lighthouse itself"
                                                      : "a member needs at least one lighthouse");
  }
  for (const auto& lighthouse : config.lighthouses) {
    if (lighthouse.endpoints.empty()) {
      return fail(Code::kBadInput,
                  fmt::format("the lighthouse {} needs an address on the Internet", lighthouse.mesh_address.text()));
    }
  }
  return {};
}

std::string pki_text(const NebulaConfig& config) {
  auto text = fmt::format("pki:\n  ca: {}\n  cert: {}\n  key: {}\n  disconnect_invalid: true\n", quoted(config.pki.ca),
                          quoted(config.pki.cert), quoted(config.pki.key));
  if (!config.blocklist.empty()) {
    text += "  blocklist: " + row(config.blocklist, [](const auto& fingerprint) { return fingerprint.text(); }) + "\n";
  }
  return text;
}

std::string lighthouse_text(const NebulaConfig& config) {
  const auto addresses = row(config.lighthouses, [](const auto& lighthouse) { return lighthouse.mesh_address.text(); });
  std::string text = "static_host_map:";
  if (config.lighthouses.empty()) text += " {}";
  text += "\n";
  for (const auto& lighthouse : config.lighthouses) {
    text += fmt::format("  {}: {}\n", quoted(lighthouse.mesh_address.text()),
                        row(lighthouse.endpoints, [](const auto& endpoint) { return endpoint; }));
  }
  text += fmt::format("lighthouse:\n  am_lighthouse: {}\n", config.is_lighthouse);
  if (config.is_lighthouse) return text + "  hosts: []\n";
  text += fmt::format("  interval: 10\n  hosts: {}\n  local_allow_list:\n    interfaces:\n", addresses);
  for (const auto pattern : kForeignInterfaces) text += fmt::format("      {}: false\n", quoted(pattern));
  return text;
}

std::string relay_text(const NebulaConfig& config) {
  if (config.is_lighthouse) return "relay:\n  am_relay: true\n  use_relays: false\n";
  // "relays" names who relays to this member.
  const auto relays = row(config.lighthouses, [](const auto& lighthouse) { return lighthouse.mesh_address.text(); });
  return fmt::format("relay:\n  am_relay: false\n  use_relays: true\n  relays: {}\n", relays);
}

std::string firewall_text(const NebulaConfig& config) {
  std::string text =
      "firewall:\n"
      "  outbound:\n"
      "    - {port: any, proto: any, host: any}\n"
      "  inbound:\n";
  text += rule_text({.protocol = Protocol::kIcmp});
  for (const auto& rule : config.inbound) text += rule_text(rule);
  return text;
}

}  // namespace

Result<std::string> config_yaml(const NebulaConfig& config) {
  TRY(check(config));
  std::string text = "# Nebula, written by tombolo.\n";
  text += pki_text(config);
  text += lighthouse_text(config);
  // The system's default buffers lose bursts; Nebula may ask for more because it starts as root.
  text += fmt::format("listen:\n  host: 0.0.0.0\n  port: {}\n  read_buffer: 10485760\n  write_buffer: 10485760\n",
                      config.listen_port);
  text += "punchy:\n  punch: true\n  respond: true\n";
  text += fmt::format("cipher: {}\n", config.cipher);
  text += relay_text(config);
  text += fmt::format(
      "tun:\n  disabled: false\n  dev: {}\n  mtu: {}\n  drop_local_broadcast: true\n  drop_multicast: true\n",
      quoted(config.device), config.mtu);
  text += "logging:\n  level: info\n  format: text\n";
  text += firewall_text(config);
  return text;
}

}  // namespace tombolo::nebula
