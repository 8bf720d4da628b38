// What a machine that does not become ready is told to be suffering from: named at once, with the log lines that matter.
// Shared by the machine kinds.
#pragma once
#include "cloudinit/report.hpp"
#include "cluster/cloud.hpp"

namespace tombolo::cluster {

// The newest console text that AWS has; "" while there is none.
Result<std::string> console_of(Cloud& cloud, const std::string& instance, const engine::Call& call);

// An instance that will never answer: terminated, stopped, or failing AWS's own checks. Nothing while it may yet.
std::optional<Error> death_of(Cloud& cloud, const std::string& instance, const engine::Call& call);

// SSH never answered: what the console and AWS say about it, and what to do.
Error silent_machine(Cloud& cloud, const std::string& instance, const std::string& address, const Error& last,
                     const engine::Call& call);

// The bootstrap failed, hangs, or never ran.
Error bootstrap_failure(const std::string& instance, const cloudinit::MachineReport& report);

// A probe of the mesh that got no answer although Nebula runs.
Error mesh_failure(const std::string& address, int port, const std::string& trouble, const std::string& detail);

// When to ask a machine again: one at work has taken its second already (ReportRequest::wait).
inline Duration next_look(const cloudinit::MachineReport& report) {
  return report.running ? Duration(std::chrono::milliseconds(50)) : Duration(std::chrono::seconds(1));
}

// Tells the phases of the report to whoever watches: each once, in order. `told`: how many were told before, of any step.
void say_progress(const cloudinit::MachineReport& report, std::size_t& told, const engine::Call& call);

}  // namespace tombolo::cluster
