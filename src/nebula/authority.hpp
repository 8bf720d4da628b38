// Who signs: a certificate authority, which issues certificates under Nebula's rules and its own constraints. Pure:
// the time is given. The same wish, key and time give the same bytes as nebula-cert (Ed25519 signatures have no chance
// in them).
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "nebula/certificate.hpp"
#include "nebula/key_file.hpp"

namespace tombolo::nebula {

struct AuthorityRequest {
  std::string name{};
  Version version = Version::k1;
  Seconds not_before{};
  std::chrono::seconds validity = std::chrono::hours(8760);
  // What it may issue; an empty list is no limit.
  std::vector<codec::Cidr> networks{};
  std::vector<codec::Cidr> unsafe_networks{};
  std::vector<std::string> groups{};
};

struct MemberRequest {
  std::string name{};
  PublicKey public_key{};
  std::vector<codec::Cidr> networks{};  // "10.42.0.1/16": the member's address in the mesh's network
  std::vector<codec::Cidr> unsafe_networks{};  // host bits are cleared, so that every Nebula reads the same
  std::vector<std::string> groups{};
  Seconds not_before{};
  std::optional<Seconds> not_after{};  // default: one second before the authority's end
  std::optional<Version> version{};  // default: the authority's
};

class Authority {
 public:
  // A new, self-signed authority. kBadInput says which wish cannot be.
  static Result<Authority> create(const AuthorityRequest& request, SigningKey key);
  // An existing one. kUntrusted when the key is another's, the certificate is no authority's, or its signature is
  // wrong.
  static Result<Authority> open(Certificate certificate, SigningKey key);

  const Certificate& certificate() const { return certificate_; }
  const SigningKey& key() const { return key_; }

  // kBadInput when Nebula's rules or this authority's constraints forbid it, with the reason; nothing is issued that
  // any verifier would then refuse.
  Result<Certificate> issue(const MemberRequest& request) const;

 private:
  Authority(Certificate certificate, SigningKey key) : certificate_(std::move(certificate)), key_(std::move(key)) {}
  Certificate certificate_;
  SigningKey key_;
};

// The worker authority (its key lives on the lighthouse): it can issue members of `groups` with addresses in
// `networks`, and none that routes for others. `networks` must be the mesh's own network: Nebula wants an authority's
// network to be as wide as the member's, and a member with a narrower network than the mesh's reaches nobody outside
// it (see docs/adr/). So Nebula holds workers to their groups, and their address range is held by whoever issues.
// kBadInput when groups or networks are empty, which Nebula would take for "no limit".
Result<Authority> create_worker_authority(const AuthorityRequest& request, SigningKey key);

}  // namespace tombolo::nebula
