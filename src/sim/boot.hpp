// What a machine does with its user-data and with what is delivered to it: a little of the kernel, cloud-init, its SSH host
// keys, and the phases of our bootstrap. A function of time: nothing runs.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sim/world.hpp"
#include "sim/xml_out.hpp"

namespace tombolo::sim {

struct BootLine {
  Time at;
  std::string text;
};

// One run of our bootstrap on a machine.
struct BootRun {
  std::vector<BootLine> lines;  // as in its log, in order of time
  std::optional<Time> key_made;
  std::optional<Time> started;  // Nebula
  std::optional<Time> meshed;  // Nebula serves, says the bootstrap
  std::optional<Time> chart;  // Liqo's chart is fetched
  std::optional<Time> helm;  // installs it
  std::optional<Time> ready;
  Time ends;  // ready, failed, or waiting
  std::string revision;
  std::string mesh_revision;
  std::string mesh_address;  // "10.42.0.1/16"
  int port = 0;  // UDP
  std::string certificate;  // PEM; "" while there is none
  std::string liqo_version;  // "v1.2.0"; "" when the script installs no Liqo
  std::string liqo_namespace;
  std::string liqo_values;  // of the chart: YAML or JSON
};

// When that run had passed a phase.
std::optional<Time> passed(const BootRun& run, std::string_view phase);

// The runs begun by `now`, oldest first; empty when the user-data holds no bootstrap of ours and nothing was delivered.
std::vector<BootRun> boot_runs(const World& world, const Instance& instance, Time now);

// When cloud-init starts the user-data and sshd answers; nothing for a machine that hangs or is off.
std::optional<Time> awake(const World& world, const Instance& instance);

std::string host_key_line(const Instance& instance);  // "ssh-ed25519 AAAA…": its one SSH host key
std::string nebula_public_pem(const Instance& instance);  // of the key it makes
std::string plain_user_data(const Instance& instance);  // gzip undone

// Everything printed on the console by `now`.
std::string console_text(const World& world, const Instance& instance, Time now);

Outcome<> get_console_output(Call& call, XmlOut& out);

}  // namespace tombolo::sim
