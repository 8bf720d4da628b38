#include "aws/endpoints.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace tombolo::aws {
namespace {

std::string setting(const Settings* settings, const std::string& name) {
  if (!settings) return "";
  const auto found = settings->find(name);
  return found == settings->end() ? "" : found->second;
}

}  // namespace

std::string regional_endpoint(const Service& service, std::string_view region) {
  const std::string_view suffix = region.starts_with("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return fmt::format("https://{}.{}.{}/", service.name, region, suffix);
}

std::string endpoint_url(const Environment& environment, const ConfigFile& files, const std::string& profile,
                         const Service& service, std::string_view region) {
  const Settings* settings = files.profile(profile);
  const bool ignored = lower(environment.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) == "true" ||
                       lower(setting(settings, "ignore_configured_endpoint_urls")) == "true";
  if (ignored) return regional_endpoint(service, region);
  std::string url = environment.get("AWS_ENDPOINT_URL_" + std::string(service.override_key));
  if (url.empty()) url = environment.get("AWS_ENDPOINT_URL");
  if (url.empty()) {
    const auto section = files.services.find(setting(settings, "services"));
    if (section != files.services.end()) url = setting(&section->second, lower(service.override_key) + ".endpoint_url");
  }
  if (url.empty()) url = setting(settings, "endpoint_url");
  if (url.empty()) return regional_endpoint(service, region);
  return url.ends_with('/') ? url : url + "/";
}

}  // namespace tombolo::aws
