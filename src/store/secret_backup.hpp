// Where the CA key is backed up: a place that survives the loss of this machine. The place is an interface, because
// one of them (SSM) needs AWS, which is a floor above: cluster/ssm_backup.hpp.
#pragma once
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "store/secret_envelope.hpp"

namespace tombolo::store {

class SecretBackup {
 public:
  virtual ~SecretBackup() = default;
  // For people: "the 1Password document nebula-ca-key in the vault Homelab".
  virtual std::string place(const std::string& name) const = 0;
  // Puts it there, in place of what was there. To keep what differs, fetch first.
  virtual Result<> store(const std::string& name, const Secret<Bytes>& value, const std::stop_token& stop) = 0;
  // Errors: kNotFound when the place has no such secret; others as the place has them, each with the next step.
  virtual Result<Secret<Bytes>> fetch(const std::string& name, const std::stop_token& stop) = 0;
  // Costs less than fetch() where the place allows it, and asks for no passphrase.
  virtual Result<bool> exists(const std::string& name, const std::stop_token& stop) = 0;
};

// The recipe's name for the CA key's document.
inline constexpr const char* kCaKeyBackupName = "nebula-ca-key";

// A document in 1Password through its command line program, version 2 (`op document create|edit|get`). The secret goes
// through standard input and output only. Errors: kNotFound (no such document), kUnsupported (no `op`, or version 1),
// kCredentials (not signed in), kBadInput (no such vault), kConflict (several documents of that name), kIo.
struct OnePasswordPlace {
  std::string vault;           // "": the account's default vault
  std::string program = "op";  // looked up in PATH
};
std::unique_ptr<SecretBackup> make_one_password_backup(OnePasswordPlace place);

// A file under a passphrase (secret_envelope.hpp). `ask` is called only when the passphrase is needed; `confirm` is
// true when a new one is being chosen. The file is one secret's, whatever its name. Errors: kNotFound, kIo, kCorrupt,
// kUntrusted (another passphrase), kBadInput (nobody to ask).
using AskPassphrase = std::function<Result<Secret<std::string>>(bool confirm)>;
std::unique_ptr<SecretBackup> make_file_backup(std::string path, AskPassphrase ask,
                                               crypto::Argon2Cost cost = kEnvelopeCost);

// Whether two copies hold the same key file: some places add or drop the line end after the last line.
bool same_key_text(const Secret<Bytes>& a, const Secret<Bytes>& b);

}  // namespace tombolo::store
