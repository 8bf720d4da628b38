#include "aws/credentials.hpp"

#include <fmt/format.h>

#include "aws/credential_sources.hpp"

namespace tombolo::aws {
namespace {

constexpr Duration kEarly = std::chrono::minutes(5);  // before they expire, so that no call begins with dying keys

std::string known_profiles(const ConfigFile& files) {
  std::string names;
  for (const auto& [name, settings] : files.profiles) names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? "there are no profiles" : "there are: " + names;
}

Result<Credentials> search(Clock& clock, net::Transport& transport, const ChainOptions& options,
                           const std::stop_token& stop) {
  const ConfigFile files = TRY(load_config(options.environment));
  const SourceContext context{clock, transport, options, files, stop};
  const Environment& environment = options.environment;
  // A profile asked for by name comes before the environment's keys; AWS_PROFILE does not (botocore's rule).
  if (options.profile.empty()) {
    if (auto found = TRY(from_environment(context))) return std::move(*found);
    auto found = TRY(from_web_identity(context, environment.get("AWS_WEB_IDENTITY_TOKEN_FILE"),
                                       environment.get("AWS_ROLE_ARN"), environment.get("AWS_ROLE_SESSION_NAME")));
    if (found) return std::move(*found);
  }
  const std::string profile = profile_name(environment, options.profile);
  const bool chosen = !options.profile.empty() || profile != "default";
  if (chosen && !files.profile(profile))
    return fail(
        Code::kCredentials, fmt::format("there is no AWS profile \"{}\"; {}", profile, known_profiles(files)),
        "Choose another with --profile or AWS_PROFILE, or make it with `aws configure --profile " + profile + "`.");
  if (auto found = TRY(from_profile(context, profile))) return std::move(*found);
  if (auto found = TRY(from_container(context))) return std::move(*found);
  if (auto found = TRY(from_instance_metadata(context))) return std::move(*found);
  return fail(
      Code::kCredentials,
      fmt::format("no AWS credentials were found in: the environment (AWS_ACCESS_KEY_ID), the profile \"{}\" of "
                  "~/.aws/config and "
                  "~/.aws/credentials, a web identity, a container's endpoint, this machine's instance role",
                  profile),
      "Run `aws configure` (access keys) or `aws configure sso`, or set AWS_PROFILE to a profile that has them.");
}

}  // namespace

std::shared_ptr<CredentialStore> CredentialStore::fixed(Clock& clock, Credentials credentials) {
  return std::shared_ptr<CredentialStore>(new CredentialStore(
      clock,
      [credentials = std::move(credentials)](const std::stop_token&) -> Result<Credentials> { return credentials; }));
}

std::shared_ptr<CredentialStore> CredentialStore::chain(Clock& clock, net::Transport& transport, ChainOptions options) {
  return std::shared_ptr<CredentialStore>(
      new CredentialStore(clock, [&clock, &transport, options = std::move(options)](const std::stop_token& stop) {
        return search(clock, transport, options, stop);
      }));
}

bool CredentialStore::usable(const Credentials& credentials) const {
  return !credentials.expires || *credentials.expires - kEarly > clock_.now();
}

Result<Credentials> CredentialStore::current(const std::stop_token& stop) { return get(stop, nullptr); }
Result<Credentials> CredentialStore::renew(const Credentials& refused, const std::stop_token& stop) {
  return get(stop, &refused);
}

Result<Credentials> CredentialStore::get(const std::stop_token& stop, const Credentials* refused) {
  std::unique_lock lock(mutex_);
  const auto kept_is_good = [&] {
    return kept_ && (refused ? kept_->access_key != refused->access_key ||
                                   kept_->session_token.expose() != refused->session_token.expose()
                             : usable(*kept_));
  };
  const auto may_go_on = [&] { return !fetching_; };
  if (!clock_.wait(lock, Time::max(), stop, may_go_on))
    return fail(Code::kCancelled, "stopped while waiting for AWS credentials");
  if (kept_is_good()) return *kept_;
  fetching_ = true;
  lock.unlock();
  auto fetched = fetch_(stop);
  lock.lock();
  fetching_ = false;
  if (fetched) kept_ = *fetched;
  lock.unlock();
  clock_.notify();
  return fetched;
}

}  // namespace tombolo::aws
