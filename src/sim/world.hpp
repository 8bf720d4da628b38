// Everything the simulated AWS remembers, and the call that is being carried out. For this folder only.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "net/transport.hpp"
#include "sim/kube_store.hpp"
#include "sim/query.hpp"
#include "sim/settings.hpp"
#include "sim/state.hpp"

namespace tombolo::sim {

// splitmix64 (Steele, Lea, Flood 2014): eight bytes of state, so that a dry run can put it back.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  double fraction();                          // in [0, 1)
  Duration within(const Span& span);
  std::string id(std::string_view prefix);    // "i-" -> "i-0" and sixteen hex digits
  std::string uuid();

 private:
  std::uint64_t state_;
};

// Two brakes of one throttling bucket; `tokens` as of `at`.
struct Bucket {
  double tokens = 0;
  Time at{};
};

// What a ClientToken has already made.
struct TokenUse {
  std::map<std::string, std::string> parameters;
  std::vector<std::string> made;
};

struct StoredParameter {
  std::string value;
  std::string type = "String";
  std::int64_t version = 1;
  Time modified{};
};

// A tag that reads do not show yet.
struct FreshTag {
  std::string resource;
  std::string key;
  Time visible;
};

// AWS's regions know nothing of each other.
struct Region {
  std::string name;
  std::vector<std::string> zones;
  std::vector<Vpc> vpcs;
  std::vector<Subnet> subnets;
  std::vector<SecurityGroup> groups;
  std::vector<KeyPair> keys;
  std::vector<Image> images;
  std::vector<Instance> instances;
  std::vector<ElasticAddress> addresses;
  std::vector<Volume> volumes;
  std::vector<Interface> interfaces;
  std::vector<SpotRequest> spot_requests;
  std::map<std::string, TokenUse> tokens;   // "<zone or empty>/<token>"
  std::map<std::string, double> quotas;     // those that differ from the defaults
  std::vector<QuotaRequest> quota_requests;
  std::map<std::string, StoredParameter> parameters;
  std::map<std::string, Bucket> buckets;
  std::vector<FreshTag> fresh_tags;
  std::uint32_t public_addresses = 0;       // handed out so far
};

struct BootRun;  // boot.hpp

// What a machine's scripts mean, worked out once: they are long, and asked for at every call.
struct BootMemory {
  std::uint64_t settings = 0;
  Time since{};
  std::size_t deliveries = 0;
  std::string user_data;
  std::shared_ptr<const std::vector<std::pair<Time, BootRun>>> runs;
};

// How far Helm is on a machine.
struct HelmMemory {
  std::size_t runs = 0;  // of the bootstrap: those that are behind it
  std::string release;   // version, namespace and values of what is installed
};

// Since when one cluster reaches another, or does not.
struct Contact {
  bool up = false;
  Time since{};
};

struct World {
  World(Clock& the_clock, Options the_options);
  Region& region(const std::string& name);  // made on first use, with its default VPC and the public images
  void clear();

  Clock& clock;
  Options options;
  Random random{0};
  std::map<std::string, Region> regions;
  std::map<std::string, AccessKey> keys;
  std::set<std::string> denied;
  std::vector<Fault> faults;
  std::vector<Shortage> shortages;
  std::vector<Doom> dooms;
  std::map<std::string, KubeStore> kube;    // "home", and the cloud's by the id of its machine
  std::string cloud;                        // the store of the cluster that answers now; "": none does
  bool mesh_cut = false;                    // the clusters do not reach each other
  std::map<std::string, Contact> contacts;  // by who asks and who is asked
  std::map<std::string, std::string> signed_slices;  // by cluster and slice: for which of its generations, by which pod
  std::vector<std::string> home_nodes;  // empty: KubeBehaviour::home_node alone
  std::map<std::string, HelmMemory> helm;  // by machine
  std::vector<CallRecord> calls;
  std::map<std::string, std::uint64_t> calls_of;  // by action, for the latencies
  std::uint64_t requests = 0;  // for the request ids
  std::uint32_t elastic_addresses = 0;  // handed out so far, over all regions
  std::uint64_t settings = 0;  // counts the changes of `options`
  mutable std::map<std::string, BootMemory> boots;  // by machine
  std::function<void(Time, const net::Request&)> witness;  // sees every call before it is carried out
  mutable std::mutex mutex;  // one call at a time
};

// One call, signed and let through.
struct Call {
  World& world;
  Region& region;
  const Query& q;
  const AccessKey& caller;
  Time now;

  Time visible_from() { return now + world.random.within({0s, world.options.times.stale_reads}); }
  bool sees(Time visible) const { return visible <= now; }
};

// Carries the region forward to `now`: machines start and end, addresses come free, quota requests are decided.
void let_time_pass(World& world, Region& region, Time now);

std::uint64_t stable_hash(std::string_view text);  // FNV-1a, 64 bits: the same on every machine

bool known_region(std::string_view name);
const std::vector<std::string_view>& region_names();
std::vector<std::string> zones_of(std::string_view region);

std::string zone_id(std::string_view zone);  // "us-east-1a" -> "use1-az1"

std::string_view name(InstanceState state);  // "shutting-down"
int code(InstanceState state);  // 32
bool is_over(const Instance& instance);  // shutting down or terminated
std::string iso_time(Time t);  // "2026-11-26T01:10:52.000Z"
std::string new_public_address(Region& region);  // 198.18.0.0/15, which is nobody's on the Internet (RFC 2544)
std::string new_elastic_address(World& world);  // 203.0.113.0/24 first (RFC 5737), then the rest of 198.18.0.0/15

template <class List>
auto* by_id(List& list, std::string_view id) {
  for (auto& each : list) {
    if (each.id == id) return &each;
  }
  return static_cast<decltype(list.data())>(nullptr);
}

}  // namespace tombolo::sim
