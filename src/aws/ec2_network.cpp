#include "aws/ec2.hpp"
#include "aws/wire.hpp"

namespace tombolo::aws {
namespace {

constexpr int kPerPage = 1000;  // of every call below; AWS's own upper limit

}  // namespace

Result<std::vector<Vpc>> Ec2::vpcs(const Filters& filters, const CallOptions& options) {
  std::vector<Vpc> out;
  TRY(client_.pages(kEc2, "DescribeVpcs", with_filters(filters, kPerPage), options,
                    [&](const codec::XmlElement& page) -> Result<> {
                      for (const auto* item : page.all("vpcSet/item"))
                        out.push_back({VpcId(item->text_at("vpcId")), item->text_at("cidrBlock"),
                                       item->text_at("isDefault") == "true", tags_of(*item)});
                      return {};
                    }));
  return out;
}

Result<std::vector<Subnet>> Ec2::subnets(const Filters& filters, const CallOptions& options) {
  std::vector<Subnet> out;
  TRY(client_.pages(kEc2, "DescribeSubnets", with_filters(filters, kPerPage), options,
                    [&](const codec::XmlElement& page) -> Result<> {
                      for (const auto* item : page.all("subnetSet/item")) {
                        Subnet subnet;
                        subnet.id = SubnetId(item->text_at("subnetId"));
                        subnet.vpc = VpcId(item->text_at("vpcId"));
                        subnet.zone = Zone(item->text_at("availabilityZone"));
                        subnet.cidr = item->text_at("cidrBlock");
                        subnet.default_for_zone = item->text_at("defaultForAz") == "true";
                        subnet.public_addresses = item->text_at("mapPublicIpOnLaunch") == "true";
                        subnet.free_addresses = number_at(*item, "availableIpAddressCount");
                        out.push_back(std::move(subnet));
                      }
                      return {};
                    }));
  return out;
}

Result<std::vector<Zone>> Ec2::zones(const CallOptions& options) {
  // Without the filter on the type, local and wavelength zones would be among them, where little of EC2 exists.
  const Filters usual{{"state", {"available"}}, {"zone-type", {"availability-zone"}}};
  const codec::XmlElement root =
      TRY(client_.query(kEc2, "DescribeAvailabilityZones", with_filters(usual), kRead, options));
  std::vector<Zone> out;
  for (const auto* item : root.all("availabilityZoneInfo/item")) out.emplace_back(item->text_at("zoneName"));
  return out;
}

Result<std::vector<Interface>> Ec2::interfaces(const Filters& filters, const CallOptions& options) {
  std::vector<Interface> out;
  TRY(client_.pages(kEc2, "DescribeNetworkInterfaces", with_filters(filters, kPerPage), options,
                    [&](const codec::XmlElement& page) -> Result<> {
                      for (const auto* item : page.all("networkInterfaceSet/item")) {
                        Interface one;
                        one.id = InterfaceId(item->text_at("networkInterfaceId"));
                        one.status = item->text_at("status");
                        one.description = item->text_at("description");
                        one.vpc = VpcId(item->text_at("vpcId"));
                        for (const auto* group : item->all("groupSet/item"))
                          one.groups.emplace_back(group->text_at("groupId"));
                        one.instance = InstanceId(item->text_at("attachment/instanceId"));
                        one.owner = item->text_at("requesterId", item->text_at("ownerId"));
                        one.tags = tags_of(*item);
                        out.push_back(std::move(one));
                      }
                      return {};
                    }));
  return out;
}

}  // namespace tombolo::aws
