#include "sim/world.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/images.hpp"

namespace tombolo::sim {
namespace {

struct RegionRow {
  std::string_view name;
  std::string_view zones;  // letters
};
constexpr std::array kRegions = {
    RegionRow{"us-east-1", "abcdef"},    RegionRow{"us-east-2", "abc"},      RegionRow{"us-west-1", "bc"},
    RegionRow{"us-west-2", "abcd"},      RegionRow{"ca-central-1", "abd"},   RegionRow{"sa-east-1", "abc"},
    RegionRow{"eu-west-1", "abc"},       RegionRow{"eu-west-2", "abc"},      RegionRow{"eu-west-3", "abc"},
    RegionRow{"eu-central-1", "abc"},    RegionRow{"eu-north-1", "abc"},     RegionRow{"ap-south-1", "abc"},
    RegionRow{"ap-southeast-1", "abc"},  RegionRow{"ap-southeast-2", "abc"}, RegionRow{"ap-northeast-1", "acd"},
    RegionRow{"ap-northeast-2", "abcd"}, RegionRow{"ap-northeast-3", "abc"},
};

Region make_region(Random& random, const std::string& name) {
  Region region;
  region.name = name;
  region.zones = zones_of(name);
  Vpc vpc{random.id("vpc-"), "172.31.0.0/16", true, {}};
  int block = 0;
  for (const auto& zone : region.zones) {
    region.subnets.push_back({random.id("subnet-"), vpc.id, zone, fmt::format("172.31.{}.0/20", 16 * block++), 10, {}});
  }
  SecurityGroup own{random.id("sg-"), "default", "default VPC security group", vpc.id, {}, {}, Time{}};
  own.rules.push_back({random.id("sgr-"), false, "-1", -1, -1, "", "", own.id, "", {}});
  own.rules.push_back({random.id("sgr-"), true, "-1", -1, -1, "0.0.0.0/0", "", "", "", {}});
  region.groups.push_back(own);
  region.vpcs.push_back(vpc);
  region.images = public_images(name);
  region.parameters = public_parameters(region.images);
  return region;
}

}  // namespace

std::uint64_t Random::next() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

double Random::fraction() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

Duration Random::within(const Span& span) {
  auto width = static_cast<double>((span.most - span.least).count());
  return span.least + Duration(static_cast<Duration::rep>(width * fraction()));
}

std::string Random::id(std::string_view prefix) { return fmt::format("{}0{:016x}", prefix, next()); }

std::string Random::uuid() {
  auto a = next(), b = next();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", a >> 32, (a >> 16) & 0xffff, a & 0xfff,
                     0x8000 | ((b >> 48) & 0x3fff), b & 0xffffffffffff);
}

World::World(Clock& the_clock, Options the_options) : clock(the_clock), options(std::move(the_options)) { clear(); }

void World::clear() {
  random = Random(options.seed);
  regions.clear();
  keys.clear();
  denied.clear();
  faults.clear();
  shortages.clear();
  dooms.clear();
  kube.clear();
  cloud.clear();
  mesh_cut = false;
  contacts.clear();
  home_nodes.clear();
  helm.clear();
  boots.clear();
  calls.clear();
  calls_of.clear();
  requests = 0;
  elastic_addresses = 0;
  AccessKey first;
  first.id = kAccessKeyId;
  first.secret = kSecretAccessKey;
  keys.emplace(first.id, first);
}

Region& World::region(const std::string& name) {
  auto it = regions.find(name);
  if (it == regions.end()) {
    // Its own generator, so that looking at another region first does not change the ids of this one.
    Random own(options.seed ^ stable_hash(name));
    it = regions.emplace(name, make_region(own, name)).first;
  }
  return it->second;
}

std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (unsigned char c : text) hash = (hash ^ c) * 0x100000001b3u;
  return hash;
}

bool known_region(std::string_view name) {
  return std::any_of(kRegions.begin(), kRegions.end(), [&](const RegionRow& row) { return row.name == name; });
}

const std::vector<std::string_view>& region_names() {
  static const auto names = [] {
    std::vector<std::string_view> out;
    for (const auto& row : kRegions) out.push_back(row.name);
    return out;
  }();
  return names;
}

std::vector<std::string> zones_of(std::string_view region) {
  std::vector<std::string> zones;
  for (const auto& row : kRegions) {
    if (row.name != region) continue;
    for (char letter : row.zones) zones.push_back(std::string(region) + letter);
  }
  return zones;
}

std::string zone_id(std::string_view zone) {
  auto first = zone.find('-'), second = zone.rfind('-');
  auto middle = zone.substr(first + 1, second - first - 1);
  std::string direction(middle.substr(0, 1));
  if (middle.ends_with("east") && middle != "east") direction += 'e';
  if (middle.ends_with("west") && middle != "west") direction += 'w';
  return fmt::format("{}{}{}-az{}", zone.substr(0, first), direction, zone[second + 1], zone.back() - 'a' + 1);
}

std::string_view name(InstanceState state) {
  switch (state) {
    case InstanceState::kPending: return "pending";
    case InstanceState::kRunning: return "running";
    case InstanceState::kShuttingDown: return "shutting-down";
    case InstanceState::kTerminated: return "terminated";
    case InstanceState::kStopping: return "stopping";
    case InstanceState::kStopped: return "stopped";
  }
  return "";
}

int code(InstanceState state) {
  switch (state) {
    case InstanceState::kPending: return 0;
    case InstanceState::kRunning: return 16;
    case InstanceState::kShuttingDown: return 32;
    case InstanceState::kTerminated: return 48;
    case InstanceState::kStopping: return 64;
    case InstanceState::kStopped: return 80;
  }
  return 0;
}

bool is_over(const Instance& instance) {
  return instance.state == InstanceState::kShuttingDown || instance.state == InstanceState::kTerminated;
}

std::string iso_time(Time t) {
  auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(t.time_since_epoch()).count() % 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(t)), millis);
}

std::string new_public_address(Region& region) {
  auto n = ++region.public_addresses;
  return fmt::format("198.18.{}.{}", (n / 250) % 256, n % 250 + 1);
}

std::string new_elastic_address(World& world) {
  auto n = world.elastic_addresses++;
  return n < 250 ? fmt::format("203.0.113.{}", n + 1) : fmt::format("198.19.{}.{}", (n / 250) % 256, n % 250 + 1);
}

}  // namespace tombolo::sim
