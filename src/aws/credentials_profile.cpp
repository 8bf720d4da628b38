#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "aws/credential_sources.hpp"
#include "aws/sts.hpp"
#include "base/files.hpp"
#include "base/subprocess.hpp"

namespace tombolo::aws {
namespace {

constexpr Duration kProgramTime = std::chrono::minutes(2);  // a credential_process may ask a human for a touch of a key
constexpr int kWrongUsage = 2;  // exit status of AWS CLI v1, which lacks export-credentials

std::string at(const Settings& settings, const std::string& key) {
  const auto found = settings.find(key);
  return found == settings.end() ? "" : found->second;
}

Found static_keys(const Settings& settings, const std::string& profile) {
  if (at(settings, "aws_access_key_id").empty() || at(settings, "aws_secret_access_key").empty()) return std::nullopt;
  Credentials out;
  out.access_key = at(settings, "aws_access_key_id");
  out.secret_key = Secret<std::string>(at(settings, "aws_secret_access_key"));
  out.session_token = Secret<std::string>(at(settings, "aws_session_token"));
  out.source = "profile " + profile;
  return out;
}

std::string first_line(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  return std::string(text.substr(0, text.find('\n')));
}

// What credential_process and `aws configure export-credentials --format process` print.
Result<Credentials> read_process_output(std::string_view text, const std::string& source) {
  const auto json = codec::parse_json(text);
  const auto wrong = [&](std::string_view what) {
    return fail(Code::kCredentials, fmt::format("{} printed {}", source, what));
  };
  if (!json) return wrong("something that is not JSON");
  if (codec::number_at(*json, "Version") != 1) return wrong("credentials of another version than 1");
  Credentials out;
  out.access_key = codec::text_at(*json, "AccessKeyId");
  out.secret_key = Secret<std::string>(codec::text_at(*json, "SecretAccessKey"));
  out.session_token = Secret<std::string>(codec::text_at(*json, "SessionToken"));
  out.source = source;
  if (out.access_key.empty() || out.secret_key.empty()) return wrong("no access key");
  if (const std::string expires = codec::text_at(*json, "Expiration"); !expires.empty()) {
    const auto time = parse_time(expires);
    if (!time) return wrong("an expiry that is not a time");
    out.expires = *time;
  }
  return out;
}

// SSO and `aws login` sessions are renewed with keys and protocols that only AWS's own tool knows.
Result<Credentials> through_aws_cli(const SourceContext& context, const std::string& profile) {
  Subprocess command;
  command.argv = {
      context.options.external_program, "configure", "export-credentials", "--profile", profile, "--format", "process"};
  command.environment = context.options.environment.variables;
  command.timeout = kProgramTime;
  const std::string what = fmt::format("the profile \"{}\" signs in through the AWS CLI version 2", profile);
  auto ran = run(command, context.stop);
  if (!ran && ran.error().code() == Code::kNotFound)
    return fail(Code::kCredentials, what + ", which is not installed",
                "Install it, then run `aws sso login --profile " + profile + "`.");
  if (!ran) return fail(std::move(ran.error()).context("asking the AWS CLI for credentials"));
  if (ran->status == kWrongUsage)
    return fail(Code::kCredentials, what + ", and the one installed is version 1", "Install version 2 of the AWS CLI.");
  if (ran->status != 0)
    return fail(Code::kCredentials, fmt::format("{}, which says: {}", what, first_line(ran->err)),
                "Run `aws sso login --profile " + profile + "`, then the same command again.");
  return read_process_output(ran->out, fmt::format("the AWS CLI for profile {}", profile));
}

Result<Credentials> assume(const SourceContext& context, const Settings& settings, const std::string& profile,
                           Credentials base) {
  if (!at(settings, "mfa_serial").empty())
    return fail(Code::kCredentials,
                fmt::format("the profile \"{}\" wants a code of an MFA device for its role", profile),
                "Let the AWS CLI ask for it: `eval \"$(aws configure export-credentials --format env --profile " +
                    profile + ")\"`.");
  AssumeRole role;
  role.role_arn = at(settings, "role_arn");
  role.session_name = at(settings, "role_session_name");
  if (role.session_name.empty()) role.session_name = "tombolo";
  role.external_id = at(settings, "external_id");
  int seconds = 0;
  const std::string written = at(settings, "duration_seconds");
  std::from_chars(written.data(), written.data() + written.size(), seconds);
  if (seconds > 0) role.duration = std::chrono::seconds(seconds);

  ClientConfig config;
  config.environment = context.options.environment;
  config.profile = profile;
  config.region = context.options.region.empty() ? "us-east-1" : context.options.region;
  Client client(context.clock, context.transport, CredentialStore::fixed(context.clock, std::move(base)), config,
                context.files);
  Credentials out = TRY(tombolo::context(assume_role(client, role, {context.stop, {}}),
                                         fmt::format("assuming the role of profile {}", profile)));
  out.source = fmt::format("profile {} (role {})", profile, role.role_arn);
  return out;
}

Result<Found> resolve(const SourceContext& context, const std::string& name, std::set<std::string>& visited);

Result<Credentials> base_of_role(const SourceContext& context, const Settings& settings, const std::string& name,
                                 std::set<std::string>& visited) {
  const std::string source = at(settings, "source_profile");
  const std::string place = at(settings, "credential_source");
  Found base;
  if (!source.empty() && source == name)
    base = static_keys(settings, name);  // a profile may assume a role with its own keys
  else if (!source.empty())
    base = TRY(tombolo::context(resolve(context, source, visited), fmt::format("source_profile of {}", name)));
  else if (place == "Environment")
    base = TRY(from_environment(context));
  else if (place == "Ec2InstanceMetadata")
    base = TRY(from_instance_metadata(context));
  else if (place == "EcsContainer")
    base = TRY(from_container(context));
  if (!base)
    return fail(Code::kCredentials,
                fmt::format("the profile \"{}\" has a role_arn, but no credentials to assume it with", name),
                "Give it source_profile = <a profile with keys>, or credential_source = Environment, "
                "Ec2InstanceMetadata or EcsContainer.");
  return std::move(*base);
}

Result<Found> resolve(const SourceContext& context, const std::string& name, std::set<std::string>& visited) {
  const Settings* settings = context.files.profile(name);
  if (!settings)
    return visited.empty() ? Result<Found>(Found())
                           : fail(Code::kCredentials, fmt::format("there is no AWS profile \"{}\"", name));
  if (!visited.insert(name).second)
    return fail(Code::kCredentials, fmt::format("the profile \"{}\" is its own source_profile by a detour", name),
                "Break the circle in ~/.aws/config.");

  const std::string role = at(*settings, "role_arn");
  const std::string token_file = at(*settings, "web_identity_token_file");
  if (!role.empty() && !token_file.empty())
    return from_web_identity(context, token_file, role, at(*settings, "role_session_name"));
  if (!role.empty()) return TRY(assume(context, *settings, name, TRY(base_of_role(context, *settings, name, visited))));
  if (!at(*settings, "sso_session").empty() || !at(*settings, "sso_start_url").empty() ||
      !at(*settings, "login_session").empty())
    return TRY(through_aws_cli(context, name));
  if (auto keys = static_keys(*settings, name)) return keys;
  if (const std::string command = at(*settings, "credential_process"); !command.empty())
    return TRY(from_process(context, command, fmt::format("the credential_process of profile {}", name)));
  if (!at(*settings, "aws_access_key_id").empty())
    return fail(Code::kCredentials,
                fmt::format("the profile \"{}\" has an access key, but no aws_secret_access_key", name));
  return Found();
}

}  // namespace

Result<Found> from_environment(const SourceContext& context) {
  const Environment& environment = context.options.environment;
  Credentials out;
  out.access_key = environment.get("AWS_ACCESS_KEY_ID");
  out.secret_key = Secret<std::string>(environment.get("AWS_SECRET_ACCESS_KEY"));
  out.session_token = Secret<std::string>(environment.get("AWS_SESSION_TOKEN"));
  out.source = "the environment";
  if (out.access_key.empty() && out.secret_key.empty()) return Found();
  if (out.access_key.empty() || out.secret_key.empty())
    return fail(
        Code::kCredentials,
        fmt::format("{} is set, but {} is not", out.access_key.empty() ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID",
                    out.access_key.empty() ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY"),
        "Set both, or neither.");
  return Found(std::move(out));
}

Result<Found> from_profile(const SourceContext& context, const std::string& name) {
  std::set<std::string> visited;
  return resolve(context, name, visited);
}

Result<std::vector<std::string>> split_command(std::string_view command) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    const bool begins = !in_word && (quote || !std::isspace(static_cast<unsigned char>(c)));
    if (begins) {
      words.emplace_back();
      in_word = true;
    }
    if (quote == '\'') {
      if (c == quote)
        quote = 0;
      else
        words.back() += c;
    } else if (c == '\\' && i + 1 < command.size() && (!quote || command[i + 1] == '"' || command[i + 1] == '\\')) {
      words.back() += command[++i];
    } else if (quote) {
      if (c == quote)
        quote = 0;
      else
        words.back() += c;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (std::isspace(static_cast<unsigned char>(c))) {
      in_word = false;
    } else {
      words.back() += c;
    }
  }
  if (quote) return fail(Code::kBadInput, fmt::format("the command \"{}\" has an open quote", command));
  return words;
}

Result<Credentials> from_process(const SourceContext& context, const std::string& command, const std::string& source) {
  Subprocess program;
  program.argv = TRY(split_command(command));
  if (program.argv.empty()) return fail(Code::kCredentials, source + " is empty");
  program.environment = context.options.environment.variables;
  program.timeout = kProgramTime;
  auto ran = run(program, context.stop);
  if (!ran && ran.error().code() == Code::kNotFound)
    return fail(Code::kCredentials, fmt::format("{} names a program that is not there: {}", source, program.argv[0]));
  if (!ran) return fail(std::move(ran.error()).context("running " + source));
  if (ran->status != 0)
    return fail(Code::kCredentials,
                fmt::format("{} failed with status {}: {}", source, ran->status, first_line(ran->err)));
  return read_process_output(ran->out, source);
}

Result<Found> from_web_identity(const SourceContext& context, const std::string& token_file,
                                const std::string& role_arn, const std::string& session_name) {
  if (token_file.empty() || role_arn.empty()) return Found();
  auto token = read_file(token_file, std::size_t{64} << 10);
  if (!token)
    return fail(Error(Code::kCredentials, "the web identity token cannot be read: " + token.error().sentence()));
  ClientConfig config;
  config.environment = context.options.environment;
  config.region = context.options.region.empty() ? "us-east-1" : context.options.region;
  Client client(context.clock, context.transport, nullptr, config, context.files);
  return Found(TRY(
      tombolo::context(assume_role_with_web_identity(client, role_arn, session_name.empty() ? "tombolo" : session_name,
                                                     Secret<std::string>(first_line(*token)), {context.stop, {}}),
                       "assuming a role by web identity")));
}

}  // namespace tombolo::aws
