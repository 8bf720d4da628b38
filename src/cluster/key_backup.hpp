// The home CA key between the state folder and the place of its backup. Nothing is overwritten that differs, on either side.
#pragma once
#include <optional>
#include <string>

#include "nebula/authority.hpp"
#include "store/secret_backup.hpp"
#include "store/state_folder.hpp"

namespace tombolo::cluster {

enum class Kept { kAlready, kNew, kReplaced };

// Copies the key to its place and reads it back. Errors: kNotFound (no key here), kConflict (another key is there, and not
// `replace`), kUntrusted (key and home-ca.crt do not belong together, or another thing came back), and the place's own.
Result<Kept> back_up_ca_key(const store::StateFolder& folder, store::SecretBackup& place, const std::string& name,
                            bool replace, const std::stop_token& stop);

struct RestoreRequest {
  std::string name;  // of the key, in its place
  std::optional<std::string> certificate{};  // PEM of the authority, for when home-ca.crt is lost too
  store::AskPassphrase ask_passphrase{};  // of a key that is itself encrypted
};

struct Restored {
  Kept key = Kept::kAlready;
  Kept certificate = Kept::kAlready;
  nebula::Certificate authority;
};

// Brings the key back, after it was shown to belong to the authority's certificate. Errors: kNotFound (no backup, or no
// certificate to check it with), kConflict (another key or certificate is here), kUntrusted (they do not belong together).
Result<Restored> restore_ca_key(const store::StateFolder& folder, store::SecretBackup& place,
                                const RestoreRequest& request, const std::stop_token& stop);

}  // namespace tombolo::cluster
