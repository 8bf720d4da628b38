// Proves the mesh from any machine, without root and without a network device: a Nebula handshake with one member over UDP,
// then ICMP echoes inside the tunnel, which that member's own kernel answers. Production: UdpProber (udp_prober.hpp).
// --sim, ./try and the crash campaign: the simulated site's (sim/machines.hpp).
#pragma once
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "codec/cidr.hpp"

namespace tombolo::mesh {

// Who we are in the mesh, and whom we believe. The certificate must be one that no running Nebula host uses: of two hosts
// with one certificate the newer handshake wins at every peer.
struct Identity {
  std::string certificate_pem;
  Secret<std::string> key_pem;
  std::string authorities_pem;  // CAs; blocklisted fingerprints are the caller's to leave out
  std::vector<std::string> blocklist;  // certificate fingerprints, lower-case hex
  std::string cipher = "aes";  // "aes" or "chachapoly": the mesh's
};

struct Echo {
  Duration round_trip{};  // of the answered ICMP echo, inside the tunnel
  int bytes = 0;  // of the ICMP packet with its IP header: the inner MTU that was proven
};

struct ProbeRequest {
  Identity identity;
  std::string underlay;  // IPv4 address or name of the member's UDP port
  std::uint16_t port = 4242;
  codec::Address member;  // its mesh address
  std::vector<int> sizes{84};  // inner packet sizes in bytes (IP header included), one echo each, don't-fragment set
  Duration patience = std::chrono::seconds(5);  // for all of it
};

// What was seen, as far as it went: no tunnel is not an error of the call but its answer.
struct Probe {
  bool handshake = false;  // the member answered with a certificate that one of our authorities signed
  std::string member_name;  // from its certificate
  std::string member_fingerprint;
  std::string member_not_after;  // RFC 3339
  Duration handshake_time{};  // from our first packet to the tunnel
  std::vector<std::optional<Echo>> echoes;  // in the order of `sizes`; nothing: no answer
  // Why it stopped: "" when all echoes came. Else short and stable: "no answer", "port unreachable", "recv_error",
  // "untrusted certificate", "wrong member", "certificate expired", "bad answer", "closed", "no echo".
  std::string trouble;
  std::string detail;  // for people
  bool reached() const { return handshake && !echoes.empty() && echoes.front().has_value(); }
};

// Errors: kBadInput for an identity that cannot be read, kUnreachable when the underlay name does not resolve or there is no
// network, kCancelled.
class Prober {
 public:
  virtual ~Prober() = default;
  virtual Result<Probe> probe(const ProbeRequest& request, const std::stop_token& stop) = 0;
};

}  // namespace tombolo::mesh
