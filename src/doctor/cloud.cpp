// What AWS alone shows: the machine, its address, its doors, and why there may be none.
#include <fmt/format.h>

#include <algorithm>

#include "doctor/findings.hpp"

namespace tombolo::doctor {

namespace {

bool lets_in(const aws::Rule& rule, std::string_view protocol, int port, const std::string& from) {
  if (rule.protocol != "-1" && rule.protocol != protocol) return false;
  if (rule.protocol != "-1" && (rule.from_port > port || rule.to_port < port)) return false;
  const auto open = codec::Cidr::parse(rule.cidr);
  const auto caller = codec::Cidr::parse(from);
  return open && caller && open->contains(*caller);
}

bool open_for(const Evidence& e, std::string_view protocol, int port, const std::string& from) {
  return std::any_of(e.group->ingress.begin(), e.group->ingress.end(),
                     [&](const auto& rule) { return lets_in(rule, protocol, port, from); });
}

void look_at_doors(const Evidence& e, std::vector<Finding>& out) {
  if (!e.group) return;
  if (!open_for(e, "udp", e.mesh_port, "0.0.0.0/0"))
    out.push_back(
        {"mesh-port-closed", Severity::kFault,
         fmt::format("the security group {} lets UDP {} in from nowhere, or not from everywhere", e.group->id,
                     e.mesh_port),
         "Somebody changed the group's rules: members at home have no fixed address, so the port must be open "
         "to all; Nebula itself lets in nobody without a certificate.",
         "Run `tombolo up`: it puts the rules back.", true});
  if (!e.ssh_from.empty() && !open_for(e, "tcp", 22, e.ssh_from))
    out.push_back({"ssh-closed", Severity::kFault,
                   fmt::format("the security group {} does not let TCP 22 in from {}", e.group->id, e.ssh_from),
                   "This computer's public address has changed, or somebody changed the group's rules.",
                   "Run `tombolo up`: it opens SSH for where you are now.", true});
}

}  // namespace

void look_at_cloud(const Evidence& e, std::vector<Finding>& out) {
  if (!e.cloud_seen) return;
  if (e.last_launch_error.find("InsufficientInstanceCapacity") != std::string::npos && !e.instance) {
    out.push_back({"no-capacity", Severity::kFault, e.last_launch_error,
                   fmt::format("AWS has no {} in the zones that were tried at this moment.", e.instance_type),
                   "Try `tombolo up` again in some minutes, allow more zones (lighthouse.zones), or take another "
                   "lighthouse.instanceType: t3a.small and t3.medium are close.",
                   false});
    return;
  }
  if (e.last_launch_error.find("User data is limited") != std::string::npos && !e.instance) {
    out.push_back({"user-data-too-large", Severity::kFault, e.last_launch_error, "EC2 takes 16,384 bytes of user-data.",
                   "Shorten the firewall rules in the cluster file.", false});
    return;
  }
  if (!e.instance) {
    out.push_back({"no-lighthouse", Severity::kFault, "AWS has no lighthouse of this cluster",
                   e.record ? fmt::format("{} was terminated.", e.record->instance) : "It was never made.",
                   "Run `tombolo up`.", true});
    return;
  }
  if (e.instance->state == "stopped" || e.instance->state == "stopping")
    out.push_back({"instance-stopped", Severity::kFault, fmt::format("{} is {}", e.instance->id, e.instance->state),
                   "Somebody stopped it, or it powered itself off.",
                   "Start it in the EC2 console, or run `tombolo up --recreate lighthouse`.", false});
  if (e.address && e.address->instance != e.instance->id)
    out.push_back({"address-moved", Severity::kFault,
                   e.address->instance.text().empty()
                       ? fmt::format("the elastic address {} leads to no machine", e.address->ip)
                       : fmt::format("the elastic address {} leads to {}, not to {}", e.address->ip,
                                     e.address->instance, e.instance->id),
                   "Somebody took it off the lighthouse.", "Run `tombolo up`: it brings the address back.", true});
  look_at_doors(e, out);
}

}  // namespace tombolo::doctor
