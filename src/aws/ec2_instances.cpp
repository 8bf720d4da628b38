#include <fmt/format.h>

#include "aws/ec2.hpp"
#include "aws/wire.hpp"
#include "codec/base64.hpp"

namespace tombolo::aws {
namespace {

Instance instance_of(const codec::XmlElement& item) {
  Instance instance;
  instance.id = InstanceId(item.text_at("instanceId"));
  instance.state = item.text_at("instanceState/name");
  instance.state_reason = item.text_at("stateReason/code");
  instance.state_message = item.text_at("stateReason/message", item.text_at("reason"));
  instance.type = item.text_at("instanceType");
  instance.image = ImageId(item.text_at("imageId"));
  instance.zone = Zone(item.text_at("placement/availabilityZone"));
  instance.vpc = VpcId(item.text_at("vpcId"));
  instance.subnet = SubnetId(item.text_at("subnetId"));
  instance.key_name = item.text_at("keyName");
  instance.private_ip = item.text_at("privateIpAddress");
  instance.public_ip = item.text_at("ipAddress");
  instance.http_tokens = item.text_at("metadataOptions/httpTokens");
  instance.root_device = item.text_at("rootDeviceName");
  instance.lifecycle = item.text_at("instanceLifecycle");
  instance.instance_profile = item.text_at("iamInstanceProfile/arn");
  instance.architecture = item.text_at("architecture");
  instance.launched = time_at(item, "launchTime");
  instance.client_token = ClientToken(item.text_at("clientToken"));
  instance.tags = tags_of(item);
  // The groups stand at the instance and at its interface; fakes and some launches fill only one of the two.
  auto groups = item.all("groupSet/item");
  if (groups.empty()) groups = item.all("networkInterfaceSet/item/groupSet/item");
  for (const auto* group : groups) instance.groups.emplace_back(group->text_at("groupId"));
  instance.interface = InterfaceId(item.text_at("networkInterfaceSet/item/networkInterfaceId"));
  const auto devices = item.all("blockDeviceMapping/item");
  for (const auto* device : devices)
    if (devices.size() == 1 || device->text_at("deviceName") == instance.root_device)
      instance.root_volume = VolumeId(device->text_at("ebs/volumeId"));
  return instance;
}

Parameters with_user_data(Parameters parameters, std::string_view user_data) {
  if (!user_data.empty()) parameters.emplace_back("UserData", codec::encode_base64(as_bytes(user_data)));
  return parameters;
}

}  // namespace

Parameters run_instances_parameters(const Launch& launch) {
  Parameters parameters{{"ImageId", launch.image.text()},
                        {"InstanceType", launch.type},
                        {"MinCount", "1"},
                        {"MaxCount", "1"},
                        {"ClientToken", launch.token.text()}};
  const auto add = [&](std::string name, std::string value) {
    if (!value.empty()) parameters.emplace_back(std::move(name), std::move(value));
  };
  add("KeyName", launch.key_name);
  add("Placement.AvailabilityZone", launch.zone.text());
  std::vector<std::string> groups;
  for (const GroupId& group : launch.groups) groups.push_back(group.text());
  if (launch.public_address) {
    // Only an interface of its own says whether there is a public address, and then groups and subnet belong to it.
    const std::string interface = "NetworkInterface.1.";
    add(interface + "DeviceIndex", "0");
    add(interface + "AssociatePublicIpAddress", *launch.public_address ? "true" : "false");
    add(interface + "DeleteOnTermination", "true");
    add(interface + "SubnetId", launch.subnet.text());
    add_list(parameters, interface + "SecurityGroupId", groups);
  } else {
    add("SubnetId", launch.subnet.text());
    add_list(parameters, "SecurityGroupId", groups);
  }
  const std::string disk = "BlockDeviceMapping.1.";
  add(disk + "DeviceName", launch.root_device.empty() ? "/dev/xvda" : launch.root_device);
  add(disk + "Ebs.VolumeSize", std::to_string(launch.disk_gib));
  add(disk + "Ebs.VolumeType", "gp3");
  add(disk + "Ebs.Encrypted", "true");
  add(disk + "Ebs.DeleteOnTermination", "true");
  // IMDSv2 only. Two hops, so that a container on the machine may ask too.
  add("MetadataOptions.HttpEndpoint", "enabled");
  add("MetadataOptions.HttpTokens", "required");
  add("MetadataOptions.HttpPutResponseHopLimit", "2");
  // Spot machines must not ask for "stop"; a lighthouse that is powered off must stay, its workers' authority lives on it.
  add("InstanceInitiatedShutdownBehavior", launch.worker || launch.spot ? "terminate" : "stop");
  add("IamInstanceProfile.Name", launch.instance_profile);
  if (launch.spot) {
    add("InstanceMarketOptions.MarketType", "spot");
    add("InstanceMarketOptions.SpotOptions.SpotInstanceType", "one-time");
    add("InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior", "terminate");
    add("InstanceMarketOptions.SpotOptions.MaxPrice", launch.spot->max_price);
  }
  int n = 0;
  for (const char* type : {"instance", "volume", "network-interface"}) add_tags(parameters, ++n, type, launch.tags);
  if (launch.spot) add_tags(parameters, ++n, "spot-instances-request", launch.tags);
  return parameters;
}

Result<> check_user_data(std::string_view user_data) {
  if (user_data.size() <= kUserDataLimit) return {};
  return fail(Code::kBadInput,
              fmt::format("the user-data has {} bytes, and EC2 takes at most {}", user_data.size(), kUserDataLimit),
              "Compress it, or let the machine download the larger parts.");
}

Result<Instance> Ec2::run_instances(const Parameters& parameters, std::string_view user_data,
                                    const CallOptions& options) {
  TRY(check_user_data(user_data));
  // Safe to repeat: the client token among the parameters makes it the same machine.
  const auto root = TRY(client_.query(kEc2, "RunInstances", with_user_data(parameters, user_data),
                                      {CallKind::kCreate, Repeat::kSafe}, options));
  const codec::XmlElement* item = root.find("instancesSet/item");
  if (!item) return fail(Code::kCorrupt, "AWS's answer to RunInstances names no instance");
  (void)TRY(required(*item, "instanceId", "RunInstances"));
  return instance_of(*item);
}

Result<> Ec2::may_run_instances(const Parameters& parameters, std::string_view user_data, const CallOptions& options) {
  TRY(check_user_data(user_data));
  Parameters dry = with_user_data(parameters, user_data);
  dry.emplace_back("DryRun", "true");
  auto answer = client_.query(kEc2, "RunInstances", dry, {CallKind::kRead, Repeat::kSafe}, options);
  if (answer) return fail(Code::kCorrupt, "AWS started a machine although it was only asked whether we might");
  if (answer.error().remote() && answer.error().remote()->code == "DryRunOperation") return {};
  return fail(std::move(answer.error()));
}

Result<std::vector<Instance>> Ec2::instances(const Filters& filters, const CallOptions& options) {
  std::vector<Instance> out;
  TRY(client_.pages(kEc2, "DescribeInstances", with_filters(filters, 1000), options,
                    [&](const codec::XmlElement& page) -> Result<> {
                      for (const auto* item : page.all("reservationSet/item/instancesSet/item"))
                        out.push_back(instance_of(*item));
                      return {};
                    }));
  return out;
}

Result<std::vector<StateChange>> Ec2::terminate_instances(const std::vector<InstanceId>& ids,
                                                          const CallOptions& options) {
  Parameters parameters;
  for (std::size_t i = 0; i < ids.size(); ++i)
    parameters.emplace_back(fmt::format("InstanceId.{}", i + 1), ids[i].text());
  const auto root =
      TRY(client_.query(kEc2, "TerminateInstances", parameters, {CallKind::kDelete, Repeat::kSafe}, options));
  std::vector<StateChange> out;
  for (const auto* item : root.all("instancesSet/item"))
    out.push_back({InstanceId(item->text_at("instanceId")), item->text_at("previousState/name"),
                   item->text_at("currentState/name")});
  return out;
}

Result<std::vector<Volume>> Ec2::volumes(const Filters& filters, const CallOptions& options) {
  std::vector<Volume> out;
  TRY(client_.pages(kEc2, "DescribeVolumes", with_filters(filters, 500), options,
                    [&](const codec::XmlElement& page) -> Result<> {
                      for (const auto* item : page.all("volumeSet/item")) {
                        Volume volume;
                        volume.id = VolumeId(item->text_at("volumeId"));
                        volume.size_gib = number_at(*item, "size");
                        volume.type = item->text_at("volumeType");
                        volume.encrypted = item->text_at("encrypted") == "true";
                        volume.state = item->text_at("status");
                        volume.instance = InstanceId(item->text_at("attachmentSet/item/instanceId"));
                        volume.tags = tags_of(*item);
                        out.push_back(std::move(volume));
                      }
                      return {};
                    }));
  return out;
}

Result<> Ec2::delete_volume(const VolumeId& volume, const CallOptions& options) {
  (void)TRY(
      client_.query(kEc2, "DeleteVolume", {{"VolumeId", volume.text()}}, {CallKind::kDelete, Repeat::kSafe}, options));
  return {};
}

Result<ConsoleOutput> Ec2::console_output(const InstanceId& instance, bool latest, const CallOptions& options) {
  Parameters parameters{{"InstanceId", instance.text()}};
  if (latest) parameters.emplace_back("Latest", "true");  // Nitro types only
  const auto root = TRY(client_.query(kEc2, "GetConsoleOutput", parameters, kRead, options));
  const Bytes text = TRY(context(codec::decode_base64(root.text_at("output")), "reading the console output"));
  return ConsoleOutput{std::string(as_text(text)), time_at(root, "timestamp")};
}

Result<std::string> Ec2::user_data(const InstanceId& instance, const CallOptions& options) {
  const Parameters parameters{{"InstanceId", instance.text()}, {"Attribute", "userData"}};
  const auto root = TRY(client_.query(kEc2, "DescribeInstanceAttribute", parameters, kRead, options));
  const Bytes raw = TRY(context(codec::decode_base64(root.text_at("userData/value")), "reading the user-data"));
  return std::string(as_text(raw));
}

Result<bool> Ec2::termination_protected(const InstanceId& instance, const CallOptions& options) {
  const Parameters parameters{{"InstanceId", instance.text()}, {"Attribute", "disableApiTermination"}};
  const auto root = TRY(client_.query(kEc2, "DescribeInstanceAttribute", parameters, kRead, options));
  return root.text_at("disableApiTermination/value") == "true";
}

Result<> Ec2::require_metadata_tokens(const InstanceId& instance, const CallOptions& options) {
  const Parameters parameters{{"InstanceId", instance.text()},
                              {"HttpTokens", "required"},
                              {"HttpEndpoint", "enabled"},
                              {"HttpPutResponseHopLimit", "2"}};
  (void)TRY(
      client_.query(kEc2, "ModifyInstanceMetadataOptions", parameters, {CallKind::kChange, Repeat::kSafe}, options));
  return {};
}

}  // namespace tombolo::aws
