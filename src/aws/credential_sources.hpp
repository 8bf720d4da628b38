// Each place where credentials may lie, one function each. For credentials.cpp and its tests.
// A source that does not apply here answers nothing; one that applies and fails is an error that names it.
#pragma once
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "aws/credentials.hpp"

namespace tombolo::aws {

using Found = std::optional<Credentials>;

struct SourceContext {
  Clock& clock;
  net::Transport& transport;
  const ChainOptions& options;
  const ConfigFile& files;
  std::stop_token stop;
};

// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.
Result<Found> from_environment(const SourceContext& context);
// Everything a profile may say, in botocore's order. kCredentials for loops and half-written profiles.
Result<Found> from_profile(const SourceContext& context, const std::string& name);
// The program of credential_process, split as a shell would but run without one.
Result<Credentials> from_process(const SourceContext& context, const std::string& command, const std::string& source);
// AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN (EKS, GitHub Actions).
Result<Found> from_web_identity(const SourceContext& context, const std::string& token_file,
                                const std::string& role_arn, const std::string& session_name);
// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI (ECS, EKS pod identity).
Result<Found> from_container(const SourceContext& context);
// The instance's own role, through the metadata service, version 2. Nothing when there is no such service within a second.
Result<Found> from_instance_metadata(const SourceContext& context);

// Splits like a POSIX shell: blanks, '...', "...", and backslashes. kBadInput for an open quote.
Result<std::vector<std::string>> split_command(std::string_view command);

}  // namespace tombolo::aws
