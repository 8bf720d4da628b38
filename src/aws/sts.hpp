// STS: who we are, and becoming somebody else.
#pragma once
#include "aws/client.hpp"

namespace tombolo::aws {

struct CallerIdentity {
  std::string account;
  std::string arn;
  std::string user_id;
};

struct AssumeRole {
  std::string role_arn;
  std::string session_name;
  std::string external_id;                       // empty: none
  std::string mfa_serial;                        // with token_code; empty: none
  std::string token_code;
  Duration duration = std::chrono::hours(1);
};

Result<CallerIdentity> caller_identity(Client& client, const CallOptions& options);
Result<Credentials> assume_role(Client& client, const AssumeRole& role, const CallOptions& options);
// `unsigned_client` has no credentials: the token is the proof.
Result<Credentials> assume_role_with_web_identity(Client& unsigned_client, const std::string& role_arn,
                                                  const std::string& session_name, const Secret<std::string>& token,
                                                  const CallOptions& options);
// The reason inside an "encoded authorization failure message" of EC2, as AWS's JSON text. Needs a permission of its own.
Result<std::string> decode_authorization_message(Client& client, const std::string& encoded,
                                                 const CallOptions& options);

}  // namespace tombolo::aws
