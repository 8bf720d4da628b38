#include "cli/picture.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/table.hpp"

namespace tombolo::cli {
namespace {

using cluster::ClustersStatus;
using cluster::MeshStatus;
using cluster::StatusReport;

const engine::Observed* observed(const StatusReport& status, std::string_view kind, std::string_view name) {
  const auto found = std::ranges::find_if(
      status.world, [&](const auto& o) { return o.address.kind == kind && o.address.name == name; });
  return found == status.world.end() ? nullptr : &*found;
}

std::string output(const StatusReport& status, std::string_view kind, std::string_view field) {
  const auto* o = observed(status, kind, "lighthouse");
  return o ? codec::text_at(o->outputs, field) : "";
}

std::string round_trip_text(Duration d) {
  return fmt::format("{:.1f} ms", std::chrono::duration<double, std::milli>(d).count());
}

// The first member at home that is seen, or the first one.
const cluster::MemberStatus* home_member(const MeshStatus& mesh) {
  const cluster::MemberStatus* first = nullptr;
  for (const auto& m : mesh.members)
    if (m.role == spec::Role::kHome && (!first || (m.round_trip && !first->round_trip))) first = &m;
  return first;
}

Component resource(const StatusReport& status, std::string name, std::string_view kind, std::string_view which,
                   std::string good, std::string notes) {
  const auto* o = observed(status, kind, which);
  if (!o) return {std::move(name), Health::kAbsent, "Missing", ""};
  if (o->status == engine::Status::kReady) return {std::move(name), Health::kGood, std::move(good), std::move(notes)};
  return {std::move(name), o->status == engine::Status::kBroken ? Health::kBad : Health::kWaiting, "Not ready",
          o->status_detail};
}

Component connectivity(const MeshStatus& mesh) {
  const auto* home = home_member(mesh);
  if (!home) return {"Mesh Connectivity", Health::kAbsent, "No member at home", ""};
  if (!home->round_trip) return {"Mesh Connectivity", Health::kBad, "Broken", home->trouble};
  return {"Mesh Connectivity", Health::kGood, "Working", round_trip_text(*home->round_trip) + " between home and AWS"};
}

Component liqo_on(std::string name, const cluster::SideStatus& side) {
  if (!side.trouble.empty()) return {std::move(name), Health::kBad, "Not seen", side.trouble};
  if (!side.liqo) return {std::move(name), Health::kAbsent, "Missing", ""};
  const auto& l = *side.liqo;
  const auto by = l.installer.empty() ? "" : ", by " + l.installer;
  if (!l.ready()) return {std::move(name), Health::kWaiting, "Not ready", l.troubles.front()};
  return {std::move(name), Health::kGood, "Installed", fmt::format("{}, namespace {}{}", l.version, l.name_space, by)};
}

Component api_over_mesh(const ClustersStatus& clusters) {
  const auto& p = clusters.peering;
  if (!p || p->api_server.empty()) return {"API over Mesh", Health::kAbsent, "Not used", ""};
  if (!p->api_trouble.empty()) return {"API over Mesh", Health::kBad, "Broken", p->api_trouble};
  return {"API over Mesh", Health::kGood, "Working", "home calls " + p->api_server};
}

Component peering(const ClustersStatus& clusters) {
  const auto& p = clusters.peering;
  if (!p || !p->any) return {"Liqo Peering", Health::kAbsent, "Not peered", ""};
  if (!p->ready()) return {"Liqo Peering", Health::kBad, "Broken", p->trouble};
  std::vector<std::string> modules;
  for (const auto& m : p->modules)
    modules.push_back(fmt::format("{} {}", m.name, !m.enabled ? "off" : m.trouble.empty() ? "healthy" : m.trouble));
  return {"Liqo Peering", Health::kGood, "Working", fmt::format("{}", fmt::join(modules, ", "))};
}

std::string amounts(const liqo::Resources& resources) {
  std::vector<std::string> out;
  for (const auto* name : {"cpu", "memory", "nvidia.com/gpu", "pods"})
    if (const auto it = resources.find(name); it != resources.end())
      out.push_back(fmt::format("{} {}", name, it->second));
  return fmt::format("{}", fmt::join(out, ", "));
}

Component virtual_node(const ClustersStatus& clusters) {
  const auto& p = clusters.peering;
  if (!p || !p->has_node) return {"Virtual Node", Health::kAbsent, "Missing", ""};
  if (!p->node_ready) return {"Virtual Node", Health::kBad, "Not Ready", p->node_trouble};
  return {"Virtual Node", Health::kGood, "Ready", fmt::format("{}: {}", p->cloud_id, amounts(p->allocatable))};
}

Component offloading(const ClustersStatus& clusters) {
  const auto& p = clusters.peering;
  if (!p || p->namespaces.empty()) return {"Pod Offloading", Health::kAbsent, "No namespace", ""};
  std::vector<std::string> notes;
  bool good = p->ready();
  for (const auto& n : p->namespaces) {
    good = good && n.phase == "Ready";
    notes.push_back(n.phase == "Ready"
                        ? fmt::format("{}: {} pod{}", n.name, n.pods.size(), n.pods.size() == 1 ? "" : "s")
                        : fmt::format("{}: {}", n.name, n.trouble.empty() ? n.phase : n.trouble));
  }
  return {"Pod Offloading", good ? Health::kGood : Health::kBad, good ? "Working" : "Not ready",
          fmt::format("{}", fmt::join(notes, "; "))};
}

Component gpu_workers(const spec::Cluster& file) {
  int most = 0;
  for (const auto& pool : file.workers) most += pool.max;
  if (most == 0) return {"GPU Workers", Health::kAbsent, "No pool", ""};
  return {"GPU Workers", Health::kAbsent, "At zero",
          fmt::format("up to {} in {} pool{}", most, file.workers.size(), file.workers.size() == 1 ? "" : "s")};
}

// A box of the picture: rows of at most kInner columns between vertical lines.
constexpr int kInner = 24;
constexpr int kMiddle = 20;
using Rows = std::vector<std::string>;

std::string dashes(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += "─";
  return out;
}

std::string cell(const Rows& rows, std::size_t i) {
  if (i == 0) return "┌" + dashes(kInner) + "┐";
  if (i == rows.size() + 1) return "└" + dashes(kInner) + "┘";
  if (i > rows.size()) return std::string(kInner + 2, ' ');
  if (rows[i - 1] == "-") return "├" + dashes(kInner) + "┤";
  return "│" + pad_right(" " + cut(rows[i - 1], kInner - 2), kInner) + "│";
}

// Two boxes with what connects them, row by row.
std::string side_by_side(const Rows& left, const Rows& right, const Rows& between) {
  std::string out;
  for (std::size_t i = 0; i < std::max(left.size(), right.size()) + 2; ++i)
    out += "  " + cell(left, i) + pad_right(i < between.size() ? between[i] : "", kMiddle) + cell(right, i) + "\n";
  return out;
}

std::string centred(const std::string& text) {
  const int left = std::max(0, (kMiddle - display_width(text)) / 2);
  return pad_right(std::string(static_cast<std::size_t>(left), ' ') + text, kMiddle);
}

// "◄──── 0.5 ms ────►", broken when it is.
std::string arrow(bool works, std::string_view stroke, bool both_ways) {
  std::string line = "◄";
  for (int i = 0; i < kMiddle - 2; ++i) line += works || i % 3 != 2 ? std::string(stroke) : " ";
  line += both_ways ? "►" : std::string(stroke);
  return works ? line : "✗" + line.substr(std::string("◄").size());
}

std::string kubernetes_line(const cluster::SideStatus& side, std::string_view name) {
  if (!side.trouble.empty()) return fmt::format("{} not seen", name);
  return side.version.empty() ? "no Kubernetes" : fmt::format("{} {}", name, side.version);
}

std::string liqo_line(const cluster::SideStatus& side, std::string_view role) {
  if (!side.trouble.empty()) return "Liqo not seen";
  if (!side.liqo) return fmt::format("no Liqo, {}", role);
  return fmt::format("Liqo {}{}, {}", side.liqo->version, side.liqo->ready() ? "" : " not ready", role);
}

}  // namespace

std::vector<Component> components(const spec::Cluster& file, const StatusReport& status, const MeshStatus& mesh,
                                  const ClustersStatus& clusters) {
  const auto machine =
      fmt::format("{} {}, elastic address {}", file.lighthouse.instance_type,
                  output(status, cluster::kInstanceKind, "id"), output(status, cluster::kAddressKind, "ip"));
  return {resource(status, "Nebula CA", cluster::kAuthorityKind, "home", "Complete", file.mesh.ca_name),
          resource(status, "AWS Lighthouse", cluster::kInstanceKind, "lighthouse", "Running", machine),
          resource(status, "Home Nebula", cluster::kHomeNebulaKind, "home", "Connected",
                   "DaemonSet in " + file.home.nebula_namespace),
          connectivity(mesh),
          liqo_on("Liqo (home)", clusters.home),
          liqo_on("Liqo (AWS)", clusters.cloud),
          api_over_mesh(clusters),
          peering(clusters),
          virtual_node(clusters),
          offloading(clusters),
          gpu_workers(file)};
}

std::string topology(const spec::Cluster& file, const StatusReport& status, const MeshStatus& mesh,
                     const ClustersStatus& clusters) {
  const auto* home = home_member(mesh);
  const auto& p = clusters.peering;
  const bool connected = home && home->round_trip;
  const bool peered = p && p->ready();
  const auto nodes =
      std::ranges::count_if(clusters.home.nodes, [&](const auto& n) { return !p || n.name != p->cloud_id; });
  const Rows lighthouse{"AWS EC2, lighthouse",
                        output(status, cluster::kInstanceKind, "id"),
                        file.mesh.lighthouse()->address.text(),
                        output(status, cluster::kAddressKind, "ip"),
                        "-",
                        kubernetes_line(clusters.cloud, "k3s"),
                        "API :6443",
                        liqo_line(clusters.cloud, "provider"),
                        clusters.cloud.liqo ? "(" + clusters.cloud.liqo->name_space + ")" : ""};
  const Rows homelab{
      home ? "home, " + home->name : "home",
      clusters.home.version.empty() ? "" : fmt::format("{} node{}", nodes, nodes == 1 ? "" : "s"),
      home ? home->address.text() : "",
      "",
      "-",
      kubernetes_line(clusters.home, "Kubernetes"),
      p && p->has_node ? fmt::format("virtual node{}", p->node_ready ? " Ready" : " not Ready") : "no virtual node",
      liqo_line(clusters.home, "consumer"),
      clusters.home.liqo ? "(" + clusters.home.liqo->name_space + ")" : ""};
  const Rows between{"",
                     "",
                     centred("Nebula"),
                     arrow(connected, "─", true),
                     centred(connected ? round_trip_text(*home->round_trip) : "no answer"),
                     "",
                     centred("Liqo peering"),
                     arrow(peered, "═", false),
                     centred(peered        ? "healthy"
                             : p && p->any ? "broken"
                                           : "none")};
  Rows pools{"GPU workers"}, pods{"Offloaded pods"};
  for (const auto& pool : file.workers) pools.push_back(fmt::format("{}: 0 of {}", pool.name, pool.max));
  if (file.workers.empty()) pools.emplace_back("no pool");
  if (p)
    for (const auto& n : p->namespaces)
      pods.push_back(fmt::format("{}: {}", n.name, n.phase == "Ready" ? std::to_string(n.pods.size()) : n.phase));
  if (pods.size() == 1) pods.emplace_back("no namespace");
  return fmt::format("  Nebula mesh {}, UDP {}\n", file.mesh.cidr.text(), file.mesh.listen_port) +
         side_by_side(lighthouse, homelab, between) +
         side_by_side(pools, pods, {"", "", peered ? arrow(true, "═", false) : ""});
}

}  // namespace tombolo::cli
