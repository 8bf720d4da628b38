#include "sim/network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/filters.hpp"
#include "sim/quotas.hpp"
#include "sim/tags.hpp"

namespace tombolo::sim {
namespace {

std::string yes_or_no(bool value) { return value ? "true" : "false"; }

template <class T>
Outcome<std::vector<const T*>> asked_for(const Call& call, const std::vector<T>& list,
                                         const std::vector<FilterField<T>>& fields, std::string_view parameter,
                                         std::string_view missing_code, std::string_view what) {
  auto ids = call.q.list(parameter);
  for (const auto& id : ids) {
    if (!by_id(list, id)) return not_there(missing_code, what, id);
  }
  auto passing = GRANTED(filtered<T>(call, list, fields, [](const T& each) { return each.id; }));
  std::erase_if(
      passing, [&](const T* each) { return !ids.empty() && std::find(ids.begin(), ids.end(), each->id) == ids.end(); });
  return passing;
}

const std::vector<FilterField<Vpc>>& vpc_fields() {
  static const std::vector<FilterField<Vpc>> table = {
      {"vpc-id", [](const Vpc& v) { return Values{v.id}; }},
      {"isDefault", [](const Vpc& v) { return Values{yes_or_no(v.is_default)}; }},
      {"is-default", [](const Vpc& v) { return Values{yes_or_no(v.is_default)}; }},
      {"cidr", [](const Vpc& v) { return Values{v.cidr}; }},
      {"cidr-block-association.cidr-block", [](const Vpc& v) { return Values{v.cidr}; }},
      {"state", [](const Vpc&) { return Values{"available"}; }},
      {"owner-id", [](const Vpc&) { return Values{std::string(kAccount)}; }},
  };
  return table;
}

const std::vector<FilterField<Subnet>>& subnet_fields() {
  static const std::vector<FilterField<Subnet>> table = {
      {"subnet-id", [](const Subnet& s) { return Values{s.id}; }},
      {"vpc-id", [](const Subnet& s) { return Values{s.vpc_id}; }},
      {"availability-zone", [](const Subnet& s) { return Values{s.zone}; }},
      {"availabilityZone", [](const Subnet& s) { return Values{s.zone}; }},
      {"availability-zone-id", [](const Subnet& s) { return Values{zone_id(s.zone)}; }},
      {"default-for-az", [](const Subnet&) { return Values{"true"}; }},
      {"defaultForAz", [](const Subnet&) { return Values{"true"}; }},
      {"map-public-ip-on-launch", [](const Subnet&) { return Values{"true"}; }},
      {"cidr-block", [](const Subnet& s) { return Values{s.cidr}; }},
      {"state", [](const Subnet&) { return Values{"available"}; }},
  };
  return table;
}

const std::vector<FilterField<Interface>>& interface_fields() {
  static const std::vector<FilterField<Interface>> table = {
      {"network-interface-id", [](const Interface& i) { return Values{i.id}; }},
      {"group-id", [](const Interface& i) { return i.groups; }},
      {"vpc-id", [](const Interface& i) { return Values{i.vpc_id}; }},
      {"subnet-id", [](const Interface& i) { return Values{i.subnet_id}; }},
      {"availability-zone", [](const Interface& i) { return Values{i.zone}; }},
      {"attachment.instance-id", [](const Interface& i) { return Values{i.instance_id}; }},
      {"attachment.attachment-id", [](const Interface& i) { return Values{i.attachment_id}; }},
      {"attachment.device-index", [](const Interface&) { return Values{"0"}; }},
      {"description", [](const Interface& i) { return Values{i.description}; }},
      {"private-ip-address", [](const Interface& i) { return Values{i.private_ip}; }},
      {"addresses.private-ip-address", [](const Interface& i) { return Values{i.private_ip}; }},
      {"association.public-ip", [](const Interface& i) { return Values{i.public_ip}; }},
      {"requester-id", [](const Interface& i) { return Values{i.requester}; }},
      {"requester-managed", [](const Interface& i) { return Values{yes_or_no(!i.requester.empty())}; }},
      {"status", [](const Interface&) { return Values{"in-use"}; }},
      {"interface-type", [](const Interface&) { return Values{"interface"}; }},
  };
  return table;
}

struct Zone {
  std::string name;
};

}  // namespace

Outcome<> describe_regions(Call& call, XmlOut& out) {
  struct Row {
    std::string name;
  };
  std::vector<Row> rows;
  auto wanted = call.q.list("RegionName");
  for (auto name : region_names()) {
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end())
      rows.push_back({std::string(name)});
  }
  for (const auto& name : wanted) {
    if (!known_region(name)) return refuse("InvalidParameterValue", fmt::format("Invalid region names: [{}]", name));
  }
  static const std::vector<FilterField<Row>> fields = {
      {"region-name", [](const Row& row) { return Values{row.name}; }},
      {"opt-in-status", [](const Row&) { return Values{"opt-in-not-required"}; }},
      {"endpoint", [](const Row& row) { return Values{fmt::format("ec2.{}.amazonaws.com", row.name)}; }},
  };
  out.list("regionInfo", GRANTED(filtered<Row>(call, rows, fields)), [&](const Row* row) {
    out.leaf("regionName", row->name).leaf("regionEndpoint", fmt::format("ec2.{}.amazonaws.com", row->name));
    out.leaf("optInStatus", "opt-in-not-required");
  });
  return {};
}

