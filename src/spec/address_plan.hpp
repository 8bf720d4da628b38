// The address plan: six networks and the VPC that must not overlap anywhere, and the MTU of each layer.
// The recipe's mesh, 10.42.0.0/16, is also k3s's default pod network: this is where that is found, before anything is made.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.hpp"
#include "spec/cluster.hpp"

namespace tombolo::spec {

// A network of the cluster by the path of its field: {"mesh.cidr", 10.42.0.0/16}.
struct Network {
  std::string_view path;
  codec::Cidr cidr;
};

// Those that the cluster has, the ones hardest to change first: LAN, home pods, home services, mesh, cloud pods, cloud services.
std::vector<Network> networks(const Cluster& cluster);

// A private IPv4 network of that prefix length that overlaps none of `taken`; nullopt when 10/8, 172.16/12 and 192.168/16 are full.
// AWS's default VPC (172.31.0.0/16) and k3s's own defaults (10.42.0.0/15) are never suggested.
std::optional<codec::Cidr> free_network(int prefix, const std::vector<codec::Cidr>& taken);

// One error for each pair that overlaps, at the network that is easier to change, naming both lines and a free network.
void check_overlaps(const Cluster& cluster, Diagnostics& diagnostics);

// The same against the VPC, whose CIDR is known only once AWS was asked. kBadInput, naming each field, its line and a free network.
Result<> check_vpc(const Cluster& cluster, const codec::Cidr& vpc);

// Bytes that fit into one mesh packet: the underlay's MTU less IP, UDP, and Nebula's header and tag; a relay adds one more header.
// Source: Nebula, 16-byte header + 16-byte tag; IPv4 20, UDP 8.
int largest_mesh_mtu(int underlay_mtu, bool relayed);
// The MTUs that follow from the mesh's: VXLAN (flannel) takes 50 of it.
AddressPlan plan_mtus(int mesh_mtu);

}  // namespace tombolo::spec
