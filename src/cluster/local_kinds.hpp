// The resource kinds that live on the operator's machine: authorities, certificates, the SSH key, the CA key's backup.
// Their files are in the state folder (nebula/layout.hpp, store/state_folder.hpp); what is there is never overwritten.
#pragma once
#include <functional>
#include <memory>
#include <set>

#include "cluster/kinds.hpp"
#include "nebula/authority.hpp"
#include "store/secret_backup.hpp"

namespace tombolo::cluster {

// What the local kinds share. One at a time may change the ledger.
struct Desk {
  store::StateFolder state;
  store::AskPassphrase ask_ca_passphrase;  // for an encrypted home CA key
  std::function<Result<std::unique_ptr<store::SecretBackup>>(const std::string& kind, const std::string& target)>
      open_backup;
  std::shared_ptr<std::mutex> ledger = std::make_shared<std::mutex>();
};

// Adds a certificate to .tombolo/nebula/ledger.json.
Result<> enter_in_ledger(const Desk& desk, const nebula::Certificate& certificate);
// The authority "home" or "worker". kNotFound with the way to restore it when its key is not there.
Result<nebula::Authority> open_authority(const Desk& desk, const std::string& which);

// Inputs: name, version, validityHours, networks, groups. Outputs: fingerprint, certificate (PEM), notAfter.
std::shared_ptr<engine::Kind> authority_kind(Desk desk);
// Inputs: member, network, groups, authority (fingerprint), publicKey (base64; absent: the key is made here).
// Outputs: fingerprint, certificate (PEM), key (path; "" when the key is not here). Only `members` are looked at.
std::shared_ptr<engine::Kind> certificate_kind(Desk desk, std::vector<std::string> members);
// Outputs: publicKey (OpenSSH line), fingerprint.
std::shared_ptr<engine::Kind> ssh_key_kind(Desk desk);
// Inputs: authority (fingerprint), kind, target. Outputs: place.
std::shared_ptr<engine::Kind> backup_kind(Desk desk);

}  // namespace tombolo::cluster
