#include "doctor/findings.hpp"

#include <algorithm>
#include <iterator>

namespace tombolo::doctor {

bool has(const std::vector<Finding>& list, std::string_view id) {
  return std::any_of(list.begin(), list.end(), [&](const auto& f) { return f.id == id; });
}

std::vector<Finding> findings(const Evidence& evidence) {
  std::vector<Finding> out;
  look_at_cloud(evidence, out);
  look_at_boot(evidence, out);
  look_at_way(evidence, out);
  look_at_certificates(evidence, out);
  look_at_mesh(evidence, out);
  std::vector<Finding> worst_first;
  for (const auto severity : {Severity::kFault, Severity::kWarning})
    std::copy_if(out.begin(), out.end(), std::back_inserter(worst_first),
                 [severity](const auto& f) { return f.severity == severity; });
  return worst_first;
}

const std::vector<Known>& known_findings() {
  static const std::vector<Known> all{
      {"no-lighthouse", "AWS has no machine with our tags", "never made, or terminated", "`tombolo up`"},
      {"no-capacity", "the last launch ended with InsufficientInstanceCapacity", "AWS has none of that type there now",
       "other zones, another type, later"},
      {"user-data-too-large", "EC2 refused the launch for the size of its user-data", "over 16,384 bytes",
       "shorten the firewall rules"},
      {"instance-stopped", "EC2 calls the machine stopped", "somebody stopped it", "start it, or recreate it"},
      {"address-moved", "the elastic address leads elsewhere or nowhere", "somebody moved it", "`tombolo up`"},
      {"mesh-port-closed", "the security group lacks UDP for the mesh", "its rules were changed", "`tombolo up`"},
      {"ssh-closed", "the security group lacks TCP 22 from here", "your address changed, or the rules did",
       "`tombolo up`"},
      {"user-data-missing", "booted, and no bootstrap log", "no user-data, or cloud-init did not run it",
       "`tombolo up`"},
      {"user-data-format", "cloud-init: Unhandled non-multipart", "the text is no script and no cloud-config",
       "`tombolo up`"},
      {"generator-passed", "ERROR: CA certificate not found at /var/lib/cloud/…",
       "the generator was passed, not its output", "`tombolo up`"},
      {"cloud-init-failed", "errors in cloud-init's result", "cloud-init stopped before the bootstrap", "`tombolo up`"},
      {"artefact-checksum", "a download has another SHA-256", "another file than the pinned one",
       "correct mirror or checksum"},
      {"artefact-unreachable", "curl failed in the phase artefacts", "no way to the mirror", "mend it, `tombolo up`"},
      {"certificate-refused", "the phase certificate failed", "another authority's, or for another key",
       "`tombolo up`"},
      {"bootstrap-failed", "another phase failed", "its log line", "mend it, `tombolo up`"},
      {"ssh-host-key-changed", "sshd shows a key that is not pinned", "somebody in the middle, or new keys",
       "the console tells which"},
      {"ssh-key-refused", "sshd refuses the operator's key", "wrong user, or another machine",
       "correct it, or recreate"},
      {"ssh-silent", "doors open, no answer on TCP 22", "hanging boot, or a filter on the way",
       "console, other network"},
      {"clock-off", "two clocks differ by more than a minute", "no time service", "set the clock"},
      {"authority-expired", "a CA's end is past", "its validity", "`tombolo cert rotate-ca`"},
      {"authority-ends-soon", "a CA is in its last month", "its validity", "`tombolo cert rotate-ca`"},
      {"certificate-expired", "a certificate's end is past", "its validity", "`tombolo up`"},
      {"certificate-ends-soon", "a certificate is in its last month", "its validity", "`tombolo up`"},
      {"certificate-not-yet-valid", "a certificate begins in the future", "a clock", "set it"},
      {"certificate-unreadable", "host.crt on the machine is no certificate", "a damaged file", "`tombolo up`"},
      {"certificate-stale", "the machine has another certificate than the newest", "not delivered", "`tombolo up`"},
      {"certificate-path", "Nebula's log: a file is missing", "config.yml names another path", "`tombolo up`"},
      {"wrong-authority", "machine or certificate of another authority", "another mesh's files", "`tombolo up`"},
      {"nebula-down", "the unit is not active", "stopped, or failing at its start", "`tombolo up`"},
      {"mesh-port-unbound", "nobody listens on the mesh's UDP port", "another port in config.yml", "`tombolo up`"},
      {"out-of-date", "another revision than the cluster file wants", "the file changed", "`tombolo up`"},
      {"mtu-black-hole", "small packets come back, full ones do not", "path MTU discovery is blocked",
       "lower mesh.mtu"},
      {"wrong-mesh", "the answer is another Nebula's", "address or cipher", "check both"},
      {"no-echo", "handshake, but no echo", "firewall or device on the machine", "`tombolo up`"},
      {"udp-blocked", "all is open, and no UDP answer", "a network on the way", "another network or port"},
  };
  return all;
}

}  // namespace tombolo::doctor
