#include "kube/discovery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace tombolo::kube {
namespace {

std::string path_of(const std::string& api_version) {
  return (api_version.find('/') == std::string::npos ? "/api/" : "/apis/") +
         codec::percent_encode(api_version, codec::Slash::kKeep);
}

// The checks that failed in the text that /readyz?verbose answers: lines "[-]etcd failed: reason withheld".
std::string failing_checks(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; (at = text.find("[-]", at)) != text.npos; ++at)
    out.emplace_back(text.substr(at + 3, text.find_first_of(" \n", at) - at - 3));
  return fmt::format("{}", fmt::join(out, ", "));
}

}  // namespace

Result<ServerVersion> server_version(Client& client, const std::stop_token& stop) {
  const auto answer = TRY(client.call({.doing = "asking for the server's version", .path = "/version"}, stop));
  // "1" and "35", or "35+" on servers that somebody patched.
  return ServerVersion{codec::text_at(answer, "gitVersion"), std::atoi(codec::text_at(answer, "major").c_str()),
                       std::atoi(codec::text_at(answer, "minor").c_str())};
}

Result<> server_ready(Client& client, const std::stop_token& stop, std::string_view path) {
  const auto answer = client.text(
      {.doing = "asking whether the server is ready", .path = std::string(path), .query = {{"verbose", ""}}}, stop);
  if (answer) return {};
  const Error& error = answer.error();
  if (const auto checks = failing_checks(error.sentence()); error.remote() && !checks.empty())
    return fail(Error(Code::kTransient, fmt::format("the API server is not ready: {}", checks)).from(*error.remote()));
  return fail(error);
}

Result<std::vector<Resource>> resources_of(Client& client, const std::string& api_version,
                                           const std::stop_token& stop) {
  auto answer =
      client.call({.doing = "asking what the server serves of " + api_version, .path = path_of(api_version)}, stop);
  if (!answer && answer.error().code() == Code::kNotFound)
    return fail(Error(Code::kNotFound, fmt::format("the server does not serve {}", api_version))
                    .hint("Its CustomResourceDefinitions or its API are not installed, or not in this version.")
                    .from(answer.error().remote().value_or(Remote{})));
  if (!answer) return fail(std::move(answer.error()));
  const auto slash = api_version.find('/');
  const auto group = slash == std::string::npos ? "" : api_version.substr(0, slash);
  const auto version = slash == std::string::npos ? api_version : api_version.substr(slash + 1);
  std::vector<Resource> out;
  if (const auto* list = codec::find(*answer, "resources"); list && list->is_array())
    for (const auto& item : list->get_array()) {
      const auto plural = codec::text_at(item, "name");
      if (plural.find('/') != std::string::npos) continue;
      out.push_back({group, version, plural, codec::text_at(item, "kind"), codec::bool_at(item, "namespaced")});
    }
  return out;
}

Result<std::vector<std::string>> preferred_versions(Client& client, const std::stop_token& stop) {
  const auto answer = TRY(client.call({.doing = "asking for the server's groups", .path = "/apis"}, stop));
  std::vector<std::string> out;
  if (const auto* groups = codec::find(answer, "groups"); groups && groups->is_array())
    for (const auto& group : groups->get_array()) out.push_back(codec::text_at(group, "preferredVersion.groupVersion"));
  return out;
}

Result<Resource> Catalogue::find(const std::string& api_version, std::string_view kind, const std::stop_token& stop) {
  auto& known = known_[api_version];
  if (known.empty()) known = TRY(resources_of(client_, api_version, stop));
  const auto found = std::ranges::find(known, kind, &Resource::kind);
  if (found == known.end())
    return fail(Code::kNotFound, fmt::format("the server has no kind {} in {}", kind, api_version),
                "Its CustomResourceDefinition is not installed, or not in this version.");
  return *found;
}

}  // namespace tombolo::kube
