// The cluster file as the program sees it: every field filled in, checked, and nothing of YAML left.
// Made by load() (load.hpp). Every value the recipe fixes is a field whose default is the recipe's value; the defaults
// stand here and nowhere else. What a field is called in the file, and its meaning and limits, stand in fields.cpp.
#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.hpp"
#include "codec/cidr.hpp"

namespace tombolo::spec {

enum class Manage { kApply, kGitops };

struct Home {
  std::string kubeconfig = "~/.kube/config";
  std::string context;                         // "": the kubeconfig's current one
  Manage manage = Manage::kApply;  // kGitops: `up` waits until somebody's GitOps has applied the exported tree
  std::chrono::seconds gitops_wait{600};  // that long at each of the things it waits for
  std::string nebula_namespace = "nebula-system";
  std::string liqo_namespace = "liqo";
  std::optional<codec::Cidr> lan;  // 192.168.1.0/24
  codec::Cidr pods{codec::Address::v4(0x0af40000), 16};  // Talos's own: 10.244.0.0/16
  codec::Cidr services{codec::Address::v4(0x0a600000), 12};  // Talos's own: 10.96.0.0/12
};

enum class Role { kLighthouse, kHome, kOperator, kWorker };

struct Member {
  std::string name;  // also the certificate's name
  Role role = Role::kHome;
  codec::Address address;  // in mesh.cidr
  std::vector<std::string> groups;
  std::string node = {};  // of the home cluster; "": the only one it has
};

std::vector<Member> recipe_members();  // lighthouse, talos-homelab, aws-gpu-worker

// The mesh name of the program's own probe; no member may be called so.
inline constexpr std::string_view kProbeName = "tombolo-probe";

struct Mesh {
  codec::Cidr cidr{codec::Address::v4(0x0a2a0000), 16};  // 10.42.0.0/16
  std::string ca_name = "talos-homelab-mesh";
  std::chrono::hours ca_validity{87600};
  int certificate_version = 1;  // 1 speaks to every Nebula since 1.0; 2 needs 1.10 everywhere
  std::string cipher = "aes";  // "aes" or "chachapoly"; the same on every member
  std::uint16_t listen_port = 4242;  // UDP, on the lighthouse
  int mtu = 1300;  // bytes; Nebula's own default
  codec::Cidr worker_range{codec::Address::v4(0x0a2a0200), 24};  // 10.42.2.0/24: where workers get addresses
  std::vector<std::string> worker_groups{"kubernetes", "infrastructure", "gpu-compute"};  // and for which groups
  std::vector<Member> members = recipe_members();
  const Member* lighthouse() const;  // never null after load()
  std::vector<const Member*> home() const;  // those of role home
  // Where the program itself joins to prove the mesh: the last address but the broadcast one. No member may have it.
  codec::Address probe_address() const;
};

struct Lighthouse {
  std::string instance_type = "t3.small";
  std::string architecture = "x86_64";  // "x86_64" or "arm64": follows from the instance type, not a field of the file
  std::string image;  // "": newest Amazon Linux 2023; or ami-...
  int disk_gib = 20;  // encrypted gp3
  std::string ssh_user = "ec2-user";
  std::string ssh_allowed_from = "caller";  // "caller": this machine's public address; or a CIDR as text
  std::vector<std::string> zones;  // tried in this order; empty: every zone that offers the type
};

enum class Distribution { kK3s, kNone };

struct CloudKubernetes {
  Distribution distribution = Distribution::kK3s;  // kNone: the mesh alone, and no Liqo on either side
  std::string k3s_version = "v1.36.4+k3s1";
  codec::Cidr pods{codec::Address::v4(0x0a340000), 16};  // 10.52.0.0/16
  codec::Cidr services{codec::Address::v4(0x0a350000), 16};  // 10.53.0.0/16
};

enum class Networking { kDisabled };

struct Liqo {
  std::string version = "v1.2.0";
  std::string cloud_namespace = "liqo-system";
  std::string home_values;  // path of a file with more values for Liqo's chart at home; "": none
  std::string cloud_values;  // and in the cloud
  std::vector<std::string> offloaded_namespaces{"default"};
  Networking networking = Networking::kDisabled;
};

enum class Market { kOnDemand, kSpot };

struct WorkerPool {
  std::string name;
  std::vector<std::string> instance_types;  // tried in this order
  int gpus = 1;  // per machine
  int min = 0;
  int max = 1;
  Market market = Market::kOnDemand;
  std::chrono::seconds idle{600};  // idle that long: terminated
};

enum class KeyOrigin { kMachine, kEmbedded };

// SHA-256 of what the machines download, where it is not the makers' own file: 64 hex characters, "" for none.
struct Checksums {
  std::string nebula;
  std::string k3s;
  std::string helm;
  std::string liqo;  // of the chart's archive, which nobody's published checksum is known for
};

struct Bootstrap {
  KeyOrigin keys = KeyOrigin::kMachine;  // kEmbedded: the recipe's way, private key in the user-data
  std::string nebula_version = "1.11.2";
  std::string mirror;  // "": the vendors' own URLs; else the base URL of a mirror
  Checksums checksums;
};

enum class BackupKind { kNone, kOnePassword, kFile, kSsm };

struct Secrets {
  BackupKind backup = BackupKind::kNone;  // where the CA key is backed up
  std::string backup_target;  // item name, file path, or parameter name
  std::string vault;  // 1Password only; "": the default vault
};

struct Limits {
  std::optional<std::chrono::hours> hours;  // no worker lives longer
  std::optional<double> dollars;  // estimated spend of one month, in USD, that `up` may plan for
};

// The MTU of each layer in bytes: see address_plan.hpp.
struct AddressPlan {
  int underlay_mtu = 1500;
  int mesh_mtu = 1300;
  int pod_mtu = 1250;
};

struct Place {
  Position at;  // of the value
  int length = 1;
};

// Where the file says what, by path ("mesh.members[1].address"): for messages that come later than load(), such as an
// overlap with the VPC. A field that is not written has no place.
struct Source {
  std::string file;
  std::map<std::string, Place, std::less<>> places;
};

struct Cluster {
  std::string name;  // value of the tag tombolo:cluster: unique in the account
  std::string region = "us-west-2";
  Home home;
  Mesh mesh;
  Lighthouse lighthouse;
  CloudKubernetes kubernetes;
  Liqo liqo;
  std::vector<WorkerPool> workers;
  Bootstrap bootstrap;
  Secrets secrets;
  Limits limits;
  AddressPlan addresses;
  Source source;
};

// The words of the file: "lighthouse", "on-demand", "1password", ...
std::string_view name(Role role);
std::string_view name(Market market);
std::string_view name(KeyOrigin keys);
std::string_view name(BackupKind backup);
std::string_view name(Networking networking);
std::string_view name(Manage manage);
std::string_view name(Distribution distribution);

// "x86_64" or "arm64": AWS names its own processor by a g behind the generation (t4g, im4gn); a1 is the older one.
std::string_view architecture_of(std::string_view instance_type);

}  // namespace tombolo::spec
