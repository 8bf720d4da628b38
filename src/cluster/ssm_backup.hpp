// The CA key as a SecureString in SSM Parameter Store, under the account's default key: whoever may read parameters in the
// account may read it, so an encrypted CA key is the better thing to put there.
#pragma once
#include <memory>

#include "aws/ssm.hpp"
#include "store/secret_backup.hpp"

namespace tombolo::cluster {

// `client` must outlive the backup. `tags` are set when the parameter is made. Names are parameter names
// ("/tombolo/nebula-ca-key"). Errors: those of AWS; kBadInput over 4096 bytes or for what is not text.
std::unique_ptr<store::SecretBackup> make_ssm_backup(aws::Client& client, aws::Tags tags);

}  // namespace tombolo::cluster
