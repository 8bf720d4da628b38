// Reads a machine's console (EC2 GetConsoleOutput, or the bootstrap log itself) and says how far its bootstrap has come.
// Pure. The text may hold anything around our lines: kernel messages, cloud-init's prefixes, several runs, cut lines.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cloudinit/cloudinit.hpp"

namespace tombolo::cloudinit {

enum class PhaseState { kStarted, kOk, kWaiting, kFailed };
std::string_view name(PhaseState state);  // "start", "ok", "waiting", "failed": as on the console

struct PhaseProgress {
  std::string name;
  PhaseState state = PhaseState::kStarted;
  std::string detail;  // the rest of the line: "line=92 status=22"
};

// State of the newest run in the text.
struct BootstrapProgress {
  std::vector<PhaseProgress> phases;  // those seen, in the order they began
  std::vector<std::string> log;  // after a failure: the last lines of the bootstrap log
  std::string public_key_pem;  // "" until the phase `keys` has printed it whole

  const PhaseProgress* current() const;  // the newest phase; nullptr before the first
  const PhaseProgress* failed() const;  // nullptr when none
  bool waiting() const;  // for the host certificate
  bool done() const;  // the last phase is ok
};

BootstrapProgress read_console(std::string_view text);

// The line the bootstrap prints for a phase, without a newline: what read_console() reads. For the simulated site.
std::string phase_line(std::string_view phase, PhaseState state, std::string_view detail = "");

}  // namespace tombolo::cloudinit
