// Who we are to AWS: the chain of places where keys may lie, in the order in which the AWS tools look.
// Sources: botocore's order of providers; "SDKs and Tools Reference Guide". Nothing found here is ever written to disk.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "aws/config_file.hpp"
#include "base/clock.hpp"
#include "base/secret.hpp"
#include "net/transport.hpp"

namespace tombolo::aws {

struct Credentials {
  std::string access_key;
  Secret<std::string> secret_key;
  Secret<std::string> session_token;  // empty: long-lived keys
  std::optional<Time> expires;  // none: they do not
  std::string source;  // where they were found, for people
};

struct ChainOptions {
  Environment environment;
  std::string profile;  // as --profile: skips the environment's keys; "": AWS_PROFILE or "default"
  std::string region;  // of the STS endpoint that assumes roles
  std::string external_program = "aws";  // the bridge to sso and login profiles: AWS CLI version 2
};

// Finds credentials when first asked, keeps them in memory until five minutes before they expire.
class CredentialStore {
 public:
  static std::shared_ptr<CredentialStore> fixed(Clock& clock, Credentials credentials);
  // The chain: environment, the profile's own keys, assumed role, web identity, credential_process, sso and login through the
  // AWS CLI v2, container endpoint, instance metadata (IMDSv2).
  static std::shared_ptr<CredentialStore> chain(Clock& clock, net::Transport& transport, ChainOptions options);

  // Errors: kCredentials with a list of what was tried and what to do next; kCancelled; kAccount, kPermission and network
  // errors of the service that was asked. Several threads may ask: one fetches, the others wait.
  Result<Credentials> current(const std::stop_token& stop);
  // For an answer that says they have expired: fetches again, unless somebody already replaced `refused`.
  Result<Credentials> renew(const Credentials& refused, const std::stop_token& stop);

 private:
  using Fetch = std::function<Result<Credentials>(const std::stop_token&)>;
  CredentialStore(Clock& clock, Fetch fetch) : clock_(clock), fetch_(std::move(fetch)) {}
  bool usable(const Credentials& credentials) const;
  Result<Credentials> get(const std::stop_token& stop, const Credentials* refused);

  Clock& clock_;
  Fetch fetch_;
  std::mutex mutex_;
  bool fetching_ = false;  // waited for on the clock, never on the mutex: virtual time must be able to pass
  std::optional<Credentials> kept_;
};

}  // namespace tombolo::aws
