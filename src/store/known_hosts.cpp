#include "store/known_hosts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <mutex>

#include "base/files.hpp"
#include "codec/ssh_public.hpp"

namespace tombolo::store {
namespace {

constexpr std::string_view kFirstLine = "# Written by tombolo: host keys that were proven, by instance id.\n";
std::mutex file_mutex;  // reading, changing and writing the file are one act

bool is_word(std::string_view text) {
  return !text.empty() && text.front() != '-' && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

Result<> check_word(std::string_view what, std::string_view text) {
  if (is_word(text)) return {};
  return fail(Code::kBadInput, fmt::format("\"{}\" cannot be {} in SSH's files", text, what));
}

struct Line {
  std::string alias;  // the first word
  std::string rest;
};

Result<std::vector<Line>> read_lines(const std::string& path) {
  auto text = read_file(path);
  if (!text && text.error().code() == Code::kNotFound) return std::vector<Line>{};
  if (!text) return fail(std::move(text.error()));
  std::vector<Line> lines;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const auto line = rest.substr(0, end);
    rest = end == rest.npos ? std::string_view{} : rest.substr(end + 1);
    const auto space = line.find(' ');
    if (!line.empty() && line.front() != '#')
      lines.push_back(
          {std::string(line.substr(0, space)), std::string(space == line.npos ? "" : line.substr(space + 1))});
  }
  return lines;
}

Result<> write_lines(const StateFolder& folder, const std::vector<Line>& lines) {
  std::string text(kFirstLine);
  for (const auto& [alias, rest] : lines) text += alias + " " + rest + "\n";
  return folder.write("known_hosts", text);
}

// A path as ssh_config wants it: quoted, with its own signs for blanks, '%' and '"' (OpenSSH 8.7 and newer read \" and \\).
Result<std::string> quoted(const std::string& path) {
  if (path.find('\n') != path.npos || path.find("${") != path.npos)
    return fail(Code::kBadInput, fmt::format("SSH's configuration cannot hold the path {}", path),
                "Keep the cluster file in a folder without line breaks and without \"${\" in its name.");
  std::string text = "\"";
  for (const char c : path) {
    if (c == '"' || c == '\\') text += '\\';
    if (c == '%') text += '%';
    text += c;
  }
  return text + "\"";
}

}  // namespace

Result<> KnownHosts::pin(std::string_view alias, const std::vector<std::string>& keys) const {
  TRY(check_word("a machine's name", alias));
  if (keys.empty()) return fail(Code::kBadInput, fmt::format("there is no host key to pin for {}", alias));
  const std::lock_guard lock(file_mutex);
  auto lines = TRY(read_lines(folder_.known_hosts()));
  std::erase_if(lines, [&](const Line& line) { return line.alias == alias; });
  for (const auto& key : keys) lines.push_back({std::string(alias), TRY(codec::parse_ssh_public(key)).line()});
  return write_lines(folder_, lines);
}

Result<std::vector<std::string>> KnownHosts::pinned(std::string_view alias) const {
  TRY(check_word("a machine's name", alias));
  std::vector<std::string> keys;
  for (const auto& line : TRY(read_lines(folder_.known_hosts()))) {
    if (line.alias != alias) continue;
    const auto key = codec::parse_ssh_public(line.rest);
    if (!key)
      return fail(Code::kCorrupt, fmt::format("{} holds no whole key for {}", folder_.known_hosts(), alias),
                  "Remove that line; the machine proves its keys again by its console.");
    keys.push_back(key->line());
  }
  return keys;
}

Result<> KnownHosts::check(std::string_view alias, std::string_view key) const {
  const auto shown = TRY(codec::parse_ssh_public(key));
  const auto keys = TRY(pinned(alias));
  if (keys.empty()) return fail(Code::kNotFound, fmt::format("no host key of {} is pinned", alias));
  if (std::find(keys.begin(), keys.end(), shown.line()) != keys.end()) return {};
  return fail(
      Code::kUntrusted,
      fmt::format("the SSH server shows another host key ({}) than {} has proven before", shown.type, alias),
      "Another machine answers at this address, somebody stands between this computer and the machine, or its host "
      "keys were replaced. Nothing was sent to it. Look which machine has this address, and compare with its console.");
}

Result<> KnownHosts::forget_all_but(std::string_view alias) const {
  if (!alias.empty()) TRY(check_word("a machine's name", alias));
  const std::lock_guard lock(file_mutex);
  auto lines = TRY(read_lines(folder_.known_hosts()));
  if (std::erase_if(lines, [&](const Line& line) { return line.alias != alias; }) == 0) return {};
  return write_lines(folder_, lines);
}

Result<> KnownHosts::write_ssh_config(const SshEntry& entry) const {
  TRY(check_word("a host's name", entry.host));
  TRY(check_word("a user's name", entry.user));
  TRY(check_word("a machine's name", entry.alias));
  if (const bool v6 = entry.address.find(':') != entry.address.npos; !v6)
    TRY(check_word("an address", entry.address));
  else if (entry.address.find_first_not_of("0123456789abcdefABCDEF:.") != entry.address.npos)
    return fail(Code::kBadInput, fmt::format("\"{}\" cannot be an address in SSH's files", entry.address));
  const auto absolute = [](const std::string& path) {
    return std::filesystem::absolute(path).lexically_normal().string();
  };
  const auto key = TRY(quoted(absolute(folder_.ssh_key())));
  const auto known_hosts = TRY(quoted(absolute(folder_.known_hosts())));
  // LogLevel ERROR: the proof in the machine's banner is nothing for people.
  return folder_.write(
      "ssh_config",
      fmt::format(R"(# Written by tombolo: ssh -F <this file> {0}; the same for scp, and rsync -e "ssh -F <this file>".
Host {0}
  HostName {1}
  Port {2}
  User {3}
  IdentityFile {4}
  IdentitiesOnly yes
  UserKnownHostsFile {5}
  GlobalKnownHostsFile /dev/null
  HostKeyAlias {6}
  StrictHostKeyChecking yes
  UpdateHostKeys no
  CheckHostIP no
  LogLevel ERROR
)",
                  entry.host, entry.address, entry.port, entry.user, key, known_hosts, entry.alias));
}

}  // namespace tombolo::store
