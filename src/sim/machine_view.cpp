#include "sim/machine_view.hpp"

#include <algorithm>

#include "cloudinit/host_proof.hpp"

namespace tombolo::sim {
namespace {

// The token that cloud-init's part of the user-data lays: the line behind the command that names its file.
std::string token_of(const std::string& user_data) {
  auto at = user_data.find(cloudinit::kHostProofToken);
  if (at != std::string::npos) at = user_data.find('\n', at);
  if (at == std::string::npos) return "";
  at = user_data.find_first_not_of("\n ", at);
  return user_data.substr(at, user_data.find('\n', at) - at);
}

}  // namespace

bool MachineView::serves_mesh() const {
  const auto started = [this](const BootRun& run) { return run.started && *run.started <= now; };
  return answers && std::any_of(runs.begin(), runs.end(), started);
}

bool MachineView::passed(std::string_view phase) const {
  return answers && std::any_of(runs.begin(), runs.end(), [&](const BootRun& run) {
           const auto at = sim::passed(run, phase);
           return at && *at <= now;
         });
}

bool MachineView::has_chart(const std::string& liqo_version) const {
  return answers && std::any_of(runs.begin(), runs.end(), [&](const BootRun& run) {
           return run.chart && *run.chart <= now && run.liqo_version == liqo_version;
         });
}

MachineView view_machine(const World& world, const Region& region, const Instance& instance, Time now) {
  MachineView out;
  out.instance = instance.id;
  out.now = now;
  out.up_since = instance.running_since;
  const auto since = awake(world, instance);
  out.answers = since && *since <= now;
  out.host_key = host_key_line(instance);
  out.user_data = plain_user_data(instance);
  if (const auto token = token_of(out.user_data); !token.empty())
    out.banner = cloudinit::host_proof_banner(Secret<std::string>(token), {out.host_key});
  for (const auto& key : region.keys)
    if (key.name == instance.key_name) out.public_key = key.public_key;
  if (out.answers) out.runs = boot_runs(world, instance, now);
  out.nebula_public_pem = nebula_public_pem(instance);
  for (const auto& group : region.groups) {
    if (std::find(instance.groups.begin(), instance.groups.end(), group.id) == instance.groups.end()) continue;
    for (const auto& rule : group.rules) {
      if (rule.egress) continue;
      const bool all = rule.protocol == "-1";
      if ((all || rule.protocol == "tcp") && (all || (rule.from <= 22 && rule.to >= 22))) out.tcp_22 = true;
      if (all || rule.protocol == "udp") out.udp_open.emplace_back(all ? 0 : rule.from, all ? 65535 : rule.to);
    }
  }
  return out;
}

}  // namespace tombolo::sim
