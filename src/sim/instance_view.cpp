#include "sim/instance_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/filters.hpp"
#include "sim/tags.hpp"

namespace tombolo::sim {
namespace {

// An instance as filters and answers need it: with what hangs on it.
struct View {
  const Instance* instance = nullptr;
  const Volume* root = nullptr;
  const Interface* interface = nullptr;
  const ElasticAddress* address = nullptr;
  std::vector<std::pair<std::string, std::string>> groups;  // id, name
  Tags tags;

  std::string public_ip() const {
    if (address) return address->public_ip;
    return instance->state == InstanceState::kRunning ? instance->auto_public_ip : "";
  }
};

View view_of(const Region& region, const Instance& instance) {
  View view{&instance,
            by_id(region.volumes, instance.root_volume_id),
            by_id(region.interfaces, instance.interface_id),
            nullptr,
            {},
            instance.tags};
  for (const auto& address : region.addresses) {
    if (address.instance_id == instance.id) view.address = &address;
  }
  for (const auto& id : instance.groups) {
    const auto* group = by_id(region.groups, id);
    view.groups.emplace_back(id, group ? group->name : "");
  }
  return view;
}

std::string private_dns(const Region& region, const Instance& instance) {
  std::string dashed = instance.private_ip;
  std::replace(dashed.begin(), dashed.end(), '.', '-');
  return region.name == "us-east-1" ? fmt::format("ip-{}.ec2.internal", dashed)
                                    : fmt::format("ip-{}.{}.compute.internal", dashed, region.name);
}

std::string public_dns(const Region& region, std::string ip) {
  if (ip.empty()) return "";
  std::replace(ip.begin(), ip.end(), '.', '-');
  return region.name == "us-east-1" ? fmt::format("ec2-{}.compute-1.amazonaws.com", ip)
                                    : fmt::format("ec2-{}.{}.compute.amazonaws.com", ip, region.name);
}

void show_interface(XmlOut& out, const Call& call, const View& view) {
  const auto& each = *view.interface;
  out.leaf("networkInterfaceId", each.id)
      .leaf("subnetId", each.subnet_id)
      .leaf("vpcId", each.vpc_id)
      .leaf("description", each.description);
  out.leaf("ownerId", kAccount)
      .leaf("status", "in-use")
      .leaf("macAddress", "02:00:00:" + each.id.substr(5, 2) + ":" + each.id.substr(7, 2) + ":" + each.id.substr(9, 2));
  out.leaf("privateIpAddress", each.private_ip).leaf("sourceDestCheck", each.source_dest_check);
  auto show_groups = [&] {
    out.list("groupSet", view.groups,
             [&](const auto& group) { out.leaf("groupId", group.first).leaf("groupName", group.second); });
  };
  auto show_association = [&] {
    if (view.public_ip().empty()) return;
    out.node("association", [&] {
      out.leaf("publicIp", view.public_ip()).leaf("publicDnsName", public_dns(call.region, view.public_ip()));
      out.leaf("ipOwnerId", view.address ? kAccount : "amazon");
    });
  };
  show_groups();
  out.node("attachment", [&] {
    out.leaf("attachmentId", each.attachment_id).leaf("deviceIndex", 0).leaf("status", "attached");
    out.leaf("attachTime", iso_time(each.created))
        .leaf("deleteOnTermination", each.delete_on_termination)
        .leaf("networkCardIndex", 0);
  });
  show_association();
  out.list("privateIpAddressesSet", std::array{&each}, [&](const Interface* interface) {
    out.leaf("privateIpAddress", interface->private_ip).leaf("primary", true);
    show_association();
  });
  out.node("ipv6AddressesSet", [] {}).leaf("interfaceType", "interface");
}

void show_hardware(XmlOut& out, const Call& call, const View& view) {
  const auto& i = *view.instance;
  out.leaf("architecture", i.architecture).leaf("rootDeviceType", "ebs").leaf("rootDeviceName", i.root_device);
  out.node("blockDeviceMapping", [&] {
    if (!view.root) return;
    out.node("item", [&] {
      out.leaf("deviceName", view.root->device).node("ebs", [&] {
        out.leaf("volumeId", view.root->id).leaf("status", "attached").leaf("attachTime", iso_time(view.root->created));
        out.leaf("deleteOnTermination", view.root->delete_on_termination);
      });
    });
  });
  out.leaf("virtualizationType", "hvm")
      .leaf("hypervisor", "xen")
      .leaf("ebsOptimized", i.ebs_optimized)
      .leaf("enaSupport", true);
  out.node("networkInterfaceSet", [&] {
    if (view.interface) out.node("item", [&] { show_interface(out, call, view); });
  });
  out.node("cpuOptions", [&] { out.leaf("coreCount", 1).leaf("threadsPerCore", i.architecture == "arm64" ? 1 : 2); });
  out.node("hibernationOptions", [&] { out.leaf("configured", false); });
  out.node("enclaveOptions", [&] { out.leaf("enabled", false); });
  out.node("maintenanceOptions", [&] { out.leaf("autoRecovery", "default"); });
  out.node("privateDnsNameOptions", [&] {
    out.leaf("hostnameType", "ip-name")
        .leaf("enableResourceNameDnsARecord", false)
        .leaf("enableResourceNameDnsAAAARecord", false);
  });
  out.node("capacityReservationSpecification", [&] { out.leaf("capacityReservationPreference", "open"); });
  out.node("metadataOptions", [&] {
    out.leaf("state", "applied").leaf("httpTokens", i.http_tokens).leaf("httpPutResponseHopLimit", i.hop_limit);
    out.leaf("httpEndpoint", i.http_endpoint)
        .leaf("httpProtocolIpv6", i.protocol_ipv6)
        .leaf("instanceMetadataTags", i.metadata_tags);
  });
}

void show(XmlOut& out, const Call& call, const View& view) {
  const auto& i = *view.instance;
  bool gone = i.state == InstanceState::kTerminated;
  out.leaf("instanceId", i.id).leaf("imageId", i.image_id);
  show_state(out, "instanceState", i.state);
  out.leaf("privateDnsName", gone ? "" : private_dns(call.region, i))
      .leaf("dnsName", public_dns(call.region, view.public_ip()));
  out.leaf("reason", i.state_transition).leaf_if("keyName", i.key_name).leaf("amiLaunchIndex", i.launch_index);
  out.node("productCodes", [] {}).leaf("instanceType", i.type).leaf("launchTime", iso_time(i.launched));
  out.node("placement", [&] {
    out.leaf("availabilityZone", i.zone)
        .leaf("availabilityZoneId", zone_id(i.zone))
        .leaf("groupName", "")
        .leaf("tenancy", "default");
  });
  out.node("monitoring", [&] { out.leaf("state", i.monitoring ? "enabled" : "disabled"); });
  if (!gone) {
    out.leaf("subnetId", i.subnet_id)
        .leaf("vpcId", i.vpc_id)
        .leaf("privateIpAddress", i.private_ip)
        .leaf_if("ipAddress", view.public_ip());
    out.leaf("sourceDestCheck", i.source_dest_check);
  }
  out.list("groupSet", gone ? std::vector<std::pair<std::string, std::string>>{} : view.groups,
           [&](const auto& group) { out.leaf("groupId", group.first).leaf("groupName", group.second); });
  if (i.state != InstanceState::kRunning && !i.state_reason_code.empty()) {
    out.node("stateReason", [&] { out.leaf("code", i.state_reason_code).leaf("message", i.state_reason); });
  }
  out.leaf_if("clientToken", i.client_token);
  if (!i.spot_request_id.empty())
    out.leaf("instanceLifecycle", "spot").leaf("spotInstanceRequestId", i.spot_request_id);
  if (!i.profile_arn.empty())
    out.node("iamInstanceProfile", [&] { out.leaf("arn", i.profile_arn).leaf("id", "AIPASIMULATED0000001"); });
  show_hardware(out, call, view);
  out.leaf("currentInstanceBootMode", "legacy-bios")
      .leaf("usageOperation", "RunInstances")
      .leaf("platformDetails", "Linux/UNIX");
  show_tags(out, call, i.id, i.tags);
}

const std::vector<FilterField<View>>& instance_fields() {
  static const std::vector<FilterField<View>> table = {
      {"instance-id", [](const View& v) { return Values{v.instance->id}; }},
      {"instance-state-name", [](const View& v) { return Values{std::string(name(v.instance->state))}; }},
      {"instance-state-code", [](const View& v) { return Values{std::to_string(code(v.instance->state))}; }},
      {"instance-type", [](const View& v) { return Values{v.instance->type}; }},
      {"image-id", [](const View& v) { return Values{v.instance->image_id}; }},
      {"key-name", [](const View& v) { return Values{v.instance->key_name}; }},
      {"client-token", [](const View& v) { return Values{v.instance->client_token}; }},
      {"reservation-id", [](const View& v) { return Values{v.instance->reservation_id}; }},
      {"availability-zone", [](const View& v) { return Values{v.instance->zone}; }},
      {"vpc-id", [](const View& v) { return Values{v.instance->vpc_id}; }},
      {"subnet-id", [](const View& v) { return Values{v.instance->subnet_id}; }},
      {"architecture", [](const View& v) { return Values{v.instance->architecture}; }},
      {"owner-id", [](const View&) { return Values{std::string(kAccount)}; }},
      {"root-device-type", [](const View&) { return Values{"ebs"}; }},
      {"root-device-name", [](const View& v) { return Values{v.instance->root_device}; }},
      {"instance-lifecycle",
       [](const View& v) { return v.instance->spot_request_id.empty() ? Values{} : Values{"spot"}; }},
      {"spot-instance-request-id", [](const View& v) { return Values{v.instance->spot_request_id}; }},
      {"private-ip-address", [](const View& v) { return Values{v.instance->private_ip}; }},
      {"ip-address", [](const View& v) { return Values{v.public_ip()}; }},
      {"launch-time", [](const View& v) { return Values{iso_time(v.instance->launched)}; }},
      {"state-reason-code", [](const View& v) { return Values{v.instance->state_reason_code}; }},
      {"metadata-options.http-tokens", [](const View& v) { return Values{v.instance->http_tokens}; }},
      {"instance.group-id", [](const View& v) { return v.instance->groups; }},
      {"network-interface.group-id", [](const View& v) { return v.instance->groups; }},
      {"instance.group-name",
       [](const View& v) {
         Values names;
         for (const auto& group : v.groups) names.push_back(group.second);
         return names;
       }},
      {"network-interface.network-interface-id", [](const View& v) { return Values{v.instance->interface_id}; }},
      {"block-device-mapping.volume-id", [](const View& v) { return Values{v.instance->root_volume_id}; }},
      {"block-device-mapping.device-name", [](const View& v) { return Values{v.instance->root_device}; }},
      {"tenancy", [](const View&) { return Values{"default"}; }},
      {"virtualization-type", [](const View&) { return Values{"hvm"}; }},
  };
  return table;
}

std::vector<View> views(const Call& call) {
  std::vector<View> out;
  for (const auto& instance : call.region.instances) {
    if (call.sees(instance.visible)) out.push_back(view_of(call.region, instance));
  }
  return out;
}

void keep_asked(std::vector<const View*>& passing, const std::vector<std::string>& ids) {
  if (ids.empty()) return;
  std::erase_if(passing,
                [&](const View* view) { return std::find(ids.begin(), ids.end(), view->instance->id) == ids.end(); });
}

}  // namespace

void show_state(XmlOut& out, std::string_view node, InstanceState state) {
  out.node(node, [&] { out.leaf("code", code(state)).leaf("name", name(state)); });
}

void show_reservation(XmlOut& out, const Call& call, const std::vector<std::string>& ids) {
  std::vector<View> shown;
  for (const auto& id : ids) {
    if (const auto* instance = by_id(call.region.instances, id)) shown.push_back(view_of(call.region, *instance));
  }
  out.leaf("reservationId", shown.empty() ? "" : shown.front().instance->reservation_id)
      .leaf("ownerId", kAccount)
      .node("groupSet", [] {});
  out.list("instancesSet", shown, [&](const View& view) { show(out, call, view); });
}

Outcome<Instance*> find_instance(Call& call, const std::string& id) {
  bool formed = id.starts_with("i-") && (id.size() == 10 || id.size() == 19) &&
                id.find_first_not_of("0123456789abcdef", 2) == std::string::npos;
  if (!formed) return refuse("InvalidInstanceID.Malformed", fmt::format("Invalid id: \"{}\"", id));
  auto* instance = by_id(call.region.instances, id);
  if (!instance || !call.sees(instance->visible)) return not_there("InvalidInstanceID.NotFound", "instance ID", id);
  return instance;
}

Outcome<> describe_instances(Call& call, XmlOut& out) {
  auto ids = call.q.list("InstanceId");
  if (!ids.empty() && call.q.has("MaxResults")) {
    return refuse("InvalidParameterCombination",
                  "The parameter instancesSet cannot be used with the parameter maxResults");
  }
  for (const auto& id : ids) GRANTED(find_instance(call, id));
  auto all = views(call);
  auto passing =
      GRANTED(filtered<View>(call, all, instance_fields(), [](const View& view) { return view.instance->id; }));
  keep_asked(passing, ids);
  std::vector<std::vector<const View*>> reservations;  // pages count these
  for (const auto* view : passing) {
    bool same = !reservations.empty() &&
                reservations.back().front()->instance->reservation_id == view->instance->reservation_id;
    if (!same) reservations.emplace_back();
    reservations.back().push_back(view);
  }
  auto page = GRANTED(page_of(call.q, reservations.size(), 5, 1000));
  out.list("reservationSet", slice(reservations, page), [&](const auto& reservation) {
    out.leaf("reservationId", reservation.front()->instance->reservation_id)
        .leaf("ownerId", kAccount)
        .node("groupSet", [] {});
    out.list("instancesSet", reservation, [&](const View* view) { show(out, call, *view); });
  });
  out.leaf_if("nextToken", page.next_token);
  return {};
}

Outcome<> describe_instance_status(Call& call, XmlOut& out) {
  auto ids = call.q.list("InstanceId");
  for (const auto& id : ids) GRANTED(find_instance(call, id));
  auto include_all = GRANTED(call.q.flag("IncludeAllInstances", false));
  auto all = views(call);
  static const std::vector<FilterField<View>> status_fields = {
      {"availability-zone", [](const View& v) { return Values{v.instance->zone}; }},
      {"instance-state-name", [](const View& v) { return Values{std::string(name(v.instance->state))}; }},
      {"instance-state-code", [](const View& v) { return Values{std::to_string(code(v.instance->state))}; }},
  };
  auto passing = GRANTED(filtered<View>(call, all, status_fields));
  keep_asked(passing, ids);
  std::erase_if(passing, [&](const View* v) { return !include_all && v->instance->state != InstanceState::kRunning; });
  auto page = GRANTED(page_of(call.q, passing.size(), 5, 1000));
  out.list("instanceStatusSet", slice(passing, page), [&](const View* view) {
    const auto& i = *view->instance;
    bool running = i.state == InstanceState::kRunning;
    bool checked = running && call.now >= i.running_since + call.world.options.times.status_checks;
    out.leaf("instanceId", i.id).leaf("availabilityZone", i.zone);
    show_state(out, "instanceState", i.state);
    for (auto part : {"systemStatus", "instanceStatus"}) {
      out.node(part, [&] {
        out.leaf("status", checked ? "ok" : running ? "initializing" : "not-applicable");
        if (running) {
          out.list("details", std::array{checked}, [&](bool passed) {
            out.leaf("name", "reachability").leaf("status", passed ? "passed" : "initializing");
          });
        }
      });
    }
  });
  out.leaf_if("nextToken", page.next_token);
  return {};
}

}  // namespace tombolo::sim
