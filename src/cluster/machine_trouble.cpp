#include "cluster/machine_trouble.hpp"

#include <fmt/format.h>

#include <map>

namespace tombolo::cluster {

namespace {

std::string indented(std::string_view text, std::size_t most_lines) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    lines.push_back(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(lines.back().size() + 1, text.size()));
  }
  std::string out;
  for (std::size_t i = lines.size() > most_lines ? lines.size() - most_lines : 0; i < lines.size(); ++i)
    out += "\n  " + std::string(lines[i]);
  return out;
}

// What people call the phases once they are over.
std::string words(const cloudinit::PhaseProgress& phase) {
  static const std::map<std::string_view, std::string_view> kWords{{"system", "cloud-init runs the bootstrap"},
                                                                   {"artefacts", "downloads checked"},
                                                                   {"nebula-install", "Nebula installed"},
                                                                   {"keys", "keys made"},
                                                                   {"certificate", "certificate delivered"},
                                                                   {"nebula-start", "Nebula started"},
                                                                   {"mesh", "Nebula active"},
                                                                   {"k3s", "k3s ready"},
                                                                   {"liqo", "Liqo installed"},
                                                                   {"ready", "bootstrap done"}};
  const auto it = kWords.find(phase.name);
  return it == kWords.end() ? phase.name : std::string(it->second);
}

}  // namespace

Result<std::string> console_of(Cloud& cloud, const std::string& instance, const engine::Call& call) {
  auto console = cloud.ec2.console_output(aws::InstanceId(instance), true, reading(call));
  if (!console && console.error().code() == Code::kUnsupported)  // no Nitro type: what EC2 posted after the boot
    console = cloud.ec2.console_output(aws::InstanceId(instance), false, reading(call));
  if (!console) return fail(console.error());
  return console->text;
}

std::optional<Error> death_of(Cloud& cloud, const std::string& instance, const engine::Call& call) {
  const auto found = cloud.ec2.instances({{"instance-id", {instance}}}, reading(call));
  if (!found || found->empty() || found->front().state == "running" || found->front().state == "pending")
    return std::nullopt;
  const auto& i = found->front();
  return Error(Code::kBroken, fmt::format("{} is {}: {}", instance, i.state,
                                          i.state_message.empty() ? "no reason given" : i.state_message))
      .hint(
          "Run `tombolo up` again: it makes a new machine for one that is gone, and says how to start a stopped one.");
}

Error silent_machine(Cloud& cloud, const std::string& instance, const std::string& address, const Error& last,
                     const engine::Call& call) {
  const auto console = console_of(cloud, instance, call);
  std::string seen = console && !console->empty() ? "\nThe end of its console:" + indented(*console, 8)
                                                  : "\nIts console is empty: it may not have booted at all.";
  if (last.code() == Code::kPermission)
    return Error(Code::kBroken,
                 fmt::format("{} at {} refuses the operator's SSH key: {}{}", instance, address, last.sentence(), seen))
        .hint(
            "lighthouse.sshUser must be the image's own user; ec2-user on Amazon Linux. `tombolo doctor` looks "
            "closer.");
  return Error(Code::kTimeout, fmt::format("{} is running, but SSH at {} does not answer: {}{}", instance, address,
                                           last.sentence(), seen))
      .hint(
          "`tombolo doctor` looks at the security group, the address and the boot; `tombolo up --recreate lighthouse` "
          "takes a new machine.");
}

Error bootstrap_failure(const std::string& instance, const cloudinit::MachineReport& report) {
  if (const auto* failed = report.bootstrap.failed()) {
    std::string log;
    for (const auto& line : report.bootstrap.log) log += "\n  " + line;
    if (log.empty()) log = indented(report.log_tail, 12);
    return Error(Code::kBroken, fmt::format("the bootstrap of {} failed in its phase {} ({}):{}", instance,
                                            failed->name, failed->detail, log))
        .hint(
            "Mend the cause and run `tombolo up` again: it goes on where it stopped. The whole log: `tombolo logs "
            "lighthouse`.");
  }
  if (!report.has_log)
    return Error(Code::kBroken, fmt::format("the user-data of {} did not run{}{}", instance,
                                            report.cloud_init_errors.empty() ? "" : ": " + report.cloud_init_errors,
                                            indented(report.cloud_init_tail, 8)))
        .hint("`tombolo doctor` names the cause; `tombolo up` runs the bootstrap over SSH instead.");
  const auto* now = report.bootstrap.current();
  return Error(Code::kTimeout, fmt::format("the bootstrap of {} makes no progress: it is in its phase {}{}", instance,
                                           now ? now->name : "(none)", indented(report.log_tail, 8)))
      .hint("The whole log: `tombolo logs lighthouse`. Then run `tombolo up` again.");
}

Error mesh_failure(const std::string& address, int port, const std::string& trouble, const std::string& detail) {
  return Error(
             Code::kUnreachable,
             fmt::format("Nebula runs on the lighthouse, but no packet came back over the mesh through UDP {}:{}: {}{}",
                         address, port, trouble, detail.empty() ? "" : " (" + detail + ")"))
      .hint(
          "`tombolo doctor` tells a closed security group from a network that blocks UDP, a wrong clock and a wrong "
          "authority.");
}

void say_progress(const cloudinit::MachineReport& report, std::size_t& told, const engine::Call& call) {
  const auto& phases = report.bootstrap.phases;
  if (phases.size() < told) told = 0;  // a new run
  for (; told < phases.size() && phases[told].state == cloudinit::PhaseState::kOk; ++told)
    call.say(words(phases[told]), phases[told].detail);
}

}  // namespace tombolo::cluster
