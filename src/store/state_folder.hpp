// `.tombolo/`, beside the cluster file: everything we keep on the operator's machine. 0700, every file in it 0600.
// Losing it costs nothing but the keys: everything else is found again by tags.
#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tombolo::store {

class StateFolder {
 public:
  // Only names; touches nothing. For commands that look.
  explicit StateFolder(std::string path) : path_(std::move(path)) {}
  // Makes the folder (and a .gitignore that keeps all of it out of git), or tightens the one that is there.
  // Errors: kIo (read-only, full, permissions), kBadInput (a folder that others can write).
  static Result<StateFolder> make(std::string path);

  const std::string& path() const { return path_; }
  std::string journal() const { return path_ + "/journal.db"; }
  std::string lock() const { return path_ + "/lock"; }
  std::string ssh_key() const { return path_ + "/ssh/id_ed25519"; }
  std::string ssh_public_key() const { return ssh_key() + ".pub"; }
  std::string known_hosts() const { return path_ + "/known_hosts"; }
  std::string ssh_config() const { return path_ + "/ssh_config"; }
  std::string kubeconfig(std::string_view side) const;  // "cloud" or "home"
  std::string simulation() const { return path_ + "/sim.json"; }  // the simulated site's world between runs of --sim

  // User-data is kept by its SHA-256 and never enters the journal: it may hold keys (bootstrap.keys: embedded).
  std::string user_data(std::string_view sha256) const;
  Result<std::string> keep_user_data(std::string_view content) const;  // returns the hash
  // Errors: kNotFound; kCorrupt when the content has another hash than its name.
  Result<std::string> read_user_data(std::string_view sha256) const;

  // Writes a private file, making the folders between; `relative` is a path inside ("nebula/home-ca.key").
  Result<> write(std::string_view relative, std::string_view content) const;
  // As write, but kDuplicate when something is there already. For keys.
  Result<> create(std::string_view relative, std::string_view content) const;

 private:
  Result<> make_folder_for(std::string_view relative) const;
  std::string path_;
};

}  // namespace tombolo::store
