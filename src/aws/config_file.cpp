#include "aws/config_file.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "base/files.hpp"

extern char** environ;

namespace tombolo::aws {
namespace {

constexpr std::size_t kLargest = std::size_t{1} << 20;  // bytes of one file

std::string_view trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

// "profile x" -> {"profile", "x"}; quotes around the name are allowed.
std::pair<std::string, std::string> section_words(std::string_view inside) {
  inside = trim(inside);
  const std::size_t blank = std::min(inside.find_first_of(" \t"), inside.size());
  std::string_view name = trim(inside.substr(blank));
  if (name.size() >= 2 && (name.front() == '"' || name.front() == '\'') && name.back() == name.front())
    name = name.substr(1, name.size() - 2);
  return {std::string(inside.substr(0, blank)), std::string(name)};
}

using Place = std::optional<std::reference_wrapper<Settings>>;

// Where the settings of a section of ~/.aws/config go; nothing for sections that are not ours ([plugins], [preview]).
Place config_place(ConfigFile& file, std::string_view inside) {
  const auto [word, name] = section_words(inside);
  if (name.empty()) return word == "default" ? Place(file.profiles["default"]) : std::nullopt;
  if (word == "profile") return file.profiles[name];
  if (word == "sso-session") return file.sso_sessions[name];
  if (word == "services") return file.services[name];
  return std::nullopt;
}

template <class PlaceOf>
Result<ConfigFile> parse(std::string_view text, std::string_view file_name, PlaceOf place_of) {
  ConfigFile file;
  Place place;
  bool in_section = false;
  std::string key;  // of the last setting: indented lines below belong to it
  int number = 0;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  while (!text.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view raw = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view line = trim(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    const auto wrong = [&](std::string_view what) {
      return fail(Code::kBadInput, fmt::format("{}:{}: {}", file_name, number, what),
                  "A line is [section], name = value, or a # comment.");
    };
    if (line.front() == '[') {
      const std::size_t close = line.find(']');
      if (close == std::string_view::npos) return wrong("the section's name has no closing ]");
      place = place_of(file, line.substr(1, close - 1));
      in_section = true;
      key.clear();
      continue;
    }
    if (!in_section) return wrong("a setting stands before the first [section]");
    const bool indented = raw.front() == ' ' || raw.front() == '\t';
    const std::size_t equals = line.find('=');
    if (indented && !key.empty()) {
      if (!place) continue;
      Settings& settings = place->get();
      if (settings[key].empty() && equals != std::string_view::npos)
        settings[key + "." + lower(trim(line.substr(0, equals)))] = std::string(trim(line.substr(equals + 1)));
      else
        settings[key] += (settings[key].empty() ? "" : "\n") + std::string(line);
      continue;
    }
    if (equals == std::string_view::npos) return wrong("this line is not a setting");
    key = lower(trim(line.substr(0, equals)));
    if (key.empty()) return wrong("a setting without a name");
    if (place) place->get()[key] = std::string(trim(line.substr(equals + 1)));
  }
  return file;
}

bool looks_like_region(std::string_view text) {
  // "us-west-2", "ap-southeast-1", "us-gov-east-1": words of letters, and a number at the end.
  const std::size_t dash = text.rfind('-');
  if (dash == std::string_view::npos || dash < 4 || dash + 1 >= text.size()) return false;
  const auto letter = [](unsigned char c) { return std::islower(c) || c == '-'; };
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(dash), letter) &&
         std::all_of(text.begin() + static_cast<std::ptrdiff_t>(dash) + 1, text.end(),
                     [](unsigned char c) { return std::isdigit(c); });
}

Result<std::string> read_or_nothing(const std::string& path) {
  auto text = read_file(path, kLargest);
  if (!text && text.error().code() == Code::kNotFound) return std::string();
  return text;
}

std::string at_home(const Environment& environment, std::string path) {
  return path.starts_with("~/") ? environment.home() + path.substr(1) : path;
}

std::string path_of(const Environment& environment, const char* variable, const char* fallback) {
  const std::string written = environment.get(variable);
  return at_home(environment, written.empty() ? fallback : written);
}

}  // namespace

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

Environment Environment::of_process() {
  Environment out;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string_view text(*entry);
    if (const std::size_t equals = text.find('='); equals != std::string_view::npos)
      out.variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

std::string Environment::get(const std::string& name) const {
  const auto found = variables.find(name);
  return found == variables.end() ? "" : found->second;
}

std::string Environment::home() const {
  if (std::string home = get("HOME"); !home.empty()) return home;
  passwd entry{};
  passwd* found = nullptr;
  char buffer[4096];
  if (getpwuid_r(getuid(), &entry, buffer, sizeof buffer, &found) == 0 && found) return found->pw_dir;
  return "/";
}

const Settings* ConfigFile::profile(const std::string& name) const {
  const auto found = profiles.find(name);
  return found == profiles.end() ? nullptr : &found->second;
}

Result<ConfigFile> parse_config_file(std::string_view text, std::string_view file_name) {
  return parse(text, file_name, config_place);
}

Result<ConfigFile> parse_credentials_file(std::string_view text, std::string_view file_name) {
  return parse(text, file_name, [](ConfigFile& file, std::string_view inside) -> Place {
    return file.profiles[std::string(trim(inside))];
  });
}

ConfigFile merge(ConfigFile config, const ConfigFile& credentials) {
  for (const auto& [name, settings] : credentials.profiles)
    for (const auto& [key, value] : settings) config.profiles[name][key] = value;
  return config;
}

Result<ConfigFile> load_config(const Environment& environment) {
  const std::string config_path = path_of(environment, "AWS_CONFIG_FILE", "~/.aws/config");
  const std::string credentials_path = path_of(environment, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
  ConfigFile config = TRY(parse_config_file(TRY(read_or_nothing(config_path)), config_path));
  const ConfigFile credentials = TRY(parse_credentials_file(TRY(read_or_nothing(credentials_path)), credentials_path));
  return merge(std::move(config), credentials);
}

std::string profile_name(const Environment& environment, const std::string& written) {
  if (!written.empty()) return written;
  for (const char* variable : {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"})
    if (std::string name = environment.get(variable); !name.empty()) return name;
  return "default";
}

Result<std::string> resolve_region(const Environment& environment, const ConfigFile& files, const std::string& profile,
                                   const std::string& written) {
  std::string region = written;
  for (const char* variable : {"AWS_REGION", "AWS_DEFAULT_REGION"})
    if (region.empty()) region = environment.get(variable);
  if (const Settings* settings = files.profile(profile); settings && region.empty())
    if (const auto found = settings->find("region"); found != settings->end()) region = found->second;
  if (region.empty())
    return fail(Code::kBadInput, "no AWS region is given", "Write region: in the cluster file, or set AWS_REGION.");
  if (!looks_like_region(region))
    return fail(Code::kBadInput, fmt::format("\"{}\" is not an AWS region", region),
                "A region looks like us-west-2; a zone (us-west-2a) is not one.");
  return region;
}

}  // namespace tombolo::aws
