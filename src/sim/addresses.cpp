#include "sim/addresses.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/filters.hpp"
#include "sim/quotas.hpp"
#include "sim/tags.hpp"

namespace tombolo::sim {
namespace {

Outcome<ElasticAddress*> find_allocation(Call& call, const std::string& id) {
  for (auto& address : call.region.addresses) {
    if (address.allocation_id == id && call.sees(address.visible)) return &address;
  }
  return not_there("InvalidAllocationID.NotFound", "allocation ID", id);
}

Outcome<ElasticAddress*> named_address(Call& call) {
  if (call.q.has("AllocationId")) return find_allocation(call, call.q.text("AllocationId"));
  auto ip = call.q.text("PublicIp");
  if (ip.empty()) return refuse("MissingParameter", "Either public IP or allocation id must be specified");
  for (auto& address : call.region.addresses) {
    if (address.public_ip == ip && call.sees(address.visible)) return &address;
  }
  return refuse("AuthFailure", fmt::format("The address '{}' does not belong to you.", ip));
}

Outcome<Instance*> ready_instance(Call& call, const std::string& id) {
  auto* instance = by_id(call.region.instances, id);
  if (!instance || !call.sees(instance->visible)) return not_there("InvalidInstanceID.NotFound", "instance ID", id);
  if (instance->state == InstanceState::kPending) {
    return refuse("InvalidInstanceID",
                  fmt::format("The pending instance '{}' is not in a valid state for this operation.", id));
  }
  if (is_over(*instance)) {
    return refuse("InvalidInstanceID",
                  fmt::format("The instance '{}' is not in a valid state for this operation.", id));
  }
  return instance;
}

const std::vector<FilterField<ElasticAddress>>& address_fields() {
  static const std::vector<FilterField<ElasticAddress>> table = {
      {"allocation-id", [](const ElasticAddress& a) { return Values{a.allocation_id}; }},
      {"association-id", [](const ElasticAddress& a) { return Values{a.association_id}; }},
      {"domain", [](const ElasticAddress&) { return Values{"vpc"}; }},
      {"instance-id", [](const ElasticAddress& a) { return Values{a.instance_id}; }},
      {"network-interface-id", [](const ElasticAddress& a) { return Values{a.interface_id}; }},
      {"private-ip-address", [](const ElasticAddress& a) { return Values{a.private_ip}; }},
      {"public-ip", [](const ElasticAddress& a) { return Values{a.public_ip}; }},
      {"network-interface-owner-id", [](const ElasticAddress&) { return Values{std::string(kAccount)}; }},
  };
  return table;
}

}  // namespace

void disassociate(Region& region, ElasticAddress& address) {
  if (auto* interface = by_id(region.interfaces, address.interface_id)) {
    const auto* instance = by_id(region.instances, address.instance_id);
    interface->public_ip = instance && !is_over(*instance) ? instance->auto_public_ip : "";
  }
  address.association_id.clear();
  address.instance_id.clear();
  address.interface_id.clear();
  address.private_ip.clear();
}

Outcome<> allocate_address(Call& call, XmlOut& out) {
  auto domain = call.q.text("Domain", "vpc");
  if (domain != "vpc") return invalid_value("domain", domain);
  auto specifications = GRANTED(read_tag_specifications(call.q, {"elastic-ip"}));
  if (static_cast<double>(call.region.addresses.size()) >= quota_value(call.region, kAddressQuota)) {
    return refuse("AddressLimitExceeded", "The maximum number of addresses has been reached.");
  }
  ElasticAddress address;
  address.allocation_id = call.world.random.id("eipalloc-");
  address.public_ip = new_elastic_address(call.world);
  address.tags = tags_for(specifications, "elastic-ip");
  address.visible = call.visible_from();
  call.region.addresses.push_back(address);
  out.leaf("publicIp", address.public_ip).leaf("allocationId", address.allocation_id).leaf("domain", "vpc");
  out.leaf("publicIpv4Pool", "amazon").leaf("networkBorderGroup", call.region.name);
  return {};
}

Outcome<> associate_address(Call& call, XmlOut& out) {
  auto* address = GRANTED(named_address(call));
  auto instance_id = call.q.text("InstanceId"), interface_id = call.q.text("NetworkInterfaceId");
  if (instance_id.empty() && interface_id.empty())
    return refuse("MissingParameter", "Either instance ID or network interface id must be specified");
  if (instance_id.empty()) {
    const auto* interface = by_id(call.region.interfaces, interface_id);
    if (!interface) return not_there("InvalidNetworkInterfaceID.NotFound", "networkInterface ID", interface_id);
    instance_id = interface->instance_id;
    if (const auto* on = by_id(call.region.instances, instance_id); on && on->state == InstanceState::kPending) {
      return refuse("IncorrectInstanceState",
                    fmt::format("The pending-instance-creation instance to which '{}' is attached is not "
                                "in a valid state for this operation",
                                interface_id));
    }
  }
  auto* instance = GRANTED(ready_instance(call, instance_id));
  auto again = GRANTED(call.q.flag("AllowReassociation", true));
  if (!address->association_id.empty() && address->instance_id != instance->id) {
    if (!again) {
      return refuse("Resource.AlreadyAssociated", fmt::format("resource {} is already associated with associate-id {}",
                                                              address->allocation_id, address->association_id));
    }
    disassociate(call.region, *address);
  }
  if (address->association_id.empty()) {
    for (auto& other : call.region.addresses) {
      if (other.instance_id == instance->id) disassociate(call.region, other);  // one address an interface
    }
    address->association_id = call.world.random.id("eipassoc-");
    address->instance_id = instance->id;
    address->interface_id = instance->interface_id;
    address->private_ip = instance->private_ip;
    if (auto* interface = by_id(call.region.interfaces, instance->interface_id))
      interface->public_ip = address->public_ip;
  }
  out.leaf("return", true).leaf("associationId", address->association_id);
  return {};
}

Outcome<> disassociate_address(Call& call, XmlOut& out) {
  auto id = call.q.text("AssociationId");
  if (id.empty()) {
    auto* address = GRANTED(named_address(call));
    id = address->association_id;
  }
  auto& all = call.region.addresses;
  auto it = std::find_if(all.begin(), all.end(),
                         [&](const ElasticAddress& a) { return !id.empty() && a.association_id == id; });
  if (it == all.end()) return not_there("InvalidAssociationID.NotFound", "association ID", id);
  disassociate(call.region, *it);
  out.leaf("return", true);
  return {};
}

Outcome<> release_address(Call& call, XmlOut& out) {
  auto* address = GRANTED(named_address(call));
  if (!address->association_id.empty()) {
    return refuse("InvalidIPAddress.InUse", fmt::format("Address {} is in use.", address->public_ip));
  }
  auto id = address->allocation_id;
  std::erase_if(call.region.addresses, [&](const ElasticAddress& each) { return each.allocation_id == id; });
  out.leaf("return", true);
  return {};
}

Outcome<> describe_addresses(Call& call, XmlOut& out) {
  auto ids = call.q.list("AllocationId"), ips = call.q.list("PublicIp");
  for (const auto& id : ids) GRANTED(find_allocation(call, id));
  for (const auto& ip : ips) {
    const auto& all = call.region.addresses;
    if (std::none_of(all.begin(), all.end(), [&](const ElasticAddress& a) { return a.public_ip == ip; })) {
      return refuse("InvalidAddress.NotFound", fmt::format("Address '{}' not found.", ip));
    }
  }
  auto passing = GRANTED(filtered<ElasticAddress>(call, call.region.addresses, address_fields(),
                                                  [](const auto& a) { return a.allocation_id; }));
  std::erase_if(passing, [&](const ElasticAddress* a) {
    bool asked = (ids.empty() || std::find(ids.begin(), ids.end(), a->allocation_id) != ids.end()) &&
                 (ips.empty() || std::find(ips.begin(), ips.end(), a->public_ip) != ips.end());
    return !asked || !call.sees(a->visible);
  });
  out.list("addressesSet", passing, [&](const ElasticAddress* a) {
    out.leaf("publicIp", a->public_ip).leaf("allocationId", a->allocation_id).leaf("domain", "vpc");
    if (!a->association_id.empty()) {
      out.leaf("instanceId", a->instance_id)
          .leaf("associationId", a->association_id)
          .leaf("networkInterfaceId", a->interface_id);
      out.leaf("networkInterfaceOwnerId", kAccount).leaf("privateIpAddress", a->private_ip);
    }
    out.leaf("publicIpv4Pool", "amazon").leaf("networkBorderGroup", call.region.name);
    show_tags(out, call, a->allocation_id, a->tags);
  });
  return {};
}

Outcome<> describe_addresses_attribute(Call& call, XmlOut& out) {
  std::vector<const ElasticAddress*> shown;
  for (const auto& id : call.q.list("AllocationId")) shown.push_back(GRANTED(find_allocation(call, id)));
  out.list("addressSet", shown,
           [&](const ElasticAddress* a) { out.leaf("publicIp", a->public_ip).leaf("allocationId", a->allocation_id); });
  return {};
}

}  // namespace tombolo::sim
