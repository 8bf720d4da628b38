#include "nebula/rules.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tombolo::nebula {
namespace {

using codec::Cidr;

tl::unexpected<Error> refuse(std::string why) { return fail(Code::kBadInput, std::move(why)); }

bool is_v4_in_v6(const codec::Address& address) {  // ::ffff:a.b.c.d, RFC 4291, section 2.5.5.2
  if (address.is_v4()) return false;
  const auto bytes = address.bytes();
  return std::all_of(bytes.begin(), bytes.begin() + 10, [](Byte b) { return b == 0; }) && bytes[10] == 0xff &&
         bytes[11] == 0xff;
}

Result<> check_key(const PublicKey& key) {
  const std::size_t size = key.curve == Curve::kP256 ? 65 : 32;
  if (key.bytes.size() != size)
    return refuse(
        fmt::format("a public key of curve {} has {} bytes, not {}", name(key.curve), size, key.bytes.size()));
  return {};
}

Result<> check_list(const std::vector<Cidr>& networks, Version version) {
  for (const auto& network : networks) {
    if (version == Version::k1 && !network.address().is_v4()) {
      return refuse(fmt::format("a certificate of version 1 cannot hold the IPv6 network {}", network.text()));
    }
    if (is_v4_in_v6(network.address()))
      return refuse(fmt::format("{} is an IPv4 address written as IPv6", network.text()));
  }
  if (version == Version::k1) return {};
  for (std::size_t i = 1; i < networks.size(); ++i) {
    if (networks[i - 1] == networks[i])
      return refuse(fmt::format("the network {} stands there twice", networks[i].text()));
    if (networks[i] < networks[i - 1]) return refuse("the networks of a certificate of version 2 must be sorted");
  }
  return {};
}

bool any_of_family(const std::vector<Cidr>& networks, bool v4) {
  return std::ranges::any_of(networks, [&](const Cidr& n) { return n.address().is_v4() == v4; });
}

Result<> check_member(const Details& details) {
  if (details.networks.empty()) return refuse("a member needs at least one network, such as 10.42.1.1/16");
  if (details.issuer.empty()) return refuse("a member's certificate names its issuer");
  if (details.version == Version::k1) return {};
  for (const auto& network : details.unsafe_networks) {
    const bool v4 = network.address().is_v4();
    if (!any_of_family(details.networks, v4)) {
      return refuse(
          fmt::format("the unsafe network {} needs a member with an {} address", network.text(), v4 ? "IPv4" : "IPv6"));
    }
  }
  return {};
}

// A network of the authority holds the address and is not narrower than the member's own prefix says.
bool allowed(const std::vector<Cidr>& limits, const Cidr& network) {
  return limits.empty() || std::ranges::any_of(limits, [&](const Cidr& limit) {
           return limit.contains(network.address()) && limit.prefix() <= network.prefix();
         });
}

std::string list_text(const std::vector<Cidr>& networks) {
  std::string text;
  for (const auto& network : networks) text += (text.empty() ? "" : ", ") + network.text();
  return text;
}

}  // namespace

Result<> check_by_itself(const Details& details) {
  TRY(check_key(details.public_key));
  if (details.version == Version::k2 && (details.name.empty() || details.name.size() > kNameLimit)) {
    return refuse("the name of a certificate of version 2 must have 1 to 253 bytes");
  }
  TRY(check_list(details.networks, details.version));
  TRY(check_list(details.unsafe_networks, details.version));
  for (const auto& network : details.networks) {
    if (network.address().is_unspecified()) {
      return refuse(
          fmt::format("the network {} is not allowed in a certificate; for no limit give an authority no networks",
                      network.text()));
    }
  }
  if (std::ranges::find(details.groups, "") != details.groups.end()) return refuse("a group's name is empty");
  if (!details.is_ca) return check_member(details);
  if (!details.issuer.empty())
    return refuse("an authority cannot be signed by another: Nebula knows no intermediate authorities");
  return {};
}

Result<> check_constraints(const Details& authority, const Details& member) {
  if (member.is_ca) return refuse("an authority cannot be signed by another: Nebula knows no intermediate authorities");
  if (member.public_key.curve != authority.public_key.curve) {
    return refuse(fmt::format("the member's key is of curve {}, the authority \"{}\" is of curve {}",
                              name(member.public_key.curve), authority.name, name(authority.public_key.curve)));
  }
  if (member.not_after > authority.not_after) return refuse("the certificate would outlive its authority");
  if (member.not_before < authority.not_before) return refuse("the certificate would begin before its authority");
  for (const auto& group : member.groups) {
    if (!authority.groups.empty() && std::ranges::find(authority.groups, group) == authority.groups.end()) {
      return refuse(fmt::format("the authority \"{}\" may not issue the group \"{}\"", authority.name, group));
    }
  }
  for (const auto& network : member.networks) {
    if (!allowed(authority.networks, network)) {
      return refuse(
          fmt::format("the authority \"{}\" may not issue the network {}, only addresses in {} with no wider prefix",
                      authority.name, network.text(), list_text(authority.networks)));
    }
  }
  for (const auto& network : member.unsafe_networks) {
    if (!allowed(authority.unsafe_networks, network)) {
      return refuse(fmt::format("the authority \"{}\" may not issue the unsafe network {}, only such in {}",
                                authority.name, network.text(), list_text(authority.unsafe_networks)));
    }
  }
  return {};
}

}  // namespace tombolo::nebula
