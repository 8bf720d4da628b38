#include "liqo/state.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kube/workloads.hpp"
#include "liqo/offloading.hpp"
#include "liqo/renewal.hpp"

namespace tombolo::liqo {
namespace {

using codec::Json;

std::string of_peer(const std::string& id) { return fmt::format("{}={}", kRemoteClusterId, id); }

void read_identities(const std::vector<Json>& identities, Time now, PeeringState& out) {
  for (const auto& identity : identities) {
    const auto* params = codec::find(identity, "spec.authParams");
    if (const auto times = params ? certificate_times(*params) : std::nullopt)
      out.certificates.push_back({kube::name_of(identity), times->until, is_due(*times, now)});
    if (codec::text_at(identity, "spec.type") == "ControlPlane")
      out.api_server = codec::text_at(identity, "spec.authParams.apiServer");
  }
}

Result<> read_node(kube::Client& home, const std::string& name, PeeringState& out, const std::stop_token& stop) {
  const auto node = TRY(kube::find(home, {kube::kNodes, "", name}, stop));
  if (!node || kube::label_of(*node, kNodeType) != kVirtualNodeType) return {};
  out.has_node = true;
  out.allocatable = resources_at(*node, "status.allocatable");
  const auto ready = kube::condition_of(*node, "Ready");
  out.node_ready = ready && ready->holds();
  if (!out.node_ready) out.node_trouble = ready ? ready->reason + ": " + ready->message : "it has not reported yet";
  return {};
}

Result<> read_namespaces(kube::Client& home, PeeringState& out, const std::stop_token& stop) {
  std::vector<Json> pods;
  if (out.has_node)
    pods = TRY(kube::list(home, {{kube::kPods, "", ""}, "", "spec.nodeName=" + out.cloud_id, 500}, stop));
  for (const auto& object : TRY(list_where_served(home, kNamespaceOffloadings, "", stop))) {
    const auto state = offloading_state(object);
    OffloadedNamespace one{kube::namespace_of(object),
                           state.remote_name,
                           codec::text_at(object, "spec.podOffloadingStrategy"),
                           state.phase,
                           state.trouble,
                           {}};
    for (const auto& pod : pods)
      if (kube::namespace_of(pod) == one.name) one.pods.push_back(kube::name_of(pod));
    out.namespaces.push_back(std::move(one));
  }
  return {};
}

std::string first_trouble(const PeeringState& state, bool asked_cloud, const std::optional<Json>& slice) {
  if (asked_cloud && !state.tenant) return "the cloud does not know home as its tenant";
  if (!state.same_cloud) return "home is peered with a cloud of that name that is gone";
  if (state.api_server.empty()) return "home has no identity in the cloud";
  if (!slice) return "there is no resource slice";
  if (!state.has_node) return "there is no virtual node";
  if (!state.api_trouble.empty()) return state.api_trouble;
  if (!state.node_ready) return "the virtual node is not Ready: " + state.node_trouble;
  for (const auto& c : state.certificates)
    if (c.due) return fmt::format("the certificate of {} ends on {}", c.name, format_time(c.until));
  return "";
}

}  // namespace

std::vector<Module> modules_of(const Json& foreign_cluster) {
  std::vector<Module> out;
  for (const auto* name : {"authentication", "offloading", "networking"}) {
    const auto at = fmt::format("status.modules.{}.", name);
    Module module{name, codec::bool_at(foreign_cluster, at + "enabled"), ""};
    if (module.enabled)
      for (const auto& c : codec::array_at(foreign_cluster, at + "conditions"))
        if (const auto status = codec::text_at(c, "status"); status != "Ready" && status != "Established")
          module.trouble = codec::text_at(c, "message", status);
    out.push_back(std::move(module));
  }
  return out;
}

Result<PeeringState> look_at_peering(kube::Client& home, kube::Client* cloud, const std::string& cloud_id,
                                     const std::stop_token& stop) {
  PeeringState out;
  out.cloud_id = cloud_id;
  const auto party = find_party(home, "home", stop);
  if (!party && party.error().code() != Code::kNotFound) return fail(party.error());
  if (party) out.home_id = party->id;
  const auto identities = TRY(list_where_served(home, kIdentities, of_peer(cloud_id), stop));
  const auto slice = TRY(find_where_served(home, {kResourceSlices, tenant_namespace(cloud_id), cloud_id}, stop));
  const bool has_namespace = !TRY(tenant_namespaces(home, cloud_id, stop)).empty();
  std::optional<Json> tenant;
  if (cloud && party)
    tenant = TRY(find_where_served(*cloud, {kTenants, tenant_namespace(out.home_id), out.home_id}, stop));
  out.tenant = tenant.has_value();
  out.any = !identities.empty() || slice || has_namespace || tenant;
  read_identities(identities, home.clock().now(), out);
  if (slice) out.asked = resources_at(*slice, "spec.resources");
  if (tenant && !identities.empty())
    out.same_cloud = std::ranges::any_of(identities, [&](const auto& i) {
      return codec::text_at(i, "spec.authParams.ca") == codec::text_at(*tenant, "status.authParams.ca");
    });
  if (const auto foreign = TRY(find_where_served(home, {kForeignClusters, "", cloud_id}, stop)); foreign && out.any) {
    out.modules = modules_of(*foreign);
    const auto api = kube::condition_of(*foreign, "APIServerStatus");
    if (api && api->status != "Established") out.api_trouble = api->message;
  }
  if (out.any) {
    TRY(read_node(home, cloud_id, out, stop));
    for (const auto& pod : TRY(kube::pods(home, tenant_namespace(cloud_id), "", stop)))
      if (!pod.ready) out.waiting.push_back(fmt::format("{}: {}", pod.name, pod.why));
  }
  TRY(read_namespaces(home, out, stop));
  if (out.any) out.trouble = first_trouble(out, cloud != nullptr, slice);
  return out;
}

}  // namespace tombolo::liqo
