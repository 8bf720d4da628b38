// Nebula's config.yml for the lighthouse and for members, accepted by every Nebula from 1.6.1 on. Pure text.
// Source: the configuration reference of Nebula, and `nebula -test` of 1.6.1, 1.9.5 and 1.11.1 (tests/interop/nebula).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "codec/cidr.hpp"
#include "nebula/certificate.hpp"

namespace tombolo::nebula {

// Where the files are on the machine that runs Nebula.
struct PkiPaths {
  std::string ca = "/etc/nebula/ca.crt";
  std::string cert = "/etc/nebula/host.crt";
  std::string key = "/etc/nebula/host.key";
};

enum class Protocol { kAny, kIcmp, kTcp, kUdp };

// Lets in what comes from members that have all of `groups` (none: from anybody in the mesh).
struct FirewallRule {
  Protocol protocol = Protocol::kAny;
  std::uint16_t first_port = 0;  // 0: any port
  std::uint16_t last_port = 0;   // 0: only first_port
  std::vector<std::string> groups{};
};

struct LighthouseAt {
  codec::Address mesh_address{};          // 10.42.0.1
  std::vector<std::string> endpoints{};   // "203.0.113.7:4242"; 1.6.1 wants addresses, not names
};

struct NebulaConfig {
  PkiPaths pki{};
  std::string cipher = "aes";           // "aes" or "chachapoly"; the same on every member
  std::uint16_t listen_port = 0;        // the lighthouse: fixed; members: 0 takes any
  int mtu = 1300;                       // of the mesh device, from the address plan
  std::string device = "nebula1";
  bool is_lighthouse = false;           // also relays, for members that cannot reach each other
  std::vector<LighthouseAt> lighthouses{};  // members: at least one; the lighthouse: none
  std::vector<FirewallRule> inbound{};    // beyond ping, which is always let in
  std::vector<Fingerprint> blocklist{};
};

// kBadInput for what Nebula would refuse at start: an unknown cipher, a member without a lighthouse, a lighthouse
// without a fixed port, an MTU outside 576..9000.
Result<std::string> config_yaml(const NebulaConfig& config);

}  // namespace tombolo::nebula