Outcome<> describe_zones(Call& call, XmlOut& out) {
  std::vector<Zone> zones;
  auto wanted = call.q.list("ZoneName");
  for (const auto& zone : call.region.zones) {
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), zone) != wanted.end()) zones.push_back({zone});
  }
  for (const auto& zone : wanted) {
    const auto& all = call.region.zones;
    if (std::find(all.begin(), all.end(), zone) == all.end()) {
      return refuse("InvalidParameterValue", fmt::format("Invalid availability zone: [{}]", zone));
    }
  }
  auto region = call.region.name;
  const std::vector<FilterField<Zone>> fields = {
      {"zone-name", [](const Zone& z) { return Values{z.name}; }},
      {"zone-id", [](const Zone& z) { return Values{zone_id(z.name)}; }},
      {"region-name", [&](const Zone&) { return Values{region}; }},
      {"state", [](const Zone&) { return Values{"available"}; }},
      {"opt-in-status", [](const Zone&) { return Values{"opt-in-not-required"}; }},
      {"zone-type", [](const Zone&) { return Values{"availability-zone"}; }},
      {"group-name", [&](const Zone&) { return Values{region}; }},
  };
  out.list("availabilityZoneInfo", GRANTED(filtered<Zone>(call, zones, fields)), [&](const Zone* zone) {
    out.leaf("zoneName", zone->name).leaf("zoneState", "available").leaf("zoneId", zone_id(zone->name));
    out.leaf("regionName", region).leaf("optInStatus", "opt-in-not-required").leaf("groupName", region);
    out.leaf("networkBorderGroup", region).leaf("zoneType", "availability-zone");
    out.node("messageSet", [] {});
  });
  return {};
}

Outcome<> describe_vpcs(Call& call, XmlOut& out) {
  auto vpcs = GRANTED(asked_for(call, call.region.vpcs, vpc_fields(), "VpcId", "InvalidVpcID.NotFound", "vpc ID"));
  auto page = GRANTED(page_of(call.q, vpcs.size(), 5, 1000));
  out.list("vpcSet", slice(vpcs, page), [&](const Vpc* vpc) {
    out.leaf("vpcId", vpc->id).leaf("ownerId", kAccount).leaf("state", "available").leaf("cidrBlock", vpc->cidr);
    out.list("cidrBlockAssociationSet", std::array{vpc}, [&](const Vpc* each) {
      out.leaf("cidrBlock", each->cidr).leaf("associationId", "vpc-cidr-assoc-" + each->id.substr(4));
      out.node("cidrBlockState", [&] { out.leaf("state", "associated"); });
    });
    out.leaf("dhcpOptionsId", "dopt-" + vpc->id.substr(4))
        .leaf("instanceTenancy", "default")
        .leaf("isDefault", vpc->is_default);
    show_tags(out, call, vpc->id, vpc->tags);
  });
  out.leaf_if("nextToken", page.next_token);
  return {};
}

