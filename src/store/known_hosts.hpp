// The SSH host keys this cluster's machines have proven, kept where plain ssh, scp and rsync can use them too:
// `.tombolo/known_hosts` in OpenSSH's format, by instance id and not by address (so a replaced machine is a new name and an
// address that moved is none), and `.tombolo/ssh_config` beside it: ssh -F .tombolo/ssh_config lighthouse.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "store/state_folder.hpp"

namespace tombolo::store {

struct SshEntry {
  std::string host;  // what the user types: "lighthouse"
  std::string address;  // where it is now
  std::uint16_t port = 22;
  std::string user;
  std::string alias;  // the instance id: under this name its keys are pinned
};

// Any thread. An alias holds letters, digits, '.', '_' and '-'; keys are lines "type blob" (codec/ssh_public.hpp). Others
// are kBadInput.
class KnownHosts {
 public:
  explicit KnownHosts(StateFolder folder) : folder_(std::move(folder)) {}

  // These keys, and no others, are the machine's. At least one.
  Result<> pin(std::string_view alias, const std::vector<std::string>& keys) const;
  // In the file's order; empty when none are pinned. kCorrupt when a line of this machine is no key.
  Result<std::vector<std::string>> pinned(std::string_view alias) const;
  // Is `key` one of them? kNotFound when none are pinned; kUntrusted, explained, when others are. Ask the server for the
  // pinned types only: it may have a key of another type that nobody has pinned.
  Result<> check(std::string_view alias, std::string_view key) const;
  // What remains is this machine's; "" forgets all.
  Result<> forget_all_but(std::string_view alias) const;
  // The whole file anew: known_hosts and the private key of the state folder, whatever the user's own ssh_config says.
  Result<> write_ssh_config(const SshEntry& entry) const;

 private:
  StateFolder folder_;
};

}  // namespace tombolo::store
