#include "cluster/desired.hpp"

#include <fmt/format.h>

#include "aws/prices.hpp"
#include "cluster/cluster_kinds.hpp"
#include "cluster/kinds.hpp"
#include "cluster/machine_kinds.hpp"
#include "cluster/peering_kinds.hpp"
#include "cluster/told.hpp"
#include "crypto/hash.hpp"
#include "liqo/offloading.hpp"

namespace tombolo::cluster {

namespace {

using engine::Address;
using engine::Json;
using engine::reference;
using engine::unknown;
using engine::Wish;

Address at(std::string_view kind, std::string name) { return {std::string(kind), std::move(name)}; }

codec::JsonArray texts(const std::vector<std::string>& list) { return codec::JsonArray(list.begin(), list.end()); }

Json rule(std::string_view protocol, int port, const std::string& cidr, std::string_view description) {
  return {{"protocol", protocol}, {"from", port}, {"to", port}, {"cidr", cidr}, {"description", description}};
}

// UDP 4242 for the mesh and SSH for whoever may operate: no other port is ever open. Order as SecurityGroupKind sorts them.
Json ingress(const spec::Cluster& cluster, const std::optional<Facts>& facts) {
  Json ssh = rule("tcp", 22, cluster.lighthouse.ssh_allowed_from, "SSH");
  if (cluster.lighthouse.ssh_allowed_from == "caller") {
    if (!facts) return unknown("UDP 4242, and SSH from this machine's public address");
    ssh = rule("tcp", 22,
               facts->caller_address + (facts->caller_address.find(':') == std::string::npos ? "/32" : "/128"), "SSH");
  }
  return codec::JsonArray{ssh, rule("udp", cluster.mesh.listen_port, "0.0.0.0/0", "Nebula")};
}

Wish certificate_of(const spec::Cluster& cluster, const spec::Member& member) {
  return {at(kCertificateKind, member.name),
          {{"member", member.name},
           {"network", codec::Cidr(member.address, cluster.mesh.cidr.prefix()).text()},
           {"groups", texts(member.groups)},
           {"authority", reference(at(kAuthorityKind, "home"), "fingerprint")}},
          {at(kAuthorityKind, "home")}};
}

std::string_view backup_word(spec::BackupKind kind) {
  switch (kind) {
    case spec::BackupKind::kNone: return "none";
    case spec::BackupKind::kOnePassword: return "1password";
    case spec::BackupKind::kFile: return "file";
    case spec::BackupKind::kSsm: return "ssm";
  }
  return "";
}

void wish_for_authorities(const spec::Cluster& cluster, std::vector<Wish>& out) {
  const auto hours = cluster.mesh.ca_validity.count();
  out.push_back(
      {at(kAuthorityKind, "home"),
       {{"name", cluster.mesh.ca_name}, {"version", cluster.mesh.certificate_version}, {"validityHours", hours}},
       {}});
  out.push_back({at(kAuthorityKind, "worker"),
                 {{"name", cluster.mesh.ca_name + "-workers"},
                  {"version", cluster.mesh.certificate_version},
                  {"validityHours", hours},
                  {"networks", codec::JsonArray{Json(cluster.mesh.cidr.text())}},
                  {"groups", texts(cluster.mesh.worker_groups)}},
                 {}});
  if (cluster.secrets.backup != spec::BackupKind::kNone)
    out.push_back({at(kBackupKind, "home-ca"),
                   {{"authority", reference(at(kAuthorityKind, "home"), "fingerprint")},
                    {"kind", backup_word(cluster.secrets.backup)},
                    {"target", cluster.secrets.backup_target}},
                   {at(kAuthorityKind, "home")}});
}

Wish machine(const spec::Cluster& cluster, const std::optional<Facts>& facts) {
  const auto& lighthouse = cluster.lighthouse;
  codec::JsonArray zones;
  if (facts)
    for (const auto& z : facts->zones) zones.emplace_back(z.text());
  Wish wish{at(kInstanceKind, "lighthouse"),
            {{"type", lighthouse.instance_type},
             {"image", facts                      ? Json(facts->image.id.text())
                       : lighthouse.image.empty() ? unknown("newest Amazon Linux 2023")
                                                  : Json(lighthouse.image)},
             {"imagePinned", !lighthouse.image.empty()},
             {"rootDevice", facts ? facts->image.root_device : ""},
             {"diskGiB", lighthouse.disk_gib},
             {"metadataTokens", "required"},
             {"zones", std::move(zones)},
             {"group", reference(at(kGroupKind, "lighthouse"), "id")},
             {"keyName", reference(at(kKeyPairKind, "operator"), "name")},
             {"homeAuthority", reference(at(kAuthorityKind, "home"), "fingerprint")},
             {"workerAuthority", reference(at(kAuthorityKind, "worker"), "fingerprint")}},
            {at(kGroupKind, "lighthouse"), at(kKeyPairKind, "operator"), at(kAuthorityKind, "home"),
             at(kAuthorityKind, "worker")}};
  if (cluster.bootstrap.keys == spec::KeyOrigin::kEmbedded) {
    const auto certificate = at(kCertificateKind, cluster.mesh.lighthouse()->name);
    wish.inputs.as_object()["certificate"] = reference(certificate, "certificate");
    wish.inputs.as_object()["keyFile"] = reference(certificate, "key");
    wish.needs.push_back(certificate);
  }
  return wish;
}

// The machine's own side: the way to it, its certificate, its place in the mesh.
void wish_for_mesh(const spec::Cluster& cluster, bool embedded, std::vector<Wish>& out) {
  const auto lighthouse = at(kInstanceKind, "lighthouse");
  const auto access = at(kAccessKind, "lighthouse");
  const auto certificate = at(kCertificateKind, cluster.mesh.lighthouse()->name);
  const auto probe = at(kCertificateKind, std::string(spec::kProbeName));
  const auto ip = reference(at(kAddressKind, "lighthouse"), "ip");
  out.push_back({access,
                 {{"instance", reference(lighthouse, "id")},
                  {"generation", reference(lighthouse, "generation")},
                  {"address", ip},
                  {"makesKey", !embedded}},
                 {lighthouse, at(kAssociationKind, "lighthouse"), at(kGroupKind, "lighthouse")}});
  if (!embedded) {
    Wish wish = certificate_of(cluster, *cluster.mesh.lighthouse());
    wish.inputs.as_object()["publicKey"] = reference(access, "nebulaKey");
    wish.needs.push_back(access);
    out.push_back(std::move(wish));
  }
  out.push_back({at(kMeshKind, "lighthouse"),
                 {{"instance", reference(lighthouse, "id")},
                  {"address", ip},
                  {"certificate", reference(certificate, "fingerprint")}},
                 {access, certificate, probe}});
}

// Nebula at home, k3s in the cloud, Liqo on both sides.
void wish_for_clusters(const spec::Cluster& cluster, std::vector<Wish>& out) {
  const auto instance = reference(at(kInstanceKind, "lighthouse"), "id");
  const auto mesh = at(kMeshKind, "lighthouse");
  const auto k3s = at(kK3sKind, "lighthouse");
  Wish nebula{at(kHomeNebulaKind, "home"),
              {{"namespace", cluster.home.nebula_namespace},
               {"version", cluster.bootstrap.nebula_version},
               {"lighthouse", reference(at(kAddressKind, "lighthouse"), "ip")},
               {"port", cluster.mesh.listen_port},
               {"mtu", cluster.addresses.mesh_mtu},
               {"cipher", cluster.mesh.cipher}},
              // After the lighthouse: Nebula that calls in vain at its start waits long before it calls again.
              {at(kAddressKind, "lighthouse"), at(kAuthorityKind, "worker"), mesh}};
  for (const auto* member : cluster.mesh.home()) {
    const auto certificate = at(kCertificateKind, member->name);
    nebula.inputs.as_object()["certificate/" + member->name] = reference(certificate, "fingerprint");
    nebula.inputs.as_object()["node/" + member->name] = member->node;
    nebula.needs.push_back(certificate);
    out.push_back({at(kHomeMemberKind, member->name),
                   {{"address", member->address.text()},
                    {"instance", instance},
                    {"namespace", reference(nebula.address, "namespace")}},
                   {nebula.address, mesh}});
  }
  if (!cluster.mesh.home().empty()) out.push_back(std::move(nebula));
  out.push_back({k3s, {{"instance", instance}}, {mesh}});
  out.push_back({at(kLiqoKind, "cloud"), {{"instance", instance}}, {k3s}});
  if (cluster.mesh.home().empty()) return;
  const auto values = liqo_values(cluster, liqo::Side::kHome);
  out.push_back({at(kLiqoKind, "home"),
                 {{"version", cluster.liqo.version},
                  {"namespace", cluster.home.liqo_namespace},
                  // What cannot be read is told when it is laid.
                  {"values", values ? to_hex(crypto::sha256(codec::to_canonical_text(*values))).substr(0, 16) : ""}},
                 {mesh}});  // where the chart is rendered; k3s may still be starting
}

// One cluster out of two.
void wish_for_peering(const spec::Cluster& cluster, std::vector<Wish>& out) {
  const auto home = at(kLiqoKind, "home"), cloud = at(kLiqoKind, "cloud"), peering = at(kPeeringKind, "cloud");
  Wish wish{peering,
            {{"home", reference(home, "clusterID")},
             {"cloud", reference(cloud, "clusterID")},
             {"instance", reference(at(kInstanceKind, "lighthouse"), "id")},
             {"resources", liqo::to_json(offered_resources(cluster))}},
            {home, cloud, at(kInstanceKind, "lighthouse")}};
  // Home calls the cloud over the mesh.
  for (const auto* member : cluster.mesh.home()) wish.needs.push_back(at(kHomeMemberKind, member->name));
  out.push_back(std::move(wish));
  const liqo::Offloading usual;
  for (const auto& name : cluster.liqo.offloaded_namespaces)
    out.push_back({at(kOffloadingKind, name), {{"strategy", usual.strategy}, {"mapping", usual.mapping}}, {peering}});
}

}  // namespace

std::vector<Wish> desired(const spec::Cluster& cluster, const std::optional<Facts>& facts,
                          const DesiredOptions& options) {
  std::vector<Wish> out;
  const auto& name = cluster.name;
  const bool embedded = cluster.bootstrap.keys == spec::KeyOrigin::kEmbedded;
  wish_for_authorities(cluster, out);
  for (const auto& member : cluster.mesh.members)
    if (member.role != spec::Role::kWorker && (member.role != spec::Role::kLighthouse || embedded))
      out.push_back(certificate_of(cluster, member));
  if (options.wait_for_bootstrap)
    // A host of its own in the mesh: with a certificate that a running Nebula uses it would steal its tunnels.
    out.push_back(certificate_of(
        cluster, {std::string(spec::kProbeName), spec::Role::kOperator, cluster.mesh.probe_address(), {"tombolo"}}));
  out.push_back({at(kSshKeyKind, "operator"), {{"comment", "tombolo " + name}}, {}});
  out.push_back({at(kGroupKind, "lighthouse"),
                 {{"name", name + "-lighthouse"},
                  {"description", "Nebula lighthouse of " + name + ", made by tombolo"},
                  {"vpc", facts ? Json(facts->vpc.id.text()) : unknown("the region's default VPC")},
                  {"ingress", ingress(cluster, facts)}},
                 {}});
  out.push_back({at(kKeyPairKind, "operator"),
                 {{"name", name + "-operator"},
                  {"publicKey", reference(at(kSshKeyKind, "operator"), "publicKey")},
                  {"fingerprint", reference(at(kSshKeyKind, "operator"), "fingerprint")}},
                 {at(kSshKeyKind, "operator")}});
  out.push_back({at(kAddressKind, "lighthouse"), Json(codec::JsonObject{}), {}});
  out.push_back(machine(cluster, facts));
  out.push_back({at(kAssociationKind, "lighthouse"),
                 {{"address", reference(at(kAddressKind, "lighthouse"), "id")},
                  {"instance", reference(at(kInstanceKind, "lighthouse"), "id")}},
                 {at(kAddressKind, "lighthouse"), at(kInstanceKind, "lighthouse")}});
  if (options.wait_for_bootstrap) wish_for_mesh(cluster, embedded, out);
  if (options.wait_for_bootstrap && options.clusters && cluster.kubernetes.distribution != spec::Distribution::kNone)
    wish_for_clusters(cluster, out);
  if (options.wait_for_bootstrap && options.clusters && options.peering && !cluster.mesh.home().empty() &&
      cluster.kubernetes.distribution != spec::Distribution::kNone)
    wish_for_peering(cluster, out);
  return out;
}

Wish member_certificate(const spec::Cluster& cluster, const spec::Member& member) {
  return certificate_of(cluster, member);
}

std::vector<std::string> issued_members(const spec::Cluster& cluster) {
  std::vector<std::string> out{std::string(spec::kProbeName)};
  for (const auto& member : cluster.mesh.members)
    if (member.role != spec::Role::kWorker) out.push_back(member.name);
  return out;
}

std::optional<double> standing_cost(const spec::Cluster& cluster) {
  const auto machine_price = aws::price_per_hour(cluster.lighthouse.instance_type);
  if (!machine_price) return std::nullopt;
  return *machine_price + aws::kAddressPerHour +
         cluster.lighthouse.disk_gib * aws::kDiskPerGibMonth / aws::kHoursPerMonth;
}

Result<> check_limits(const spec::Cluster& cluster) {
  const auto cost = standing_cost(cluster);
  if (!cost || !cluster.limits.dollars || *cost * aws::kHoursPerMonth <= *cluster.limits.dollars) return {};
  return fail(Code::kBadInput,
              fmt::format("the lighthouse alone would cost about ${:.2f} a month, and limits.dollars is {:.2f}",
                          *cost * aws::kHoursPerMonth, *cluster.limits.dollars),
              "Raise limits.dollars, or choose a smaller lighthouse.instanceType.");
}

}  // namespace tombolo::cluster
