#include "sim/actions.hpp"

#include <algorithm>
#include <array>

#include "sim/addresses.hpp"
#include "sim/boot.hpp"
#include "sim/catalog.hpp"
#include "sim/images.hpp"
#include "sim/instance_changes.hpp"
#include "sim/instance_view.hpp"
#include "sim/keys.hpp"
#include "sim/launch.hpp"
#include "sim/network.hpp"
#include "sim/quotas.hpp"
#include "sim/security_groups.hpp"
#include "sim/spot.hpp"
#include "sim/ssm.hpp"
#include "sim/sts.hpp"
#include "sim/tags.hpp"
#include "sim/volumes.hpp"

namespace tombolo::sim {
namespace {

#define FILTERS "Filter.N.Name Filter.N.Value.N "
#define PAGES "MaxResults NextToken "
#define TAG_SPECIFICATIONS \
  "TagSpecification.N.ResourceType TagSpecification.N.Tag.N.Key TagSpecification.N.Tag.N.Value "
#define RULES                                                                                                \
  "GroupId GroupName IpProtocol FromPort ToPort CidrIp IpPermissions.N.IpProtocol IpPermissions.N.FromPort " \
  "IpPermissions.N.ToPort IpPermissions.N.IpRanges.N.CidrIp IpPermissions.N.IpRanges.N.Description "         \
  "IpPermissions.N.Ipv6Ranges.N.CidrIpv6 IpPermissions.N.Ipv6Ranges.N.Description "                          \
  "IpPermissions.N.UserIdGroupPairs.N.GroupId IpPermissions.N.UserIdGroupPairs.N.UserId "                    \
  "IpPermissions.N.UserIdGroupPairs.N.Description IpPermissions.N.Groups.N.GroupId IpPermissions.N.Groups.N.UserId "

constexpr std::array kQueryActions = {
    // Regions, zones, networks
    QueryAction{"ec2", "DescribeRegions", describe_regions, Pace::kRead, FILTERS "RegionName.N AllRegions"},
    QueryAction{"ec2", "DescribeAvailabilityZones", describe_zones, Pace::kRead,
                FILTERS "ZoneName.N ZoneId.N AllAvailabilityZones"},
    QueryAction{"ec2", "DescribeVpcs", describe_vpcs, Pace::kRead, FILTERS PAGES "VpcId.N"},
    QueryAction{"ec2", "DescribeVpcAttribute", describe_vpc_attribute, Pace::kRead, "VpcId Attribute"},
    QueryAction{"ec2", "DescribeSubnets", describe_subnets, Pace::kRead, FILTERS PAGES "SubnetId.N"},
    QueryAction{"ec2", "DescribeRouteTables", describe_route_tables, Pace::kRead, FILTERS PAGES "RouteTableId.N"},
    QueryAction{"ec2", "DescribeNetworkAcls", describe_network_acls, Pace::kRead, FILTERS PAGES "NetworkAclId.N"},
    QueryAction{"ec2", "DescribeAccountAttributes", describe_account_attributes, Pace::kRead, "AttributeName.N"},
    QueryAction{"ec2", "DescribeNetworkInterfaces", describe_network_interfaces, Pace::kBigRead,
                FILTERS PAGES "NetworkInterfaceId.N"},
    // Security groups
    QueryAction{"ec2", "CreateSecurityGroup", create_security_group, Pace::kMutate,
                TAG_SPECIFICATIONS "GroupName GroupDescription VpcId"},
    QueryAction{"ec2", "DeleteSecurityGroup", delete_security_group, Pace::kMutate, "GroupId GroupName"},
    QueryAction{"ec2", "DescribeSecurityGroups", describe_security_groups, Pace::kBigRead,
                FILTERS PAGES "GroupId.N GroupName.N"},
    QueryAction{"ec2", "DescribeSecurityGroupRules", describe_security_group_rules, Pace::kRead,
                FILTERS PAGES "SecurityGroupRuleId.N"},
    QueryAction{"ec2", "AuthorizeSecurityGroupIngress", authorize_ingress, Pace::kIntensive, RULES TAG_SPECIFICATIONS},
    QueryAction{"ec2", "AuthorizeSecurityGroupEgress", authorize_egress, Pace::kIntensive, RULES TAG_SPECIFICATIONS},
    QueryAction{"ec2", "RevokeSecurityGroupIngress", revoke_ingress, Pace::kIntensive, RULES "SecurityGroupRuleId.N"},
    QueryAction{"ec2", "RevokeSecurityGroupEgress", revoke_egress, Pace::kIntensive, RULES "SecurityGroupRuleId.N"},
    // Key pairs
    QueryAction{"ec2", "CreateKeyPair", create_key_pair, Pace::kIntensive,
                TAG_SPECIFICATIONS "KeyName KeyType KeyFormat"},
    QueryAction{"ec2", "ImportKeyPair", import_key_pair, Pace::kMutate, TAG_SPECIFICATIONS "KeyName PublicKeyMaterial"},
    QueryAction{"ec2", "DeleteKeyPair", delete_key_pair, Pace::kMutate, "KeyName KeyPairId"},
    QueryAction{"ec2", "DescribeKeyPairs", describe_key_pairs, Pace::kRead,
                FILTERS "KeyName.N KeyPairId.N IncludePublicKey"},
    // Images, types, prices
    QueryAction{"ec2", "DescribeImages", describe_images, Pace::kRead,
                FILTERS PAGES "ImageId.N Owner.N ExecutableBy.N IncludeDeprecated IncludeDisabled"},
    QueryAction{"ec2", "DescribeInstanceTypes", describe_instance_types, Pace::kRead, FILTERS PAGES "InstanceType.N"},
    QueryAction{"ec2", "DescribeInstanceTypeOfferings", describe_instance_type_offerings, Pace::kRead,
                FILTERS PAGES "LocationType"},
    QueryAction{"ec2", "DescribeSpotPriceHistory", describe_spot_price_history, Pace::kRead,
                FILTERS PAGES "InstanceType.N ProductDescription.N AvailabilityZone StartTime EndTime"},
    // Instances
    QueryAction{
        "ec2", "RunInstances", run_instances, Pace::kRun,
        TAG_SPECIFICATIONS
        "ImageId InstanceType MinCount MaxCount KeyName SecurityGroupId.N SecurityGroup.N SubnetId UserData "
        "ClientToken "
        "PrivateIpAddress Placement.AvailabilityZone Placement.Tenancy Monitoring.Enabled EbsOptimized "
        "DisableApiTermination DisableApiStop "
        "InstanceInitiatedShutdownBehavior IamInstanceProfile.Arn IamInstanceProfile.Name "
        "InstanceMarketOptions.MarketType "
        "InstanceMarketOptions.SpotOptions.* MetadataOptions.HttpTokens MetadataOptions.HttpPutResponseHopLimit "
        "MetadataOptions.HttpEndpoint "
        "MetadataOptions.HttpProtocolIpv6 MetadataOptions.InstanceMetadataTags CreditSpecification.CpuCredits "
        "BlockDeviceMapping.N.DeviceName BlockDeviceMapping.N.Ebs.VolumeSize BlockDeviceMapping.N.Ebs.VolumeType "
        "BlockDeviceMapping.N.Ebs.Iops "
        "BlockDeviceMapping.N.Ebs.Throughput BlockDeviceMapping.N.Ebs.Encrypted BlockDeviceMapping.N.Ebs.KmsKeyId "
        "BlockDeviceMapping.N.Ebs.DeleteOnTermination BlockDeviceMapping.N.Ebs.SnapshotId "
        "NetworkInterface.N.DeviceIndex "
        "NetworkInterface.N.AssociatePublicIpAddress NetworkInterface.N.SubnetId NetworkInterface.N.SecurityGroupId.N "
        "NetworkInterface.N.Description "
        "NetworkInterface.N.DeleteOnTermination NetworkInterface.N.PrivateIpAddress CapacityReservationSpecification.* "
        "CpuOptions.* EnclaveOptions.Enabled "
        "HibernationOptions.Configured MaintenanceOptions.AutoRecovery PrivateDnsNameOptions.*"},
    QueryAction{"ec2", "DescribeInstances", describe_instances, Pace::kBigRead, FILTERS PAGES "InstanceId.N"},
    QueryAction{"ec2", "DescribeInstanceStatus", describe_instance_status, Pace::kBigRead,
                FILTERS PAGES "InstanceId.N IncludeAllInstances"},
    QueryAction{"ec2", "DescribeInstanceAttribute", describe_instance_attribute, Pace::kRead, "InstanceId Attribute"},
    QueryAction{"ec2", "DescribeInstanceCreditSpecifications", describe_credit_specifications, Pace::kRead,
                FILTERS PAGES "InstanceId.N"},
    QueryAction{"ec2", "ModifyInstanceCreditSpecification", modify_credit_specification, Pace::kMutate,
                "ClientToken InstanceCreditSpecification.N.InstanceId InstanceCreditSpecification.N.CpuCredits"},
    QueryAction{"ec2", "TerminateInstances", terminate_instances, Pace::kTerminate,
                "InstanceId.N Force SkipOsShutdown"},
    QueryAction{"ec2", "StopInstances", stop_instances, Pace::kMutate, "InstanceId.N Force Hibernate SkipOsShutdown"},
    QueryAction{"ec2", "StartInstances", start_instances, Pace::kRun, "InstanceId.N"},
    QueryAction{"ec2", "ModifyInstanceAttribute", modify_instance_attribute, Pace::kMutate,
                "InstanceId Attribute Value DisableApiTermination.Value DisableApiStop.Value EbsOptimized.Value "
                "SourceDestCheck.Value "
                "InstanceInitiatedShutdownBehavior.Value InstanceType.Value UserData.Value GroupId.N"},
    QueryAction{"ec2", "ModifyInstanceMetadataOptions", modify_metadata_options, Pace::kSlowMutate,
                "InstanceId HttpTokens HttpPutResponseHopLimit HttpEndpoint HttpProtocolIpv6 InstanceMetadataTags"},
    QueryAction{"ec2", "GetConsoleOutput", get_console_output, Pace::kRead, "InstanceId Latest"},
    QueryAction{"ec2", "GetInstanceUefiData", get_uefi_data, Pace::kRead, "InstanceId"},
    QueryAction{"ec2", "DescribeSpotInstanceRequests", describe_spot_requests, Pace::kBigRead,
                FILTERS PAGES "SpotInstanceRequestId.N"},
    QueryAction{"ec2", "CancelSpotInstanceRequests", cancel_spot_requests, Pace::kIntensive, "SpotInstanceRequestId.N"},
    // Addresses, volumes, tags
    QueryAction{"ec2", "AllocateAddress", allocate_address, Pace::kMutate, TAG_SPECIFICATIONS "Domain"},
    QueryAction{"ec2", "AssociateAddress", associate_address, Pace::kMutate,
                "AllocationId InstanceId PublicIp AllowReassociation NetworkInterfaceId PrivateIpAddress"},
    QueryAction{"ec2", "DisassociateAddress", disassociate_address, Pace::kMutate, "AssociationId PublicIp"},
    QueryAction{"ec2", "ReleaseAddress", release_address, Pace::kMutate, "AllocationId PublicIp NetworkBorderGroup"},
    QueryAction{"ec2", "DescribeAddresses", describe_addresses, Pace::kRead, FILTERS "AllocationId.N PublicIp.N"},
    QueryAction{"ec2", "DescribeAddressesAttribute", describe_addresses_attribute, Pace::kRead,
                PAGES "AllocationId.N Attribute"},
    QueryAction{"ec2", "DescribeVolumes", describe_volumes, Pace::kBigRead, FILTERS PAGES "VolumeId.N"},
    QueryAction{"ec2", "CreateVolume", create_volume, Pace::kSlowMutate,
                TAG_SPECIFICATIONS "AvailabilityZone Size VolumeType Encrypted ClientToken"},
    QueryAction{"ec2", "DeleteVolume", delete_volume, Pace::kSlowMutate, "VolumeId"},
    QueryAction{"ec2", "CreateTags", create_tags, Pace::kTag, "ResourceId.N Tag.N.Key Tag.N.Value"},
    QueryAction{"ec2", "DeleteTags", delete_tags, Pace::kTag, "ResourceId.N Tag.N.Key Tag.N.Value"},
    QueryAction{"ec2", "DescribeTags", describe_tags, Pace::kRead, FILTERS PAGES},
    // STS
    QueryAction{"sts", "GetCallerIdentity", get_caller_identity, Pace::kFree, ""},
    QueryAction{"sts", "AssumeRole", assume_role, Pace::kFree,
                "RoleArn RoleSessionName DurationSeconds ExternalId SerialNumber TokenCode Policy Tags.* PolicyArns.* "
                "TransitiveTagKeys.*"},
    QueryAction{"sts", "DecodeAuthorizationMessage", decode_authorization_message, Pace::kFree, "EncodedMessage"},
};

constexpr std::array kJsonActions = {
    JsonAction{"ssm", "GetParameter", get_parameter},
    JsonAction{"ssm", "GetParameters", get_parameters},
    JsonAction{"ssm", "PutParameter", put_parameter},
    JsonAction{"ssm", "DeleteParameter", delete_parameter},
    JsonAction{"ssm", "DeleteParameters", delete_parameters},
    JsonAction{"servicequotas", "GetServiceQuota", get_service_quota},
    JsonAction{"servicequotas", "GetAWSDefaultServiceQuota", get_default_quota},
    JsonAction{"servicequotas", "ListServiceQuotas", list_service_quotas},
    JsonAction{"servicequotas", "ListAWSDefaultServiceQuotas", list_default_quotas},
    JsonAction{"servicequotas", "RequestServiceQuotaIncrease", request_quota_increase},
    JsonAction{"servicequotas", "GetRequestedServiceQuotaChange", get_quota_request},
    JsonAction{"servicequotas", "ListRequestedServiceQuotaChangeHistory", list_quota_requests},
    JsonAction{"servicequotas", "ListRequestedServiceQuotaChangeHistoryByQuota", list_quota_requests},
};

#undef FILTERS
#undef PAGES
#undef TAG_SPECIFICATIONS
#undef RULES

template <class Table>
auto* find_in(const Table& table, std::string_view service, std::string_view name) {
  auto it = std::find_if(table.begin(), table.end(),
                         [&](const auto& row) { return row.service == service && row.name == name; });
  return it == table.end() ? nullptr : &*it;
}

}  // namespace

bool QueryAction::accepts(std::string_view parameter) const {
  if (parameter == "Action" || parameter == "Version" || parameter == "DryRun") return true;
  auto generic = Query::generic(parameter);
  std::string_view rest = parameters;
  while (!rest.empty()) {
    auto end = std::min(rest.find(' '), rest.size());
    auto known = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (known == generic) return true;
    if (known.ends_with(".*") && generic.starts_with(known.substr(0, known.size() - 1))) return true;
  }
  return false;
}

const QueryAction* find_query_action(std::string_view service, std::string_view name) {
  return find_in(kQueryActions, service, name);
}
const JsonAction* find_json_action(std::string_view service, std::string_view name) {
  return find_in(kJsonActions, service, name);
}

}  // namespace tombolo::sim
