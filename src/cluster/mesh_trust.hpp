// Whom the mesh's members must believe now, and whom no more: from the state folder, which knows every authority and every
// certificate that was issued. And how that changes: a new home authority beside the old one, a member revoked.
#pragma once
#include <string>
#include <vector>

#include "cluster/local_kinds.hpp"
#include "nebula/ledger.hpp"

namespace tombolo::cluster {

struct MeshTrust {
  std::string authorities_pem;  // the home authority, the one before while it is being replaced, the worker authority
  std::vector<nebula::Fingerprint> blocklist;  // revoked certificates that have not expired
};

// kNotFound before the authorities are made.
Result<MeshTrust> mesh_trust(const store::StateFolder& state, Time now);

Result<nebula::Ledger> read_ledger(const store::StateFolder& state);

// Begins a rotation: a new home authority with the old one's name, version and constraints, valid from `now` for as long.
// The old one's certificate stays trusted until finish_rotation(). Safe to repeat after a crash in its middle.
// `encrypt`: gives the new key's file text. Errors: kState when a rotation is under way, kNotFound without an authority.
Result<nebula::Certificate> begin_rotation(
    const Desk& desk, Time now, const std::function<Result<std::string>(const nebula::SigningKey&)>& key_text);
bool rotating(const store::StateFolder& state);
// Names of members whose newest valid certificate is still the old authority's: they would be cut off.
Result<std::vector<std::string>> not_rotated(const store::StateFolder& state, Time now);
// Forgets the old authority. Errors: kState when none is there.
Result<> finish_rotation(const store::StateFolder& state);

// Revokes every valid certificate of a member, or the one with that fingerprint (64 hex, or the first 8 or more of them).
// With `reissue` the key that is here is set aside, so that the next `up` makes another. Returns what was revoked.
// Errors: kNotFound; kBadInput for an authority, or a beginning that fits several.
Result<std::vector<nebula::Fingerprint>> revoke(const Desk& desk, const std::string& whom, bool reissue, Time now);

}  // namespace tombolo::cluster
