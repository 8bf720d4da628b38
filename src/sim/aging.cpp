// Time passes: machines come up and go down by themselves, and what they held comes free.
#include <algorithm>

#include "sim/addresses.hpp"
#include "sim/quotas.hpp"
#include "sim/world.hpp"

namespace tombolo::sim {
namespace {

// What goes with a terminated machine: its interface, its volumes that are marked so, its address's association.
void end_instance(World& world, Region& region, Instance& instance, Time at) {
  instance.state = InstanceState::kTerminated;
  instance.next_change.reset();
  instance.doomed.reset();
  instance.ended = at;
  // Drawn from the machine's own name: who looks first, and when, must not change what comes later.
  Random own(world.options.seed ^ stable_hash(instance.id));
  instance.groups_free_at = at + own.within(world.options.times.group_release);
  instance.quota_free_at = at + own.within(world.options.times.quota_release);
  for (auto& address : region.addresses) {
    if (address.instance_id == instance.id) disassociate(region, address);
  }
  std::erase_if(region.interfaces, [&](const Interface& each) { return each.instance_id == instance.id; });
  std::erase_if(region.volumes,
                [&](const Volume& each) { return each.instance_id == instance.id && each.delete_on_termination; });
  for (auto& volume : region.volumes) {
    if (volume.instance_id == instance.id) volume.instance_id.clear();
  }
  for (auto& spot : region.spot_requests) {
    if (spot.instance_id != instance.id || spot.state != "active") continue;
    spot.state = "closed";
    spot.status = instance.state_reason_code == "Server.SpotInstanceTermination" ? "instance-terminated-no-capacity"
                                                                                 : "instance-terminated-by-user";
  }
}

void age(World& world, Region& region, Instance& instance, Time now) {
  if (instance.state == InstanceState::kPending && instance.doomed && *instance.doomed <= now) {
    end_instance(world, region, instance, *instance.doomed);
  } else if (instance.next_change && *instance.next_change <= now) {
    auto at = *instance.next_change;
    if (instance.state == InstanceState::kShuttingDown) {
      end_instance(world, region, instance, at);
    } else if (instance.state == InstanceState::kStopping) {
      instance.state = InstanceState::kStopped;
      instance.next_change.reset();
    } else if (instance.state == InstanceState::kPending && !instance.doomed) {
      instance.state = InstanceState::kRunning;
      instance.state_reason_code.clear();
      instance.state_reason.clear();
      instance.running_since = at;
      instance.next_change.reset();
    }
  }
  if (instance.state != InstanceState::kTerminated) return;
  instance.holds_groups = now < instance.groups_free_at;
  instance.holds_quota = now < instance.quota_free_at;
}

}  // namespace

void let_time_pass(World& world, Region& region, Time now) {
  for (auto& instance : region.instances) age(world, region, instance, now);
  std::erase_if(region.instances, [&](const Instance& instance) {
    return instance.state == InstanceState::kTerminated && now >= instance.ended + world.options.times.forgotten;
  });
  std::erase_if(region.fresh_tags, [&](const FreshTag& tag) { return tag.visible <= now; });
  decide_quota_requests(world, region, now);
}

}  // namespace tombolo::sim
