#include "spec/address_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "spec/checks.hpp"

namespace tombolo::spec {
namespace {

using codec::Address;
using codec::Cidr;

constexpr int kUnderlayMtu = 1500;   // the Internet's
constexpr int kIpv4Header = 20;
constexpr int kUdpHeader = 8;
constexpr int kNebulaHeader = 16;
constexpr int kNebulaTag = 16;
constexpr int kSmallestSuggestion = 16;  // prefix length: what k3s and Talos take for themselves
constexpr int kVxlan = 50;           // inner Ethernet 14, VXLAN 8, UDP 8, IPv4 20

Cidr v4(std::uint32_t address, int prefix) { return {Address::v4(address), prefix}; }

// Somebody else's defaults: free today, a collision tomorrow.
const std::vector<Cidr>& avoided() {
  static const std::vector<Cidr> all{
      v4(0xac1f0000, 16),  // 172.31.0.0/16, AWS's default VPC
      v4(0x0a2a0000, 15),  // 10.42.0.0/15, k3s's own pods and services
      v4(0xac110000, 16),  // 172.17.0.0/16, Docker's bridge
      v4(0x0a000000, 24), v4(0xc0a80000, 23),  // what home routers come with
  };
  return all;
}

// The first free block of that size in `range`, beginning the search at `start`.
std::optional<Cidr> search(const Cidr& range, std::uint32_t start, int prefix, const std::vector<Cidr>& taken) {
  const std::uint64_t size = std::uint64_t{1} << (32 - prefix);
  const std::uint64_t end = std::uint64_t{range.last().v4_value()} + 1;
  for (std::uint64_t at = (start + size - 1) / size * size; at + size <= end;) {
    const auto candidate = v4(static_cast<std::uint32_t>(at), prefix);
    const auto in_the_way =
        std::find_if(taken.begin(), taken.end(), [&](const Cidr& other) { return other.overlaps(candidate); });
    if (in_the_way == taken.end()) return candidate;
    const std::uint64_t past =
        std::uint64_t{in_the_way->last().v4_value()} + 1;  // the next block behind what is in the way
    at = std::max(at + size, (past + size - 1) / size * size);
  }
  return std::nullopt;
}

// Why two networks must not share addresses, for the reader who wonders.
std::string_view reason(std::string_view a, std::string_view b) {
  const auto is = [&](std::string_view path) { return a == path || b == path; };
  if (is("mesh.cidr") && is("cloud.kubernetes.podCIDR"))
    return "k3s would give the lighthouse's own mesh address to a pod bridge.";
  if (is("mesh.cidr") && is("cloud.kubernetes.serviceCIDR"))
    return "k3s would answer mesh addresses with services of its own.";
  if (is("mesh.cidr") && is("home.lanCIDR")) return "Packets for the neighbour at home would be sent into the mesh.";
  if (is("mesh.cidr")) return "The home cluster would keep packets for the mesh to itself.";
  if (is("home.lanCIDR")) return "Packets for machines at home would end in the cluster network.";
  return "One address would stand for two things once both clusters are joined.";
}

}  // namespace

std::vector<Network> networks(const Cluster& cluster) {
  std::vector<Network> all;
  if (cluster.home.lan) all.push_back({"home.lanCIDR", *cluster.home.lan});
  all.push_back({"home.podCIDR", cluster.home.pods});
  all.push_back({"home.serviceCIDR", cluster.home.services});
  all.push_back({"mesh.cidr", cluster.mesh.cidr});
  all.push_back({"cloud.kubernetes.podCIDR", cluster.kubernetes.pods});
  all.push_back({"cloud.kubernetes.serviceCIDR", cluster.kubernetes.services});
  return all;
}

std::optional<Cidr> free_network(int prefix, const std::vector<Cidr>& taken) {
  prefix = std::clamp(prefix, 12, 30);  // a larger one would leave no room for the others
  auto all = taken;
  all.insert(all.end(), avoided().begin(), avoided().end());
  std::erase_if(all, [](const Cidr& c) { return !c.address().is_v4(); });
  const auto ten = v4(0x0a000000, 8);
  // 10.52.0.0 first: next to the usual ones, easy to remember.
  if (auto found = search(ten, 0x0a340000, prefix, all)) return found;
  for (const auto& range : {ten, v4(0xac100000, 12), v4(0xc0a80000, 16)}) {
    if (prefix < range.prefix()) continue;
    if (auto found = search(range, range.first().v4_value(), prefix, all)) return found;
  }
  return std::nullopt;
}

void check_overlaps(const Cluster& cluster, Diagnostics& diagnostics) {
  const auto all = networks(cluster);
  std::vector<Cidr> taken;
  for (const auto& network : all) taken.push_back(network.cidr);
  const Diagnostics before = diagnostics;
  for (std::size_t later = 1; later < all.size(); ++later) {
    std::optional<Cidr> suggestion;  // one for each network, however many it overlaps
    for (std::size_t earlier = 0; earlier < later; ++earlier) {
      const auto& blamed = all[later];
      const auto& other = all[earlier];
      if (!blamed.cidr.overlaps(other.cidr) || !is_sound(before, blamed.path) || !is_sound(before, other.path))
        continue;
      // As large as the wrong one if there is room for that, else smaller.
      for (int prefix = blamed.cidr.prefix();
           !suggestion && prefix <= std::max(blamed.cidr.prefix(), kSmallestSuggestion); ++prefix) {
        suggestion = free_network(prefix, taken);
        if (suggestion) taken.push_back(*suggestion);
      }
      const bool written = cluster.source.places.contains(blamed.path);
      std::string hint(reason(blamed.path, other.path));
      if (suggestion && written) hint += fmt::format(" Take {} (free in this file).", suggestion->text());
      if (suggestion && !written)
        hint += fmt::format(" Write {}: {} (free in this file).", blamed.path, suggestion->text());
      const auto message = fmt::format("{} {}{} overlaps {}", blamed.path, blamed.cidr.text(),
                                       written ? "" : " (the default)", named(cluster, other.path, other.cidr.text()));
      // A default cannot be pointed at: point at what collides with it, if that is written.
      auto d = about(cluster, std::string(written ? blamed.path : other.path), message, hint);
      d.path = blamed.path;
      diagnostics.add(std::move(d));
    }
  }
}

Result<> check_vpc(const Cluster& cluster, const Cidr& vpc) {
  const auto all = networks(cluster);
  std::vector<Cidr> taken{vpc};
  for (const auto& network : all) taken.push_back(network.cidr);
  std::string sentence;
  std::string hint;
  int overlaps = 0;
  for (const auto& network : all) {
    if (!network.cidr.overlaps(vpc)) continue;
    ++overlaps;
    const auto place = cluster.source.places.find(network.path);
    const auto where = place == cluster.source.places.end()
                           ? std::string("the default")
                           : fmt::format("{}, line {}", cluster.source.file, place->second.at.line);
    sentence += fmt::format("{}{} {} ({})", sentence.empty() ? "" : " and ", network.path, network.cidr.text(), where);
    if (network.path.starts_with("home.")) {
      hint += fmt::format(" {} is hard to change: rather take a VPC with other addresses.", network.path);
    } else if (const auto free = free_network(network.cidr.prefix(), taken)) {
      hint += fmt::format(" Write {}: {} (free in this file and in the VPC).", network.path, free->text());
      taken.push_back(*free);
    }
  }
  if (overlaps == 0) return {};
  return fail(Code::kBadInput, fmt::format("{} overlap{} the VPC's {}", sentence, overlaps == 1 ? "s" : "", vpc.text()),
              "In the VPC those addresses would lead to somebody else." + hint);
}

int largest_mesh_mtu(int underlay_mtu, bool relayed) {
  const int direct = underlay_mtu - kIpv4Header - kUdpHeader - kNebulaHeader - kNebulaTag;
  return relayed ? direct - kNebulaHeader - kNebulaTag : direct;
}

AddressPlan plan_mtus(int mesh_mtu) { return {kUnderlayMtu, mesh_mtu, mesh_mtu - kVxlan}; }

}  // namespace tombolo::spec
