#include "nebula/authority.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "nebula/rules.hpp"
#include "nebula/trust.hpp"

namespace tombolo::nebula {
namespace {

using codec::Cidr;

// As Nebula keeps them: version 2 sorted, version 1 in the order of the wish.
std::vector<Cidr> in_order(std::vector<Cidr> networks, Version version) {
  if (version == Version::k2) std::ranges::sort(networks);
  return networks;
}

std::vector<Cidr> without_host_bits(std::vector<Cidr> networks) {
  for (auto& network : networks) network = network.network();
  return networks;
}

Result<> check_wish(const Details& details) {
  if (details.name.empty() || details.name.size() > kNameLimit) {
    return fail(Code::kBadInput, "a certificate needs a name of 1 to 253 bytes");
  }
  if (details.not_after <= details.not_before)
    return fail(Code::kBadInput, "the certificate would end before it begins");
  return check_by_itself(details);
}

Result<Certificate> sign(Details details, const SigningKey& key) {
  Bytes signature = key.sign(TRY(bytes_to_sign(details)));
  return Certificate::assemble(std::move(details), std::move(signature));
}

}  // namespace

Result<Authority> Authority::create(const AuthorityRequest& request, SigningKey key) {
  Details details;
  details.version = request.version;
  details.name = request.name;
  details.networks = in_order(request.networks, request.version);
  details.unsafe_networks = in_order(without_host_bits(request.unsafe_networks), request.version);
  details.groups = request.groups;
  details.not_before = request.not_before;
  details.not_after = request.not_before + request.validity;
  details.is_ca = true;
  details.public_key = key.public_key();
  TRY(check_wish(details));
  auto certificate = TRY(sign(std::move(details), key));
  return Authority(std::move(certificate), std::move(key));
}

Result<Authority> Authority::open(Certificate certificate, SigningKey key) {
  Trust itself;
  TRY(itself.add(certificate));
  if (certificate.details().public_key != key.public_key()) {
    return fail(Code::kUntrusted,
                fmt::format("this private key does not belong to the authority \"{}\"", certificate.details().name));
  }
  return Authority(std::move(certificate), std::move(key));
}

Result<Certificate> Authority::issue(const MemberRequest& request) const {
  const auto& authority = certificate_.details();
  Details details;
  details.version = request.version.value_or(authority.version);
  details.name = request.name;
  details.networks = in_order(request.networks, details.version);
  details.unsafe_networks = in_order(without_host_bits(request.unsafe_networks), details.version);
  details.groups = request.groups;
  details.not_before = request.not_before;
  details.not_after = request.not_after.value_or(authority.not_after - std::chrono::seconds(1));
  details.issuer = certificate_.fingerprint();
  details.public_key = request.public_key;
  if (request.not_before > authority.not_after) {
    return fail(Code::kBadInput, fmt::format("the authority \"{}\" has expired", authority.name),
                "Create a new authority and renew its members.");
  }
  TRY(check_wish(details));
  if (details.version == Version::k1 && details.networks.size() != 1) {
    return fail(Code::kBadInput, "a certificate of version 1 holds exactly one network",
                "Use version 2 for several, which needs Nebula 1.10 or newer on every member.");
  }
  TRY(check_constraints(authority, details));
  return sign(std::move(details), key_);
}

Result<Authority> create_worker_authority(const AuthorityRequest& request, SigningKey key) {
  if (request.groups.empty() || request.networks.empty()) {
    return fail(Code::kBadInput,
                "the worker authority needs at least one group and one network: Nebula takes none for no limit");
  }
  // A member's unsafe networks may be sources of its packets. With no limit on them a stolen key could mint a "router"
  // that speaks for any address; so the limit is one address that nobody has (RFC 5737).
  AuthorityRequest narrow = request;
  narrow.unsafe_networks = {Cidr(codec::Address::v4(0xc0000200), 32)};  // 192.0.2.0/32
  return Authority::create(narrow, std::move(key));
}

}  // namespace tombolo::nebula
