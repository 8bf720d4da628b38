#include "sim/launch.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/instance_view.hpp"
#include "sim/quotas.hpp"

namespace tombolo::sim {
namespace {

bool short_of(const World& world, const LaunchRequest& request, const std::string& zone) {
  auto fits = [](const std::string& pattern, std::string_view value) { return pattern.empty() || pattern == value; };
  return std::any_of(world.shortages.begin(), world.shortages.end(), [&](const Shortage& shortage) {
    return fits(shortage.type, request.type->name) && fits(shortage.zone, zone) &&
           fits(shortage.market, request.spot ? "spot" : "on-demand");
  });
}

std::string joined(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, ", ")); }

// The zone that the machines go to: the one asked for, or the first with the type and with room.
Outcome<std::string> choose_zone(Call& call, const LaunchRequest& request) {
  auto offering = zones_offering(call.region, *request.type);
  auto with_room = offering;
  std::erase_if(with_room, [&](const std::string& zone) { return short_of(call.world, request, zone); });
  if (request.zone.empty()) {
    if (!with_room.empty()) return with_room[call.world.random.next() % with_room.size()];
    return refuse("InsufficientInstanceCapacity",
                  fmt::format("We currently do not have sufficient {} capacity in the {} Region. Our system "
                              "will be working on provisioning additional capacity.",
                              request.type->name, call.region.name),
                  500);
  }
  if (std::find(offering.begin(), offering.end(), request.zone) == offering.end()) {
    return refuse(
        "Unsupported",
        fmt::format(
            "Your requested instance type ({}) is not supported in your requested Availability Zone ({}). Please retry "
            "your request by not specifying an Availability Zone or choosing {}.",
            request.type->name, request.zone, joined(offering)));
  }
  if (!short_of(call.world, request, request.zone)) return request.zone;
  std::string advice =
      with_room.empty()
          ? ""
          : fmt::format(
                " You can currently get {} capacity by not specifying an Availability Zone in your request "
                "or choosing {}.",
                request.type->name, joined(with_room));
  return refuse(
      "InsufficientInstanceCapacity",
      fmt::format("We currently do not have sufficient {} capacity in the Availability Zone you requested ({}). Our "
                  "system will be working on provisioning additional capacity.{}",
                  request.type->name, request.zone, advice),
      500);
}

int vcpus_in_use(const Region& region, std::string_view quota) {
  int sum = 0;
  for (const auto& instance : region.instances) {
    const auto* type = find_type(instance.type);
    bool counts = instance.holds_quota && instance.state != InstanceState::kStopped;
    if (counts && type && quota_of(*type, !instance.spot_request_id.empty()) == quota) sum += type->vcpus;
  }
  return sum;
}

// How many of the machines asked for the account's limit allows.
Outcome<int> within_quota(const Call& call, const LaunchRequest& request) {
  auto code = quota_of(*request.type, request.spot);
  double limit = std::min(quota_value(call.region, code), 1e6);
  int room = static_cast<int>((limit - vcpus_in_use(call.region, code)) / request.type->vcpus);
  if (room >= request.least) return std::min(room, request.most);
  if (request.spot) return refuse("MaxSpotInstanceCountExceeded", "Max spot instance count exceeded");
  return refuse("VcpuLimitExceeded",
                fmt::format("You have requested more vCPU capacity than your current vCPU limit of {:g} allows for the "
                            "instance bucket that "
                            "the specified instance type belongs to. Please visit "
                            "http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.",
                            limit));
}

Outcome<> check_price(const LaunchRequest& request) {
  if (request.max_price.empty()) return {};
  char* end = nullptr;
  double offered = std::strtod(request.max_price.c_str(), &end);
  if (end == request.max_price.c_str() || *end != '\0' || offered <= 0)
    return invalid_value("price", request.max_price);
  if (offered >= request.type->spot_price) return {};
  return refuse(
      "SpotMaxPriceTooLow",
      fmt::format(
          "Your Spot request price of {} is lower than the minimum required Spot request fulfillment price of {}.",
          request.max_price, request.type->spot_price));
}

std::string next_private_ip(Subnet& subnet) {
  auto third = std::stoi(subnet.cidr.substr(7, subnet.cidr.find('.', 7) - 7));  // "172.31.<third>.0/20"
  auto host = subnet.next_host++;
  return fmt::format("172.31.{}.{}", static_cast<unsigned>(third) + host / 256 % 16, host % 256);
}

void add_volume(Call& call, const LaunchRequest& request, Instance& instance) {
  Volume volume;
  volume.id = instance.root_volume_id = call.world.random.id("vol-");
  volume.zone = instance.zone;
  volume.type = request.root.type;
  volume.size_gib = request.root.size_gib;
  volume.iops = request.root.iops;
  volume.throughput = request.root.throughput;
  volume.encrypted = request.root.encrypted;
  if (volume.encrypted) {
    volume.kms_key =
        !request.root.kms_key.empty()
            ? request.root.kms_key
            : fmt::format("arn:aws:kms:{}:{}:key/00000000-0000-4000-8000-000000000ebs", call.region.name, kAccount);
  }
  volume.snapshot_id = request.image->snapshot_id;
  volume.instance_id = instance.id;
  volume.device = instance.root_device;
  volume.delete_on_termination = request.root.delete_on_termination;
  volume.tags = tags_for(request.tags, "volume");
  volume.created = call.now;
  volume.visible = instance.visible;
  call.region.volumes.push_back(volume);
}

