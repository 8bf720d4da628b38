// For the tests of the simulated clusters: our own Kubernetes client in front of them, in virtual time.
#pragma once
#include <gmock/gmock.h>

#include "kube/objects.hpp"
#include "kube/watch.hpp"
#include "sim/test_support.hpp"

namespace tombolo::sim {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

inline Options quick() {
  Options options;
  options.latency = Latency::kNone;
  return options;
}

inline std::unique_ptr<kube::Client> client_of(Clock& clock, Site& site, const std::string& host = "home.simulated",
                                               const std::string& token = "") {
  kube::Access access;
  access.server = "https://" + host + ":6443";
  access.user.name = "operator";
  access.user.token = Secret<std::string>(token);
  return std::make_unique<kube::Client>(clock, access, kube::ClientOptions{}, [&site](const net::CurlOptions&) {
    return std::shared_ptr<net::Transport>(std::shared_ptr<void>(), &site);
  });
}

inline kube::ObjectName config_map(const std::string& name, const std::string& space = "default") {
  return {kube::kConfigMaps, space, name};
}
inline kube::ObjectName name_space(const std::string& name) { return {kube::kNamespaces, "", name}; }

inline Json object(const kube::ObjectName& name, JsonObject more = {}) {
  JsonObject meta{{"name", name.name}};
  if (!name.name_space.empty()) meta["namespace"] = name.name_space;
  JsonObject out{
      {"apiVersion", name.resource.api_version()}, {"kind", name.resource.kind}, {"metadata", std::move(meta)}};
  for (auto& [key, value] : more) out[key] = value;
  return out;
}

inline Json with_data(const kube::ObjectName& name, JsonObject data) {
  return object(name, {{"data", std::move(data)}});
}

inline Json pod_template(const std::string& app, const std::string& image = "a:1") {
  return {{"metadata", {{"labels", {{"app", app}}}}},
          {"spec", {{"containers", JsonArray{{{"name", "main"}, {"image", image}}}}}}};
}
inline Json workload(const kube::ObjectName& name, Json pods) {
  return object(
      name,
      {{"spec", JsonObject{{"selector", {{"matchLabels", {{"app", name.name}}}}}, {"template", std::move(pods)}}}});
}

struct KubeTest : SimTest {
  explicit KubeTest(Options options = quick()) : SimTest(std::move(options)) {}
  std::unique_ptr<kube::Client> home = client_of(clock, site);
  std::stop_token stop;

  Json get(const kube::ObjectName& name) {
    auto found = kube::find(*home, name, stop);
    EXPECT_TRUE(found) << found.error().text();
    return found && *found ? **found : Json(nullptr);
  }
  Json apply(const kube::ObjectName& name, const Json& what, kube::ApplyOptions options = {}) {
    auto done = kube::apply(*home, name, what, stop, options);
    EXPECT_TRUE(done) << done.error().text();
    return done.value_or(Json(nullptr));
  }
  // As another field manager.
  net::Response raw(const std::string& method, const std::string& path, const Json& body = nullptr,
                    const std::string& type = "application/json") {
    net::Request request{method, "https://home.simulated:6443" + path, {{"Content-Type", type}}, "", 60s};
    if (!body.is_null()) request.body = codec::to_text(body);
    return site.handle(request);
  }
  std::vector<Json> pods(const std::string& space) {
    return kube::list(*home, {{kube::kPods, space, ""}, "", "", 500}, stop).value_or(std::vector<Json>());
  }
};

}  // namespace tombolo::sim
