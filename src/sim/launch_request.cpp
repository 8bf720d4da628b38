#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cloudinit/cloudinit.hpp"
#include "codec/base64.hpp"
#include "sim/launch.hpp"
#include "sim/security_groups.hpp"

namespace tombolo::sim {
namespace {

Outcome<const Image*> find_image(const Call& call, std::string id) {
  constexpr std::string_view kResolve = "resolve:ssm:";
  if (id.starts_with(kResolve)) {
    auto it = call.region.parameters.find(id.substr(kResolve.size()));
    if (it == call.region.parameters.end()) return invalid_value("ImageId", id, "The parameter does not exist.");
    id = it->second.value;
  }
  if (!id.starts_with("ami-"))
    return refuse("InvalidAMIID.Malformed", fmt::format("Invalid id: \"{}\" (expecting \"ami-...\")", id));
  const auto* image = by_id(call.region.images, id);
  if (!image) return refuse("InvalidAMIID.NotFound", fmt::format("The image id '[{}]' does not exist", id));
  return image;
}

Outcome<std::string> read_user_data(const Query& q) {
  auto decoded = codec::decode_base64(q.text("UserData"));
  if (!decoded) return refuse("InvalidParameterValue", "Invalid BASE64 encoding of user data");
  if (decoded->size() > cloudinit::kUserDataLimit)
    return refuse("InvalidParameterValue", "User data is limited to 16384 bytes");
  return std::string(as_text(*decoded));
}

Outcome<> read_counts(const Query& q, LaunchRequest& request) {
  GRANTED(q.required("MinCount"));
  GRANTED(q.required("MaxCount"));
  auto least = GRANTED(q.number("MinCount", 1)), most = GRANTED(q.number("MaxCount", 1));
  if (least < 1) return invalid_value("minCount", std::to_string(least), "It must be at least 1.");
  if (most < least || most > 1000)
    return invalid_value("maxCount", std::to_string(most), "It must be between minCount and 1000.");
  request.least = static_cast<int>(least);
  request.most = static_cast<int>(most);
  return {};
}

struct VolumeKind {
  std::string_view name;
  int least_gib, most_gib, default_iops, most_iops;
};
constexpr std::array kVolumeKinds = {VolumeKind{"gp3", 1, 16384, 3000, 16000}, VolumeKind{"gp2", 1, 16384, 0, 0},
                                     VolumeKind{"io1", 4, 16384, 0, 64000}, VolumeKind{"io2", 4, 65536, 0, 256000},
                                     VolumeKind{"standard", 1, 1024, 0, 0}};

Outcome<RootVolume> read_root(const Query& q, const Image& image) {
  RootVolume root;
  for (const auto& mapping : q.items("BlockDeviceMapping")) {
    auto device = GRANTED(mapping.required("DeviceName"));
    if (device != image.root_device) {
      return refuse(
          "InvalidBlockDeviceMapping",
          fmt::format("Invalid device name {}: only the root device {} is simulated", device, image.root_device));
    }
    auto ebs = mapping.under("Ebs");
    root.type = ebs.text("VolumeType", "gp3");
    auto kind = std::find_if(kVolumeKinds.begin(), kVolumeKinds.end(),
                             [&](const VolumeKind& each) { return each.name == root.type; });
    if (kind == kVolumeKinds.end()) return invalid_value("volumeType", root.type);
    root.size_gib = static_cast<int>(GRANTED(ebs.number("VolumeSize", 0)));
    root.iops = static_cast<int>(GRANTED(ebs.number("Iops", kind->default_iops)));
    root.throughput = static_cast<int>(GRANTED(ebs.number("Throughput", root.type == "gp3" ? 125 : 0)));
    root.encrypted = GRANTED(ebs.flag("Encrypted", false));
    root.kms_key = ebs.text("KmsKeyId");
    root.delete_on_termination = GRANTED(ebs.flag("DeleteOnTermination", true));
    if (root.size_gib != 0 && (root.size_gib < kind->least_gib || root.size_gib > kind->most_gib)) {
      return refuse("InvalidParameterValue", fmt::format("Volume of {}GiB is invalid; must be between {}GiB and {}GiB.",
                                                         root.size_gib, kind->least_gib, kind->most_gib));
    }
    if (root.iops > kind->most_iops) {
      return refuse(kind->most_iops ? "InvalidParameterValue" : "InvalidParameterCombination",
                    fmt::format("The parameter iops is not supported for {} volumes at {}.", root.type, root.iops));
    }
    if (root.type == "gp3" && (root.iops < 3000 || root.throughput < 125 || root.throughput > 1000)) {
      return refuse("InvalidParameterValue",
                    "gp3 volumes have 3000 to 16000 iops and a throughput of 125 to 1000 MiB/s");
    }
    if (root.type != "gp3" && root.throughput != 0) {
      return refuse("InvalidParameterCombination",
                    fmt::format("The parameter throughput is not supported for {} volumes.", root.type));
    }
    if (!root.kms_key.empty() && !root.encrypted) {
      return refuse("InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted to be set.");
    }
  }
  if (root.size_gib == 0) root.size_gib = image.size_gib;
  if (root.iops == 0 && root.type == "gp3") root.iops = 3000;
  if (root.throughput == 0 && root.type == "gp3") root.throughput = 125;
  if (root.size_gib < image.size_gib) {
    return refuse("InvalidBlockDeviceMapping",
                  fmt::format("Volume of size {}GB is smaller than snapshot '{}', expect size >= {}GB", root.size_gib,
                              image.snapshot_id, image.size_gib));
  }
  return root;
}

// Subnet, zone, groups and addresses: either on the request itself or on its one network interface.
Outcome<> read_place(Call& call, LaunchRequest& request) {
  const auto& q = call.q;
  auto subnet_id = q.text("SubnetId"), zone = q.text("Placement.AvailabilityZone");
  auto groups = q.list("SecurityGroupId"), group_names = q.list("SecurityGroup");
  request.private_ip = q.text("PrivateIpAddress");
  auto interfaces = q.items("NetworkInterface");
  if (interfaces.size() > 1) return refuse("Unsupported", "Only one network interface is simulated");
  if (!interfaces.empty()) {
    const auto& interface = interfaces.front();
    if (!subnet_id.empty() || !groups.empty() || !group_names.empty()) {
      return refuse("InvalidParameterCombination",
                    "Network interfaces and an instance-level security groups or subnet ID may not be specified on the "
                    "same request");
    }
    if (GRANTED(interface.number("DeviceIndex", -1)) != 0)
      return refuse("InvalidParameterValue", "The first network interface must have the device index 0");
    subnet_id = interface.text("SubnetId");
    groups = interface.list("SecurityGroupId");
    request.public_ip = GRANTED(interface.flag("AssociatePublicIpAddress", true));
    request.private_ip = interface.text("PrivateIpAddress");
    request.interface_description = interface.text("Description");
  }
  if (!zone.empty() && std::find(call.region.zones.begin(), call.region.zones.end(), zone) == call.region.zones.end()) {
    return refuse("InvalidParameterValue", fmt::format("Invalid availability zone: [{}]", zone));
  }
  if (!subnet_id.empty()) {
    const auto* subnet = by_id(call.region.subnets, subnet_id);
    if (!subnet) return not_there("InvalidSubnetID.NotFound", "subnet ID", subnet_id);
    if (!zone.empty() && zone != subnet->zone)
      return refuse("InvalidParameterValue", "The availability zone of the subnet differs from the one requested");
    request.subnet_id = subnet_id;
    request.zone = subnet->zone;
    request.vpc_id = subnet->vpc_id;
  } else {
    for (const auto& vpc : call.region.vpcs) {
      if (vpc.is_default) request.vpc_id = vpc.id;
    }
    if (request.vpc_id.empty())
      return refuse("VPCIdNotSpecified",
                    "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.");
    request.zone = zone;
  }
  for (const auto& name : group_names) {
    auto it = std::find_if(call.region.groups.begin(), call.region.groups.end(), [&](const SecurityGroup& g) {
      return g.name == name && g.vpc_id == request.vpc_id && call.sees(g.visible);
    });
    if (it == call.region.groups.end())
      return refuse("InvalidGroup.NotFound",
                    fmt::format("The security group '{}' does not exist in default VPC", name));
    groups.push_back(it->id);
  }
  for (const auto& id : groups) {
    const auto* group = GRANTED(find_group(call, id));
    if (group->vpc_id != request.vpc_id) {
      return refuse("InvalidParameter",
                    fmt::format("Security group {} and the subnet belong to different networks.", id));
    }
  }
  if (groups.empty()) {
    for (const auto& group : call.region.groups) {
      if (group.vpc_id == request.vpc_id && group.name == "default") groups.push_back(group.id);
    }
  }
  request.groups = groups;
  return {};
}

Outcome<> read_market(const Query& q, LaunchRequest& request) {
  auto market = q.text("InstanceMarketOptions.MarketType");
  if (!market.empty() && market != "spot") return invalid_value("MarketType", market);
  request.spot = market == "spot";
  request.max_price = q.text("InstanceMarketOptions.SpotOptions.MaxPrice");
  if (!request.spot && !request.max_price.empty())
    return refuse("InvalidParameterCombination", "SpotOptions need the market type spot");
  return {};
}

}  // namespace

Outcome<MetadataOptions> read_metadata_options(const Query& q, MetadataOptions from) {
  auto choose = [&](const std::string& name, std::string& value, std::string_view a, std::string_view b) -> Outcome<> {
    value = q.text(name, value);
    if (value != a && value != b) return invalid_value(name, value);
    return {};
  };
  GRANTED(choose("HttpTokens", from.http_tokens, "optional", "required"));
  GRANTED(choose("HttpEndpoint", from.http_endpoint, "enabled", "disabled"));
  GRANTED(choose("InstanceMetadataTags", from.tags, "enabled", "disabled"));
  GRANTED(choose("HttpProtocolIpv6", from.ipv6, "enabled", "disabled"));
  auto hops = GRANTED(q.number("HttpPutResponseHopLimit", from.hop_limit));
  if (hops < 1 || hops > 64)
    return invalid_value("HttpPutResponseHopLimit", std::to_string(hops), "It must be between 1 and 64.");
  from.hop_limit = static_cast<int>(hops);
  return from;
}

Outcome<LaunchRequest> read_launch(Call& call) {
  const auto& q = call.q;
  LaunchRequest request;
  GRANTED(read_counts(q, request));
  request.user_data = GRANTED(read_user_data(q));
  request.tags =
      GRANTED(read_tag_specifications(q, {"instance", "volume", "network-interface", "spot-instances-request"}));
  request.token = q.text("ClientToken");
  if (request.token.size() > 64)
    return refuse("InvalidParameterValue", "The client token is limited to 64 ASCII characters");
  request.image = GRANTED(find_image(call, GRANTED(q.required("ImageId"))));
  auto type_name = GRANTED(q.required("InstanceType"));
  request.type = find_type(type_name);
  if (!request.type || zones_offering(call.region, *request.type).empty()) {
    return refuse("InvalidParameterValue", fmt::format("Invalid value '{}' for InstanceType.", type_name));
  }
  if (request.image->architecture != request.type->architecture) {
    return refuse(
        "InvalidParameterValue",
        fmt::format(
            "The architecture '{}' of the specified instance type does not match the architecture '{}' of the "
            "specified AMI. Specify an instance type and an AMI that have matching architectures, and try again.",
            request.type->architecture, request.image->architecture));
  }
  request.key_name = q.text("KeyName");
  if (!request.key_name.empty()) {
    const auto& keys = call.region.keys;
    if (std::none_of(keys.begin(), keys.end(),
                     [&](const KeyPair& k) { return k.name == request.key_name && call.sees(k.visible); })) {
      return not_there("InvalidKeyPair.NotFound", "key pair", request.key_name);
    }
  }
  GRANTED(read_place(call, request));
  GRANTED(read_market(q, request));
  request.root = GRANTED(read_root(q, *request.image));
  request.metadata = GRANTED(read_metadata_options(q.under("MetadataOptions"), {}));
  request.credits = q.text("CreditSpecification.CpuCredits");
  if (!request.credits.empty() &&
      (!request.type->burstable() || (request.credits != "standard" && request.credits != "unlimited"))) {
    return refuse("InvalidParameterCombination",
                  "The cpuCredits option is not supported for this instance type or value");
  }
  request.shutdown_behavior = q.text("InstanceInitiatedShutdownBehavior", "stop");
  if (request.shutdown_behavior != "stop" && request.shutdown_behavior != "terminate") {
    return invalid_value("instanceInitiatedShutdownBehavior", request.shutdown_behavior);
  }
  auto profile = q.text("IamInstanceProfile.Name", q.text("IamInstanceProfile.Arn"));
  if (!profile.empty()) {
    const auto& known = call.world.options.instance_profiles;
    auto name = profile.substr(profile.rfind('/') + 1);
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return invalid_value("iamInstanceProfile.name", profile, "Invalid IAM Instance Profile name");
    }
    request.profile_arn = fmt::format("arn:aws:iam::{}:instance-profile/{}", kAccount, name);
  }
  request.termination_protection = GRANTED(q.flag("DisableApiTermination", false));
  request.stop_protection = GRANTED(q.flag("DisableApiStop", false));
  request.monitoring = GRANTED(q.flag("Monitoring.Enabled", false));
  request.ebs_optimized = GRANTED(q.flag("EbsOptimized", false));
  return request;
}

}  // namespace tombolo::sim
