// Nebula on the machine, and the packet that comes back or does not.
#include <fmt/format.h>

#include <algorithm>

#include "doctor/findings.hpp"

namespace tombolo::doctor {

namespace {

// The last line of Nebula's journal that complains.
std::string complaint(const std::string& log) {
  std::string found;
  std::string_view rest = log;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.starts_with("nebula.service:") || line.starts_with("Failed to start")) continue;  // systemd's own words
    for (const auto* word :
         {"level=error", "level=fatal", "level=ERROR", "level=FATAL", "Failed", "failed to", "no such file"})
      if (line.find(word) != std::string_view::npos) found = line;
  }
  return found;
}

// Nebula does not do its work on the machine; true when something was found.
bool look_at_service(const Evidence& e, std::vector<Finding>& out) {
  const auto& r = *e.report;
  const bool explained = r.running || std::any_of(out.begin(), out.end(), [](const auto& f) {
                           return f.id.starts_with("user-data") || f.id.starts_with("artefact") ||
                                  f.id == "generator-passed" || f.id == "cloud-init-failed" ||
                                  f.id == "bootstrap-failed" || f.id == "certificate-refused";
                         });
  if (explained) return true;
  if (r.nebula_state != "active") {
    const auto why = complaint(r.nebula_log);
    const bool path = why.find("no such file") != std::string::npos ||
                      why.find("unable to read") != std::string::npos || why.find("could not") != std::string::npos;
    out.push_back(
        {path ? "certificate-path" : "nebula-down", Severity::kFault,
         fmt::format("Nebula's unit is {}{}", r.nebula_state.empty() ? "not there" : r.nebula_state,
                     why.empty() ? "" : ": " + why),
         path ? "A file that config.yml names is not where it says." : "It was stopped, or it fails at its start.",
         "Run `tombolo up`: it lays the files and starts it. The log: `tombolo logs lighthouse --nebula`.", true});
    return true;
  }
  if (std::find(r.udp_ports.begin(), r.udp_ports.end(), e.mesh_port) == r.udp_ports.end()) {
    out.push_back({"mesh-port-unbound", Severity::kFault,
                   fmt::format("Nebula runs, and nobody listens on UDP {}", e.mesh_port),
                   "Its config.yml names another port, or it is still starting.", "Run `tombolo up`.", true});
    return true;
  }
  if (out.empty() && !e.wanted_revision.empty() && r.revision != e.wanted_revision)
    out.push_back({"out-of-date", Severity::kWarning,
                   fmt::format("the lighthouse was set up as {}, the cluster file wants {}",
                               r.revision.empty() ? "(unfinished)" : r.revision, e.wanted_revision),
                   "The cluster file, the authorities or the program changed since.", "Run `tombolo up`.", true});
  return false;
}

}  // namespace

void look_at_mesh(const Evidence& e, std::vector<Finding>& out) {
  if (e.report && look_at_service(e, out)) return;
  if (!e.probe) return;
  const auto& p = *e.probe;
  const auto detail = p.detail.empty() ? p.trouble : p.trouble + ": " + p.detail;
  if (p.handshake && !p.echoes.empty() && p.echoes.front()) {
    if (p.echoes.size() > 1 && !p.echoes.back())
      out.push_back({"mtu-black-hole", Severity::kFault,
                     fmt::format("packets of {} bytes come back over the mesh, packets of {} do not",
                                 p.echoes.front()->bytes, e.mesh_mtu),
                     "Something between here and AWS swallows large packets and does not say so (path MTU discovery is "
                     "blocked; tunnels and PPPoE are the usual places).",
                     "Lower mesh.mtu in the cluster file (1200 fits nearly everywhere), run `tombolo up`, and lay new "
                     "configurations with `tombolo mesh config`.",
                     false});
    return;
  }
  if (p.trouble == "untrusted certificate" && !has(out, "wrong-authority"))
    out.push_back({"wrong-authority", Severity::kFault, detail,
                   "The lighthouse's certificate was not issued by an authority that is trusted here.",
                   "Run `tombolo up`: it delivers one of this mesh's authority.", true});
  else if (p.trouble == "certificate expired" && !has(out, "certificate-expired"))
    out.push_back({"certificate-expired", Severity::kFault, detail, "The lighthouse's certificate has ended.",
                   "Run `tombolo up`: it renews and delivers it.", true});
  else if (p.trouble == "bad answer" || p.trouble == "wrong member")
    out.push_back({"wrong-mesh", Severity::kFault, detail,
                   "Another Nebula answers at that address, or the two sides use different ciphers (mesh.cipher).",
                   "Check the elastic address and mesh.cipher; then `tombolo up`.", false});
  else if (p.trouble == "no echo" && p.handshake)
    out.push_back({"no-echo", Severity::kFault,
                   "the lighthouse shakes hands, and nothing comes back through the tunnel",
                   "Its firewall rules refuse ICMP, its mesh address is not on the device, or the machine drops it.",
                   "Run `tombolo up`; look at `tombolo logs lighthouse --nebula`.", true});
  else if (p.trouble == "no answer" || p.trouble == "port unreachable") {
    const bool explained = has(out, "mesh-port-closed") || has(out, "address-moved") || has(out, "no-lighthouse") ||
                           has(out, "instance-stopped") || has(out, "clock-off") || has(out, "certificate-expired") ||
                           has(out, "authority-expired") || has(out, "wrong-authority") ||
                           has(out, "certificate-stale");
    if (!explained && e.report)
      out.push_back(
          {"udp-blocked", Severity::kFault,
           fmt::format("SSH works, Nebula listens on UDP {}, its port is open in AWS, and yet there is {}", e.mesh_port,
                       p.trouble),
           "A network between here and AWS lets no UDP of that port through.",
           "Try another network. If yours is the one that blocks, choose another mesh.listenPort and run `tombolo up`.",
           false});
  }
}

}  // namespace tombolo::doctor
