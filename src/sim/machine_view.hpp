// A simulated machine as somebody sees it who reaches it by network: values, taken at one moment.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sim/boot.hpp"

namespace tombolo::sim {

struct MachineView {
  std::string instance;
  Time now{};
  Time up_since{};
  bool answers = false;    // sshd is up
  std::string host_key;    // "ssh-ed25519 AAAA…"
  std::string banner;      // with the proof of the host key, when the user-data asks for one
  std::string public_key;  // of the key pair it was launched with, "type blob [comment]"
  std::string user_data;
  std::vector<BootRun> runs;
  std::string nebula_public_pem;
  // Whether a packet of that protocol and port gets through the security groups from anywhere.
  bool tcp_22 = false;
  std::vector<std::pair<int, int>> udp_open;  // ranges

  const BootRun* newest() const { return runs.empty() ? nullptr : &runs.back(); }
  bool passed(std::string_view phase) const;  // by some run
  bool has_chart(const std::string& liqo_version) const;
  bool serves_mesh() const;  // Nebula runs and has a certificate
};

MachineView view_machine(const World& world, const Region& region, const Instance& instance, Time now);

}  // namespace tombolo::sim
