// What was issued: the list an operator needs to renew, to revoke, and to know who is in the mesh. Holds no private
// key. Kept as JSON in the state folder (layout.hpp); this file only reads and writes the text.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nebula/certificate.hpp"

namespace tombolo::nebula {

struct LedgerEntry {
  Fingerprint fingerprint{};
  std::string name{};
  Version version = Version::k1;
  bool is_ca = false;
  std::vector<codec::Cidr> networks{};
  std::vector<codec::Cidr> unsafe_networks{};
  std::vector<std::string> groups{};
  Seconds not_before{};
  Seconds not_after{};
  Fingerprint issuer{};  // empty for an authority
  PublicKey public_key{};
  std::optional<Seconds> revoked_at{};
  bool operator==(const LedgerEntry&) const = default;
};

class Ledger {
 public:
  // "" is an empty ledger. kCorrupt says what is wrong with the text, kUnsupported that a newer Tombolo wrote it.
  static Result<Ledger> parse(std::string_view json);
  std::string to_text() const;  // pretty JSON, the same for the same entries

  void add(const Certificate& certificate);  // a second time changes nothing
  Result<> revoke(const Fingerprint& fingerprint, Seconds now);  // kNotFound; revoking again keeps the first time

  const LedgerEntry* find(const Fingerprint& fingerprint) const;
  std::vector<const LedgerEntry*> entries() const;  // by validity's begin, then fingerprint
  // Not revoked and valid at `now`: of this name, or all.
  std::vector<const LedgerEntry*> valid(Seconds now, std::string_view name = {}) const;
  std::vector<Fingerprint> revoked() const;  // what belongs into pki.blocklist

 private:
  std::map<Fingerprint, LedgerEntry> entries_;
};

}  // namespace tombolo::nebula