void add_interface(Call& call, const LaunchRequest& request, Instance& instance) {
  Interface interface;
  interface.id = instance.interface_id = call.world.random.id("eni-");
  interface.subnet_id = instance.subnet_id;
  interface.vpc_id = instance.vpc_id;
  interface.zone = instance.zone;
  interface.private_ip = instance.private_ip;
  interface.public_ip = instance.auto_public_ip;
  interface.instance_id = instance.id;
  interface.attachment_id = call.world.random.id("eni-attach-");
  interface.description = request.interface_description;
  interface.groups = instance.groups;
  interface.tags = tags_for(request.tags, "network-interface");
  interface.created = call.now;
  call.region.interfaces.push_back(interface);
}

void add_spot_request(Call& call, const LaunchRequest& request, Instance& instance) {
  SpotRequest spot;
  spot.id = instance.spot_request_id = call.world.random.id("sir-");
  spot.instance_id = instance.id;
  spot.type = instance.type;
  spot.zone = instance.zone;
  spot.price = request.max_price;
  spot.image_id = instance.image_id;
  spot.tags = tags_for(request.tags, "spot-instances-request");
  spot.created = call.now;
  call.region.spot_requests.push_back(spot);
}

Instance& add_instance(Call& call, const LaunchRequest& request, Subnet& subnet, const std::string& reservation,
                       int index) {
  Instance instance;
  instance.id = call.world.random.id("i-");
  instance.reservation_id = reservation;
  instance.client_token = request.token;
  instance.launch_index = index;
  instance.image_id = request.image->id;
  instance.type = request.type->name;
  instance.architecture = request.image->architecture;
  instance.root_device = request.image->root_device;
  instance.key_name = request.key_name;
  instance.zone = subnet.zone;
  instance.subnet_id = subnet.id;
  instance.vpc_id = subnet.vpc_id;
  instance.private_ip = request.private_ip.empty() ? next_private_ip(subnet) : request.private_ip;
  if (request.public_ip) instance.auto_public_ip = new_public_address(call.region);
  instance.groups = request.groups;
  instance.user_data = request.user_data;
  instance.profile_arn = request.profile_arn;
  instance.shutdown_behavior = request.shutdown_behavior;
  instance.termination_protection = request.termination_protection;
  instance.stop_protection = request.stop_protection;
  instance.monitoring = request.monitoring;
  instance.ebs_optimized = request.ebs_optimized;
  instance.credits = !request.credits.empty()          ? request.credits
                     : instance.type.starts_with("t2") ? "standard"
                                                       : "unlimited";
  instance.http_tokens = request.metadata.http_tokens;
  instance.http_endpoint = request.metadata.http_endpoint;
  instance.metadata_tags = request.metadata.tags;
  instance.protocol_ipv6 = request.metadata.ipv6;
  instance.hop_limit = request.metadata.hop_limit;
  instance.tags = tags_for(request.tags, "instance");
  instance.state_reason_code = "pending";
  instance.state_reason = "pending";
  instance.launched = call.now;
  instance.visible = call.visible_from();
  instance.next_change = call.now + call.world.random.within(call.world.options.times.pending);
  for (auto& doom : call.world.dooms) {
    if (doom.times <= 0) continue;
    --doom.times;
    instance.doomed = call.now + doom.after;
    instance.state_reason_code = doom.reason_code;
    instance.state_reason = doom.reason;
    break;
  }
  if (request.spot) add_spot_request(call, request, instance);
  add_volume(call, request, instance);
  add_interface(call, request, instance);
  call.region.instances.push_back(instance);
  return call.region.instances.back();
}

// What an earlier call with the same token in the same zone has made; nothing when there was none.
Outcome<std::optional<std::vector<std::string>>> replay(Call& call, const std::string& key,
                                                        const std::map<std::string, std::string>& parameters) {
  auto it = call.region.tokens.find(key);
  if (it == call.region.tokens.end()) return std::nullopt;
  if (it->second.parameters != parameters) {
    return refuse("IdempotentParameterMismatch",
                  "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).");
  }
  bool alive = std::any_of(it->second.made.begin(), it->second.made.end(), [&](const std::string& id) {
    const auto* instance = by_id(call.region.instances, id);
    return instance && !is_over(*instance);
  });
  if (!alive)
    return refuse("IdempotentInstanceTerminated",
                  "The instance that was launched with this client token has been terminated.");
  return it->second.made;
}

}  // namespace

Outcome<> run_instances(Call& call, XmlOut& out) {
  auto request = GRANTED(read_launch(call));
  auto parameters = call.q.values();
  parameters.erase("DryRun");
  // Zonal when the request names a zone or a subnet, regional otherwise (EC2, "Ensuring idempotency").
  auto key = request.zone + "/" + request.token;
  if (!request.token.empty()) {
    auto made = GRANTED(replay(call, key, parameters));
    if (made) {
      show_reservation(out, call, *made);
      return {};
    }
  }
  GRANTED(check_price(request));
  auto count = GRANTED(within_quota(call, request));
  auto zone = GRANTED(choose_zone(call, request));
  Subnet* subnet = nullptr;
  for (auto& each : call.region.subnets) {
    bool fits =
        request.subnet_id.empty() ? each.zone == zone && each.vpc_id == request.vpc_id : each.id == request.subnet_id;
    if (fits && !subnet) subnet = &each;
  }
  if (!subnet)
    return refuse("MissingInput",
                  fmt::format("No subnets found for the default VPC '{}'. Please specify a subnet.", request.vpc_id));
  auto reservation = call.world.random.id("r-");
  std::vector<std::string> made;
  for (int i = 0; i < count; ++i) made.push_back(add_instance(call, request, *subnet, reservation, i).id);
  if (!request.token.empty()) call.region.tokens[key] = {parameters, made};
  show_reservation(out, call, made);
  return {};
}

}  // namespace tombolo::sim
