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
    for (auto& pod : TRY(kube::pods(client, name, "", stop)))
      if (!pod.ready) out.waiting.push_back(std::move(pod));
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

}  // namespace

Result<ClustersStatus> look_at_clusters(Session& session, const std::stop_token& stop) {
  ClustersStatus out;
  auto& kubernetes = session.kubernetes();
  engine::in_parallel(
      session.clock(),
      {[&] { out.home = look_at_side(kubernetes.home(stop), {session.cluster().home.nebula_namespace}, stop); },
       [&] { out.cloud = look_at_side(kubernetes.cloud(stop), {}, stop); }});
  if (stop.stop_requested()) return fail(Code::kCancelled, "stopped while looking; nothing was changed");
  if (out.home.liqo && out.cloud.liqo) out.skew = liqo::version_skew(out.home.liqo->version, out.cloud.liqo->version);
  return out;
}

Json to_json(const ClustersStatus& status) {
  return {{"home", side_json(status.home)}, {"cloud", side_json(status.cloud)}, {"skew", status.skew}};
}

}  // namespace tombolo::cluster