Outcome<> describe_vpc_attribute(Call& call, XmlOut& out) {
  auto id = GRANTED(call.q.required("VpcId"));
  auto attribute = GRANTED(call.q.required("Attribute"));
  if (!by_id(call.region.vpcs, id)) return not_there("InvalidVpcID.NotFound", "vpc ID", id);
  bool value = attribute == "enableDnsSupport" || attribute == "enableDnsHostnames";
  if (!value && attribute != "enableNetworkAddressUsageMetrics") return invalid_value("attribute", attribute);
  out.leaf("vpcId", id).node(attribute, [&] { out.leaf("value", value); });
  return {};
}

Outcome<> describe_subnets(Call& call, XmlOut& out) {
  auto subnets = GRANTED(
      asked_for(call, call.region.subnets, subnet_fields(), "SubnetId", "InvalidSubnetID.NotFound", "subnet ID"));
  auto page = GRANTED(page_of(call.q, subnets.size(), 5, 1000));
  out.list("subnetSet", slice(subnets, page), [&](const Subnet* subnet) {
    out.leaf("subnetId", subnet->id)
        .leaf("state", "available")
        .leaf("vpcId", subnet->vpc_id)
        .leaf("cidrBlock", subnet->cidr);
    out.leaf("availableIpAddressCount", 4091 - static_cast<int>(subnet->next_host - 10))
        .leaf("availabilityZone", subnet->zone);
    out.leaf("availabilityZoneId", zone_id(subnet->zone)).leaf("defaultForAz", true).leaf("mapPublicIpOnLaunch", true);
    out.leaf("assignIpv6AddressOnCreation", false).leaf("ownerId", kAccount).leaf("ipv6Native", false);
    out.leaf("subnetArn", fmt::format("arn:aws:ec2:{}:{}:subnet/{}", call.region.name, kAccount, subnet->id));
    show_tags(out, call, subnet->id, subnet->tags);
  });
  out.leaf_if("nextToken", page.next_token);
  return {};
}

// The main route table of each VPC: all that the default VPC has.
Outcome<> describe_route_tables(Call& call, XmlOut& out) {
  static const std::vector<FilterField<Vpc>> fields = {
      {"vpc-id", [](const Vpc& v) { return Values{v.id}; }},
      {"association.main", [](const Vpc&) { return Values{"true"}; }},
      {"route-table-id", [](const Vpc& v) { return Values{"rtb-" + v.id.substr(4)}; }},
      {"association.subnet-id", [](const Vpc&) { return Values{}; }},
  };
  out.list("routeTableSet", GRANTED(filtered<Vpc>(call, call.region.vpcs, fields)), [&](const Vpc* vpc) {
    auto id = "rtb-" + vpc->id.substr(4);
    out.leaf("routeTableId", id).leaf("vpcId", vpc->id).leaf("ownerId", kAccount);
    out.list("routeSet",
             std::array{std::pair{vpc->cidr, std::string("local")},
                        std::pair{std::string("0.0.0.0/0"), "igw-" + vpc->id.substr(4)}},
             [&](const auto& route) {
               out.leaf("destinationCidrBlock", route.first).leaf("gatewayId", route.second).leaf("state", "active");
             });
    out.list("associationSet", std::array{vpc}, [&](const Vpc*) {
      out.leaf("routeTableAssociationId", "rtbassoc-" + vpc->id.substr(4)).leaf("routeTableId", id).leaf("main", true);
    });
    out.node("tagSet", [] {});
  });
  return {};
}

