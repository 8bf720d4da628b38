// The way to the machine: SSH, its host keys, and the two clocks.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cloudinit/host_proof.hpp"
#include "doctor/findings.hpp"

namespace tombolo::doctor {

namespace {

constexpr auto kClockTolerance = std::chrono::minutes(1);

double seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

void look_at_clocks(const Evidence& e, std::vector<Finding>& out) {
  const auto say = [&](const char* whose, Duration off, const char* fix) {
    out.push_back(
        {"clock-off", Severity::kFault,
         fmt::format("{} clock is {:.0f} s {}", whose, std::abs(seconds(off)), seconds(off) > 0 ? "ahead" : "behind"),
         "Certificates and handshakes are measured by the clock: Nebula refuses what is not valid yet, or any more.",
         fix, false});
  };
  if (std::chrono::abs(e.aws_clock) > kClockTolerance)
    say("this computer's", -e.aws_clock, "Set it: `timedatectl set-ntp true`.");
  if (e.report && std::chrono::abs(e.report->time - e.report_at) > kClockTolerance)
    say("the lighthouse's", e.report->time - e.report_at,
        "Set it: `tombolo ssh lighthouse -- sudo systemctl restart chronyd`.");
}

}  // namespace

void look_at_way(const Evidence& e, std::vector<Finding>& out) {
  look_at_clocks(e, out);
  if (!e.ssh_error || !e.instance || has(out, "instance-stopped") || has(out, "ssh-closed") ||
      has(out, "address-moved"))
    return;
  const auto& error = *e.ssh_error;
  if (error.code() == Code::kUntrusted) {
    const auto named = cloudinit::console_host_keys(e.console);
    const bool console_agrees = std::any_of(e.pinned.begin(), e.pinned.end(), [&](const auto& line) {
      return std::find(named.begin(), named.end(), line) != named.end();
    });
    out.push_back({"ssh-host-key-changed", Severity::kFault, error.sentence(),
                   named.empty() ? "Somebody is in the middle, or the machine's host keys were made anew. Its console, "
                                   "which would tell, says nothing."
                   : console_agrees
                       ? "Somebody is in the middle: the machine's own console shows the keys that are pinned."
                       : "The machine's host keys were made anew: its console shows others than are pinned.",
                   console_agrees ? "Do not log in. Look from another network; ask who owns the one you are in."
                                  : "Run `tombolo up --recreate lighthouse`: a new machine is proven anew.",
                   false});
  } else if (error.code() == Code::kPermission) {
    out.push_back({"ssh-key-refused", Severity::kFault, error.sentence(),
                   "The machine does not know the operator's key, or lighthouse.sshUser is not the image's user.",
                   "Correct lighthouse.sshUser, or run `tombolo up --recreate lighthouse`.", false});
  } else {
    out.push_back(
        {"ssh-silent", Severity::kFault,
         fmt::format("{} is {}, the security group is open, and SSH does not answer: {}", e.instance->id,
                     e.instance->state, error.sentence()),
         e.console.empty() ? "The machine has not booted, or hangs: its console is empty."
                           : "sshd does not run, or something between here and AWS blocks TCP 22.",
         "Look at `tombolo logs lighthouse --console`; try another network; `tombolo up --recreate lighthouse`.",
         false});
  }
}

}  // namespace tombolo::doctor
