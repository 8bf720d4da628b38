// ~/.aws/config and ~/.aws/credentials, and what the environment says about AWS. Pure but for load_config().
// Format: "SDKs and Tools Reference Guide", Shared config and credentials files; botocore's reading of it where that is vague.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tombolo::aws {

// The process environment as a value, so that a test is not at the mercy of its own.
struct Environment {
  std::map<std::string, std::string> variables;
  static Environment of_process();
  std::string get(const std::string& name) const;  // "" when absent
  std::string home() const;  // HOME, or what the password file says for us
};

// ASCII letters in lower case, as the names of settings and of signed headers are compared.
std::string lower(std::string_view text);

// Names are in lower case. A value of nested settings ("s3 =" and indented lines) has names like "s3.addressing_style".
using Settings = std::map<std::string, std::string>;

struct ConfigFile {
  std::map<std::string, Settings> profiles;
  std::map<std::string, Settings> sso_sessions;
  std::map<std::string, Settings> services;
  const Settings* profile(const std::string& name) const;  // nullptr when there is none
};

// `config` has sections [default], [profile x], [sso-session x], [services x]; `credentials` has [x].
// kBadInput names the file and line of what is neither a section, nor a setting, nor a comment.
Result<ConfigFile> parse_config_file(std::string_view text, std::string_view file_name);
Result<ConfigFile> parse_credentials_file(std::string_view text, std::string_view file_name);
// The keys of `credentials` win over those of `config`.
ConfigFile merge(ConfigFile config, const ConfigFile& credentials);

// Both files from where the environment says; absent files are empty ones.
Result<ConfigFile> load_config(const Environment& environment);

// `written` (--profile), AWS_PROFILE, AWS_DEFAULT_PROFILE, "default".
std::string profile_name(const Environment& environment, const std::string& written);

// `written` (cluster file or --region), AWS_REGION, AWS_DEFAULT_REGION, the profile. kBadInput when none says anything, or
// when it does not look like a region.
Result<std::string> resolve_region(const Environment& environment, const ConfigFile& files, const std::string& profile,
                                   const std::string& written);

}  // namespace tombolo::aws
