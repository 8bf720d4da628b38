// The simulated site's place for backups: plain files in a private folder. What --sim backs up is the simulation's own key,
// and must never reach the user's 1Password.
#pragma once
#include <memory>
#include <string>

#include "store/secret_backup.hpp"

namespace tombolo::sim {

std::unique_ptr<store::SecretBackup> make_vault(std::string folder);

}  // namespace tombolo::sim
