// What exists in the simulated AWS: plain structs, as EC2's own documents name the things. No behaviour.
//
// Tests read them through Site's queries; the topic files (instances.cpp, addresses.cpp, ...) change them.
// Times are the simulated service's; `visible` is when reads begin to show a fresh thing (eventual consistency).
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace tombolo::sim {

using Tags = std::map<std::string, std::string>;

struct Vpc {
  std::string id;
  std::string cidr;
  bool is_default = false;
  Tags tags;
};

struct Subnet {
  std::string id;
  std::string vpc_id;
  std::string zone;
  std::string cidr;
  std::uint32_t next_host = 10;  // host part of the next private address handed out
  Tags tags;
};

struct GroupRule {
  std::string id;        // sgr-...
  bool egress = false;
  std::string protocol;  // "tcp", "udp", "icmp", "-1", or a number
  int from = -1;
  int to = -1;
  std::string cidr;      // exactly one of these three
  std::string cidr6;
  std::string peer_group;
  std::string description;
  Tags tags;
};

struct SecurityGroup {
  std::string id;
  std::string name;
  std::string description;
  std::string vpc_id;
  std::vector<GroupRule> rules;
  Tags tags;
  Time visible;
};

struct KeyPair {
  std::string id;
  std::string name;
  std::string type;         // "rsa" or "ed25519"
  std::string fingerprint;  // as EC2 shows it for this type and origin
  std::string public_key;   // OpenSSH form
  Tags tags;
  Time created;
  Time visible;
};

struct Image {
  std::string id;
  std::string name;
  std::string description;
  std::string owner;         // account id
  std::string owner_alias;   // "amazon" or ""
  std::string architecture;  // "x86_64" or "arm64"
  std::string created;       // ISO 8601 with milliseconds, as EC2 prints it
  std::string root_device;   // "/dev/xvda"
  std::string snapshot_id;
  int size_gib = 8;          // of the root snapshot: a smaller volume is refused
};

struct Volume {
  std::string id;
  std::string zone;
  std::string type;
  int size_gib = 8;
  int iops = 3000;
  int throughput = 125;
  bool encrypted = false;
  std::string kms_key;
  std::string snapshot_id;
  std::string instance_id;  // "" when not attached
  std::string device;
  bool delete_on_termination = true;
  Tags tags;
  Time created;
  Time visible;
};

struct Interface {
  std::string id;
  std::string subnet_id;
  std::string vpc_id;
  std::string zone;
  std::string private_ip;
  std::string public_ip;      // auto-assigned, or of the associated elastic address
  std::string instance_id;    // "" when it belongs to somebody else
  std::string attachment_id;
  std::string description;
  std::string requester;      // "" or the service that made it ("amazon-elb")
  std::vector<std::string> groups;
  bool source_dest_check = true;
  bool delete_on_termination = true;
  Tags tags;
  Time created;
};

// Files laid on a machine, after which its bootstrap ran again.
struct Delivery {
  Time at;
  std::string script;       // "": the one it had
  std::string certificate;  // PEM; "": the one it had
};

enum class InstanceState { kPending, kRunning, kShuttingDown, kTerminated, kStopping, kStopped };

struct Instance {
  std::string id;
  std::string reservation_id;
  std::string client_token;
  std::string image_id;
  std::string type;
  std::string architecture;
  std::string key_name;
  std::string zone;
  std::string subnet_id;
  std::string vpc_id;
  std::string private_ip;
  std::string auto_public_ip;   // while running and without an elastic address; "" when not asked for
  std::string interface_id;
  std::string root_volume_id;
  std::string root_device;
  std::string spot_request_id;  // "" for on-demand
  std::string profile_arn;
  std::string user_data;        // raw bytes, after base64
  std::vector<std::string> groups;
  int launch_index = 0;
  bool monitoring = false;
  bool ebs_optimized = false;
  bool termination_protection = false;
  bool stop_protection = false;
  bool source_dest_check = true;
  std::string shutdown_behavior = "stop";
  std::string credits = "unlimited";
  std::string http_tokens = "optional";
  std::string http_endpoint = "enabled";
  std::string metadata_tags = "disabled";
  std::string protocol_ipv6 = "disabled";
  int hop_limit = 1;
  Tags tags;

  InstanceState state = InstanceState::kPending;
  std::string state_reason_code;
  std::string state_reason;
  std::string state_transition;    // "User initiated (2026-11-26 01:10:52 GMT)"
  Time launched;
  Time visible;
  std::optional<Time> next_change;  // when a passing state (pending, shutting-down, stopping) is over
  std::optional<Time> doomed;       // goes from pending to terminated then, instead of to running
  Time running_since;               // of the present boot
  Time ended;                       // when it became terminated
  Time groups_free_at;              // valid once it has ended
  Time quota_free_at;
  bool holds_groups = true;         // its security groups cannot be deleted yet
  bool holds_quota = true;          // its vCPUs still count
  std::optional<std::string> console;         // set by a test; otherwise the boot decides
  std::vector<Delivery> deliveries;           // over SSH, oldest first
};

struct ElasticAddress {
  std::string allocation_id;
  std::string public_ip;
  std::string association_id;  // "" when not associated
  std::string instance_id;
  std::string interface_id;
  std::string private_ip;
  Tags tags;
  Time visible;
};

struct SpotRequest {
  std::string id;
  std::string instance_id;
  std::string type;
  std::string zone;
  std::string price;
  std::string image_id;
  std::string state = "active";  // active, closed, cancelled
  std::string status = "fulfilled";
  Tags tags;
  Time created;
};

struct QuotaRequest {
  std::string id;
  std::string code;
  double desired = 0;
  std::string status = "PENDING";
  Time created;
};

// One call as it arrived and how it ended.
struct CallRecord {
  Time at;
  std::string service;  // "ec2", "sts", "ssm", "servicequotas", "checkip"
  std::string region;
  std::string action;
  std::map<std::string, std::string> parameters;  // flattened; user-data replaced by its size, key material left out
  int status = 0;       // HTTP status sent; 0: the connection was cut
  std::string code;     // error code sent, "" for success
  bool executed = false;  // it took effect (also when its answer was lost)
};

}  // namespace tombolo::sim
