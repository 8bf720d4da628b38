#include "cluster/clusters_status.hpp"

#include <set>

#include "engine/observe.hpp"
#include "kube/discovery.hpp"

namespace tombolo::cluster {

namespace {

using engine::Json;

Result<> ask_side(kube::Client& client, std::set<std::string> namespaces, SideStatus& out,
                  const std::stop_token& stop) {
  out.version = TRY(kube::server_version(client, stop)).git;
  out.nodes = TRY(kube::nodes(client, stop));
  out.liqo = TRY(liqo::find_installation(client, stop));
  if (out.liqo) namespaces.insert(out.liqo->name_space);
  for (const auto& name : namespaces)
    for (auto& pod : TRY(kube::pods(client, name, "", stop))) {
      if (pod.ready) continue;
      // Whoever may not read events is told what the pod says.
      if (const auto why = kube::start_trouble(client, pod, stop); why && !why->empty()) pod.why = *why;
      out.waiting.push_back(std::move(pod));
    }
  return {};
}

SideStatus look_at_side(const Result<kube::Client*>& client, std::set<std::string> namespaces,
                        const std::stop_token& stop) {
  SideStatus out;
  const auto asked = client ? ask_side(**client, std::move(namespaces), out, stop) : fail(client.error());
  if (!asked) out.trouble = asked.error().sentence();
  return out;
}

Json side_json(const SideStatus& side) {
  codec::JsonArray nodes, waiting;
  for (const auto& n : side.nodes)
    nodes.push_back(Json{{"name", n.name},
                         {"ready", n.ready},
                         {"version", n.version},
                         {"address", n.address},
                         {"virtual", n.is_virtual},
                         {"why", n.why}});
  for (const auto& p : side.waiting)
    waiting.push_back(Json{
        {"namespace", p.name_space}, {"name", p.name}, {"node", p.node}, {"why", p.why}, {"restarts", p.restarts}});
  Json out{{"trouble", side.trouble},
           {"version", side.version},
           {"nodes", std::move(nodes)},
           {"podsNotReady", std::move(waiting)},
           {"liqo", nullptr}};
  if (const auto& l = side.liqo) {
    codec::JsonArray troubles(l->troubles.begin(), l->troubles.end());
    out.as_object()["liqo"] = {{"version", l->version},      {"clusterID", l->cluster_id},
                               {"namespace", l->name_space}, {"installer", l->installer},
                               {"ready", l->ready()},        {"troubles", std::move(troubles)}};
  }
  return out;
}

// What cannot be read of it is said as its trouble.
Result<liqo::PeeringState> look_at_peering_from(Kubernetes& kubernetes, const spec::Cluster& cluster,
                                                const std::string& cloud_trouble, const std::stop_token& stop) {
  auto* home = TRY(kubernetes.home(stop));
  const auto cloud = cloud_trouble.empty() ? kubernetes.cloud(stop) : Result<kube::Client*>(nullptr);
  const auto id = cloud_cluster_id(cluster);
  auto state = liqo::look_at_peering(*home, cloud ? *cloud : nullptr, id, stop);
  if (!state && state.error().code() == Code::kCancelled) return fail(state.error());
  if (!state) {
    liqo::PeeringState unknown;
    unknown.cloud_id = id;
    unknown.trouble = state.error().sentence();
    return unknown;
  }
  return state;
}

Json peering_json(const liqo::PeeringState& p) {
  codec::JsonArray modules, namespaces, certificates;
  for (const auto& m : p.modules)
    modules.push_back(Json{{"name", m.name}, {"enabled", m.enabled}, {"trouble", m.trouble}});
  for (const auto& n : p.namespaces) {
    codec::JsonArray pods(n.pods.begin(), n.pods.end());
    namespaces.push_back(Json{{"name", n.name},
                              {"remoteName", n.remote_name},
                              {"strategy", n.strategy},
                              {"phase", n.phase},
                              {"trouble", n.trouble},
                              {"pods", std::move(pods)}});
  }
  for (const auto& c : p.certificates)
    certificates.push_back(Json{{"name", c.name}, {"notAfter", format_time(c.until)}});
  return {{"peered", p.any},
          {"ready", p.ready()},
          {"trouble", p.trouble},
          {"home", p.home_id},
          {"cloud", p.cloud_id},
          {"apiServer", p.api_server},
          {"apiTrouble", p.api_trouble},
          {"modules", std::move(modules)},
          {"node",
           {{"name", p.has_node ? p.cloud_id : ""},
            {"ready", p.node_ready},
            {"why", p.node_trouble},
            {"allocatable", liqo::to_json(p.allocatable)}}},
          {"namespaces", std::move(namespaces)},
          {"certificates", std::move(certificates)}};
}

}  // namespace

Result<ClustersStatus> look_at_clusters(Session& session, const std::stop_token& stop) {
  ClustersStatus out;
  auto& kubernetes = session.kubernetes();
  engine::in_parallel(
      session.clock(),
      {[&] { out.home = look_at_side(kubernetes.home(stop), {session.cluster().home.nebula_namespace}, stop); },
       [&] { out.cloud = look_at_side(kubernetes.cloud(stop), {}, stop); }});
  if (stop.stop_requested()) return fail(Code::kCancelled, "stopped while looking; nothing was changed");
  if (out.home.trouble.empty())
    out.peering = TRY(look_at_peering_from(kubernetes, session.cluster(), out.cloud.trouble, stop));
  if (out.home.liqo && out.cloud.liqo) out.skew = liqo::version_skew(out.home.liqo->version, out.cloud.liqo->version);
  return out;
}

Json to_json(const ClustersStatus& status) {
  return {{"home", side_json(status.home)},
          {"cloud", side_json(status.cloud)},
          {"skew", status.skew},
          {"peering", status.peering ? peering_json(*status.peering) : Json()}};
}

}  // namespace tombolo::cluster
