#include "cluster/desired.hpp"

#include <fmt/format.h>

#include "aws/prices.hpp"
#include "base/files.hpp"
#include "cluster/kinds.hpp"
#include "crypto/hash.hpp"
#include "nebula/config.hpp"

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

Result<std::string> nebula_config(const spec::Cluster& cluster) {
  nebula::NebulaConfig config;
  config.cipher = cluster.mesh.cipher;
  config.listen_port = cluster.mesh.listen_port;
  config.mtu = cluster.addresses.mesh_mtu;
  config.is_lighthouse = true;
  // What k3s' other nodes and the peers of the home cluster need of the lighthouse, and SSH for the operators.
  config.inbound = {{nebula::Protocol::kTcp, 6443, 0, {"kubernetes"}},
                    {nebula::Protocol::kTcp, 10250, 0, {"kubernetes"}},
                    {nebula::Protocol::kUdp, 8472, 0, {"kubernetes"}},
                    {nebula::Protocol::kTcp, 22, 0, {"infrastructure"}}};
  return nebula::config_yaml(config);
}

// A machine that was told something else must be told anew. Authorities are left out: they never change under a cluster.
std::string bootstrap_hash(const spec::Cluster& cluster) {
  const auto config = nebula_config(cluster);
  const Json told{{"config", config ? *config : ""},
                  {"nebula", cluster.bootstrap.nebula_version},
                  {"mirror", cluster.bootstrap.mirror},
                  {"embedded", cluster.bootstrap.keys == spec::KeyOrigin::kEmbedded}};
  return to_hex(crypto::sha256(codec::to_canonical_text(told))).substr(0, 16);
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
             {"bootstrap", bootstrap_hash(cluster)},
             {"homeAuthority", reference(at(kAuthorityKind, "home"), "certificate")},
             {"workerAuthority", reference(at(kAuthorityKind, "worker"), "certificate")}},
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
  if (!embedded && options.wait_for_bootstrap) {
    Wish wish = certificate_of(cluster, *cluster.mesh.lighthouse());
    wish.inputs.as_object()["publicKey"] = reference(at(kInstanceKind, "lighthouse"), "nebulaKey");
    wish.needs.push_back(at(kInstanceKind, "lighthouse"));
    out.push_back(std::move(wish));
  }
  return out;
}

Result<std::string> lighthouse_user_data(const spec::Cluster& cluster, const Json& inputs) {
  const auto& member = *cluster.mesh.lighthouse();
  cloudinit::LighthouseBootstrap bootstrap;
  bootstrap.cluster = cluster.name;
  bootstrap.member = member.name;
  bootstrap.mesh_address = codec::Cidr(member.address, cluster.mesh.cidr.prefix());
  bootstrap.authorities_pem = codec::text_at(inputs, "homeAuthority");
  bootstrap.nebula_config = TRY(nebula_config(cluster));
  bootstrap.nebula = TRY(cloudinit::find_artefact("nebula", cluster.bootstrap.nebula_version,
                                                  TRY(cloudinit::parse_architecture(cluster.lighthouse.architecture)),
                                                  {cluster.bootstrap.mirror, {}}));
  if (cluster.bootstrap.keys == spec::KeyOrigin::kEmbedded)
    // The recipe's form has one authority in it: exactly three Nebula blocks.
    bootstrap.embedded = cloudinit::EmbeddedIdentity{
        codec::text_at(inputs, "certificate"), Secret<std::string>(TRY(read_file(codec::text_at(inputs, "keyFile"))))};
  else
    bootstrap.authorities_pem += codec::text_at(inputs, "workerAuthority");
  return cloudinit::lighthouse_user_data(bootstrap);
}

std::vector<std::string> issued_members(const spec::Cluster& cluster) {
  std::vector<std::string> out;
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