Outcome<> describe_network_acls(Call& call, XmlOut& out) {
  static const std::vector<FilterField<Vpc>> fields = {
      {"vpc-id", [](const Vpc& v) { return Values{v.id}; }},
      {"default", [](const Vpc&) { return Values{"true"}; }},
  };
  out.list("networkAclSet", GRANTED(filtered<Vpc>(call, call.region.vpcs, fields)), [&](const Vpc* vpc) {
    out.leaf("networkAclId", "acl-" + vpc->id.substr(4))
        .leaf("vpcId", vpc->id)
        .leaf("default", true)
        .leaf("ownerId", kAccount);
    out.node("entrySet", [] {}).node("associationSet", [] {}).node("tagSet", [] {});
  });
  return {};
}

Outcome<> describe_account_attributes(Call& call, XmlOut& out) {
  std::string default_vpc = "none";
  for (const auto& vpc : call.region.vpcs) {
    if (vpc.is_default) default_vpc = vpc.id;
  }
  const std::vector<std::pair<std::string, std::string>> all = {
      {"supported-platforms", "VPC"},
      {"default-vpc", default_vpc},
      {"max-instances", "20"},
      {"vpc-max-security-groups-per-interface", "5"},
      {"max-elastic-ips", "5"},
      {"vpc-max-elastic-ips", fmt::format("{:g}", quota_value(call.region, kAddressQuota))},
  };
  auto wanted = call.q.list("AttributeName");
  std::vector<std::pair<std::string, std::string>> shown;
  for (const auto& each : all) {
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), each.first) != wanted.end()) shown.push_back(each);
  }
  out.list("accountAttributeSet", shown, [&](const auto& each) {
    out.leaf("attributeName", each.first);
    out.list("attributeValueSet", std::array{each.second},
             [&](const std::string& value) { out.leaf("attributeValue", value); });
  });
  return {};
}

Outcome<> describe_network_interfaces(Call& call, XmlOut& out) {
  auto found = GRANTED(asked_for(call, call.region.interfaces, interface_fields(), "NetworkInterfaceId",
                                 "InvalidNetworkInterfaceID.NotFound", "networkInterface ID"));
  auto page = GRANTED(page_of(call.q, found.size(), 5, 1000));
  out.list("networkInterfaceSet", slice(found, page), [&](const Interface* each) {
    out.leaf("networkInterfaceId", each->id).leaf("subnetId", each->subnet_id).leaf("vpcId", each->vpc_id);
    out.leaf("availabilityZone", each->zone).leaf("description", each->description).leaf("ownerId", kAccount);
    out.leaf_if("requesterId", each->requester).leaf("requesterManaged", !each->requester.empty());
    out.leaf("status", "in-use")
        .leaf("privateIpAddress", each->private_ip)
        .leaf("sourceDestCheck", each->source_dest_check);
    out.leaf("interfaceType", "interface");
    out.list("groupSet", each->groups, [&](const std::string& id) {
      const auto* group = by_id(call.region.groups, id);
      out.leaf("groupId", id).leaf("groupName", group ? group->name : "");
    });
    if (!each->instance_id.empty()) {
      out.node("attachment", [&] {
        out.leaf("attachmentId", each->attachment_id)
            .leaf("instanceId", each->instance_id)
            .leaf("instanceOwnerId", kAccount);
        out.leaf("deviceIndex", 0).leaf("status", "attached").leaf("attachTime", iso_time(each->created));
        out.leaf("deleteOnTermination", each->delete_on_termination);
      });
    }
    if (!each->public_ip.empty())
      out.node("association", [&] { out.leaf("publicIp", each->public_ip).leaf("ipOwnerId", kAccount); });
    show_tags(out, call, each->id, each->tags);
  });
  out.leaf_if("nextToken", page.next_token);
  return {};
}

}  // namespace tombolo::sim
