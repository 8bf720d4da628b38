// Who is believed: a pool of authorities and a blocklist, as a running Nebula has them. Pure: the time is given.
#pragma once
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "nebula/certificate.hpp"

namespace tombolo::nebula {

class Trust {
 public:
  // A CA bundle. kBadInput or kUntrusted when an entry is no authority or does not verify itself. Expired authorities
  // are kept (see expired()); what they signed does not verify.
  static Result<Trust> from_pem(std::string_view bundle);
  Result<> add(Certificate authority);
  void block(Fingerprint fingerprint) { blocked_.insert(std::move(fingerprint)); }

  // In Nebula's order: blocklist, issuer, curve, authority's validity, own validity, signature, constraints, and for
  // P-256 the blocklist again with the other form. Every refusal is kUntrusted and its sentence is the reason.
  Result<> verify(const Certificate& member, Seconds now) const;

  const Certificate* find(const Fingerprint& authority) const;  // nullptr when it is not in the pool
  std::vector<const Certificate*> authorities() const;
  std::vector<const Certificate*> expired(Seconds now) const;

 private:
  std::map<Fingerprint, Certificate> authorities_;
  std::set<Fingerprint> blocked_;
};

// Whether key and certificate belong together; kUntrusted otherwise.
Result<> check_pair(const Certificate& member, const PublicKey& key);

}  // namespace tombolo::nebula
