#include "liqo/parties.hpp"

#include <fmt/format.h>

#include <map>

#include "codec/base64.hpp"

namespace tombolo::liqo {
namespace {

using codec::Json;

constexpr std::string_view kClusterIdSelector = "app.kubernetes.io/name=clusterid-configmap";
// Lost a race for a write, and tries again: a good peering has some of these.
constexpr std::string_view kLostRace = "the object has been modified";

// Events of events.k8s.io carry their time elsewhere than those of v1.
Time time_of(const Json& event) {
  for (const auto* field : {"lastTimestamp", "eventTime", "firstTimestamp", "metadata.creationTimestamp"}) {
    auto text = codec::text_at(event, field);
    if (const auto dot = text.find('.'); dot != std::string::npos) text = text.substr(0, dot) + "Z";  // whole seconds
    if (const auto time = parse_time(text)) return *time;
  }
  return {};
}

}  // namespace

Result<std::optional<Json>> find_cluster_id(kube::Client& client, const std::stop_token& stop) {
  auto found = TRY(kube::list(client, {{kube::kConfigMaps, "", ""}, std::string(kClusterIdSelector), "", 100}, stop));
  if (found.empty()) return std::nullopt;
  for (const auto& each : found)
    if (kube::namespace_of(each) != kube::namespace_of(found.front()))
      return fail(Code::kConflict,
                  fmt::format("Liqo is installed in several namespaces: {} and {}", kube::namespace_of(found.front()),
                              kube::namespace_of(each)),
                  "Uninstall all but one: Liqo's own tools could not tell them apart either.");
  return std::move(found.front());
}

Result<Party> find_party(kube::Client& client, std::string_view side, const std::stop_token& stop) {
  const auto found =
      TRY(context(find_cluster_id(client, stop), fmt::format("looking for Liqo in the {} cluster", side)));
  if (!found)
    return fail(Code::kNotFound, fmt::format("Liqo is not installed in the {} cluster", side),
                "Run `tombolo up --skip-peering`: it installs Liqo on both sides.");
  Party out{kube::namespace_of(*found), codec::text_at(*found, "data.CLUSTER_ID")};
  if (out.id.empty())
    return fail(Code::kBroken,
                fmt::format("Liqo in the namespace {} of the {} cluster has no cluster ID", out.name_space, side),
                "Set discovery.config.clusterID in its values.");
  return out;
}

Result<Parties> find_parties(const Sides& sides, const std::stop_token& stop) {
  Parties out{TRY(find_party(sides.home, "home", stop)), TRY(find_party(sides.cloud, "cloud", stop))};
  if (out.home.id == out.cloud.id)
    return fail(Code::kConflict, fmt::format("both clusters call themselves {}", out.home.id),
                "Give one of them another discovery.config.clusterID: Liqo tells clusters apart by it.");
  return out;
}

Result<std::vector<Json>> tenant_namespaces(kube::Client& client, const std::string& peer_id,
                                            const std::stop_token& stop) {
  return kube::list(
      client,
      {{kube::kNamespaces, "", ""}, fmt::format("{}={},{}", kRemoteClusterId, peer_id, kTenantNamespace), "", 10},
      stop);
}

Result<std::vector<Warning>> warnings_about(kube::Client& client, const std::string& name_space,
                                            const std::string& object, Time since, const std::stop_token& stop) {
  auto events = TRY(kube::list(
      client, {{kube::kEvents, name_space, ""}, "", "type=Warning,involvedObject.name=" + object, 200}, stop));
  // Whole seconds: what happened in the second of `since` counts. Of the same second the server's order stays.
  std::multimap<Time, Warning> by_time;
  for (const auto& event : events) {
    Warning warning{codec::text_at(event, "reason"), codec::text_at(event, "message")};
    const auto time = time_of(event);
    if (time + std::chrono::seconds(1) > since && warning.message.find(kLostRace) == std::string::npos)
      by_time.emplace(time, std::move(warning));
  }
  std::vector<Warning> out;
  for (auto& [unused, warning] : by_time) out.push_back(std::move(warning));
  return out;
}

Result<std::vector<Json>> list_where_served(kube::Client& client, const kube::Resource& resource,
                                            const std::string& labels, const std::stop_token& stop) {
  auto found = kube::list(client, {{resource, "", ""}, labels, "", 500}, stop);
  if (!found && found.error().code() == Code::kNotFound) return std::vector<Json>{};
  return found;
}

Result<std::optional<Json>> find_where_served(kube::Client& client, const kube::ObjectName& name,
                                              const std::stop_token& stop) {
  auto found = kube::find(client, name, stop);
  if (!found && found.error().code() == Code::kNotFound) return std::nullopt;
  return found;
}

Result<> end_pods(kube::Client& client, const std::string& name_space, std::string_view labels,
                  const std::stop_token& stop) {
  for (const auto& pod : TRY(kube::list(client, {{kube::kPods, name_space, ""}, std::string(labels), "", 50}, stop)))
    TRY(kube::remove(client, {kube::kPods, name_space, kube::name_of(pod)}, stop));
  return {};
}

std::string condition_word(const Json& object, std::string_view type) {
  const auto condition = kube::condition_of(object, type);
  return condition ? condition->status : "";
}

std::string secret_text(const Json& secret, std::string_view key) {
  const auto* value = codec::object_at(secret, "data").if_contains(key);
  if (!value || !value->is_string()) return "";
  const auto bytes = codec::decode_base64(std::string_view(value->get_string()));
  return bytes ? std::string(as_text(*bytes)) : "";
}

std::string encoded(std::string_view text) { return codec::encode_base64(as_bytes(text)); }

Json blank_object(const kube::ObjectName& name) {
  Json out{
      {"apiVersion", name.resource.api_version()}, {"kind", name.resource.kind}, {"metadata", {{"name", name.name}}}};
  if (!name.name_space.empty()) out.as_object()["metadata"].as_object()["namespace"] = name.name_space;
  return out;
}

}  // namespace tombolo::liqo
