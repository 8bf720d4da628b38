// EC2's things as values: every field that deciding about drift, ownership and cost needs. Names as in the EC2 API.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/strong.hpp"

namespace tombolo::aws {

using VpcId = Strong<struct VpcIdTag>;
using SubnetId = Strong<struct SubnetIdTag>;
using GroupId = Strong<struct GroupIdTag>;
using InstanceId = Strong<struct InstanceIdTag>;
using ImageId = Strong<struct ImageIdTag>;
using VolumeId = Strong<struct VolumeIdTag>;
using InterfaceId = Strong<struct InterfaceIdTag>;
using AllocationId = Strong<struct AllocationIdTag>;
using AssociationId = Strong<struct AssociationIdTag>;
using KeyPairId = Strong<struct KeyPairIdTag>;
using Zone = Strong<struct ZoneTag>;                // "us-west-2a"
using ClientToken = Strong<struct ClientTokenTag>;  // at most 64 characters

using Tags = std::map<std::string, std::string>;

struct Filter {
  std::string name;  // "tag:tombolo:cluster", "instance-id", "instance-state-name"
  std::vector<std::string> values;
};
using Filters = std::vector<Filter>;

struct Vpc {
  VpcId id;
  std::string cidr;
  bool is_default = false;
  Tags tags;
};

struct Subnet {
  SubnetId id;
  VpcId vpc;
  Zone zone;
  std::string cidr;
  bool default_for_zone = false;
  bool public_addresses = false;  // MapPublicIpOnLaunch
  int free_addresses = 0;
};

// One address range of one permission: EC2's rules, taken apart, so that they compare as sets.
struct Rule {
  std::string protocol;     // "tcp", "udp", "icmp", "-1" (all)
  int from_port = -1;       // -1 with protocol "-1"
  int to_port = -1;
  std::string cidr;         // v4 or v6; or a group's or prefix list's id
  std::string description;
  auto operator<=>(const Rule&) const = default;
};

struct SecurityGroup {
  GroupId id;
  std::string name;
  std::string description;
  VpcId vpc;
  std::vector<Rule> ingress;
  std::vector<Rule> egress;
  Tags tags;
};

struct Instance {
  InstanceId id;
  std::string state;          // pending, running, shutting-down, terminated, stopping, stopped
  std::string
      state_reason;   // its code: "Server.InsufficientInstanceCapacity", "Client.UserInitiatedShutdown"; often empty
  std::string state_message;
  std::string type;
  ImageId image;
  Zone zone;
  VpcId vpc;
  SubnetId subnet;
  std::string key_name;
  std::vector<GroupId> groups;
  std::string private_ip;
  std::string public_ip;      // never to be connected to in tests: fakes hand out strangers' addresses
  InterfaceId interface;      // the primary one
  std::string http_tokens;    // "required" (IMDSv2) or "optional"
  std::string root_device;
  VolumeId root_volume;
  std::string lifecycle;      // "spot"; empty: on demand
  std::string instance_profile;  // ARN; empty: none
  std::string architecture;
  std::optional<Time> launched;
  ClientToken client_token;
  Tags tags;
  bool gone() const { return state == "terminated" || state == "shutting-down"; }
};

struct Volume {
  VolumeId id;
  int size_gib = 0;
  std::string type;   // "gp3"
  bool encrypted = false;
  std::string state;  // creating, available, in-use, deleting
  InstanceId instance;  // empty: attached to none
  Tags tags;
};

struct Address {
  AllocationId id;
  std::string ip;
  AssociationId association;  // empty: free
  InstanceId instance;
  InterfaceId interface;
  Tags tags;
};

struct Interface {
  InterfaceId id;
  std::string status;
  std::string description;
  VpcId vpc;
  std::vector<GroupId> groups;
  InstanceId instance;
  std::string owner;       // RequesterId or OwnerId: whose it is, for "what blocks this delete"
  Tags tags;
};

struct KeyPair {
  KeyPairId id;
  std::string name;
  std::string fingerprint;  // as EC2 writes it: base64 SHA-256 for ed25519, MD5 hex for imported RSA
  std::string type;         // "ed25519", "rsa"
  Tags tags;
};

struct Image {
  ImageId id;
  std::string name;
  std::string owner;         // account number
  std::string architecture;  // "x86_64", "arm64"
  std::string root_device;   // "/dev/xvda"
  int root_size_gib = 0;
  std::string state;
  std::string created;       // RFC 3339 text, sorts as it stands
};

struct InstanceType {
  std::string name;
  int vcpus = 0;
  int memory_mib = 0;
  std::vector<std::string> architectures;
  int gpus = 0;
  int gpu_memory_mib = 0;    // of all of them
  std::string gpu_name;
  bool nitro = false;        // serves the newest console output
};

struct TypeOffering {
  std::string type;
  Zone zone;
};

struct ConsoleOutput {
  std::string text;           // decoded; empty in the machine's first minutes
  std::optional<Time> at;
};

struct StateChange {
  InstanceId id;
  std::string previous;
  std::string current;
};

struct Spot {
  std::string max_price;  // $/h as text; empty: up to the on-demand price
};

// Everything about a machine to be started but its user-data, which may hold tokens and stays out of every record.
struct Launch {
  ImageId image;
  std::string type;
  Zone zone;
  SubnetId subnet;              // empty: the zone's default one
  std::vector<GroupId> groups;
  std::string key_name;         // empty: no key
  ClientToken token;
  std::string root_device;      // the image's
  int disk_gib = 20;            // encrypted gp3, deleted with the machine
  Tags tags;                    // of instance, volume, interface and spot request alike
  std::string instance_profile; // name; empty: none
  bool worker = false;          // powering off terminates it: nothing of a worker is worth keeping
  std::optional<Spot> spot;
  std::optional<bool> public_address;  // none: as the subnet does
};

}  // namespace tombolo::aws
