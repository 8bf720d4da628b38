// SSM Parameter Store: AWS's published image ids, and one place to back up a CA key.
#pragma once
#include "aws/client.hpp"
#include "aws/ec2_types.hpp"

namespace tombolo::aws {

// kNotFound when there is none of that name (both calls).
Result<std::string> get_parameter(Client& client, const std::string& name, const CallOptions& options);
Result<Secret<std::string>> get_secret_parameter(Client& client, const std::string& name, const CallOptions& options);

// SecureString, under the account's default key. At most 4096 bytes (kBadInput). kDuplicate when it exists and `overwrite` is
// false; AWS refuses tags together with overwrite, so they are set at creation only.
Result<> put_secret_parameter(Client& client, const std::string& name, const Secret<std::string>& value,
                              const Tags& tags, bool overwrite, const CallOptions& options);
Result<> delete_parameter(Client& client, const std::string& name, const CallOptions& options);

}  // namespace tombolo::aws
