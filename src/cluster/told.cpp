#include "cluster/told.hpp"

#include <fmt/format.h>

#include "base/files.hpp"
#include "cloudinit/cluster_side.hpp"
#include "cluster/kubernetes.hpp"
#include "cluster/machine.hpp"
#include "cluster/mesh_member_folder.hpp"
#include "cluster/mesh_trust.hpp"
#include "crypto/hash.hpp"
#include "kube/yaml_json.hpp"
#include "nebula/config.hpp"
#include "nebula/layout.hpp"

namespace tombolo::cluster {

namespace {

using engine::Json;

// Helm 3 on purpose: 4 is younger than Liqo's chart.
constexpr std::string_view kHelmVersion = "3.22.0";

Result<std::string> nebula_config(const spec::Cluster& cluster, const std::vector<nebula::Fingerprint>& blocklist) {
  nebula::NebulaConfig config;
  config.blocklist = blocklist;
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

// Where Liqo's chart comes from: a mirror has it as a file with a checksum, its makers in their repository.
Result<> name_chart(const spec::Cluster& cluster, cloudinit::CloudCluster& to) {
  const auto& sha = cluster.bootstrap.checksums.liqo;
  if (!cluster.bootstrap.mirror.empty() && sha.empty())
    return fail(
        Code::kBadInput, "bootstrap.mirror is set, and nothing says what Liqo's chart must hash to",
        "Set bootstrap.checksums.liqo: sha256sum of the mirror's charts/liqo-" + cluster.liqo.version + ".tgz.");
  to.chart_sha256 = sha;
  to.chart_url = "https://helm.liqo.io/";
  if (!sha.empty()) to.chart_url += "charts/liqo-" + cluster.liqo.version + ".tgz";
  if (!cluster.bootstrap.mirror.empty())
    to.chart_url = TRY(cloudinit::mirrored(to.chart_url, cluster.bootstrap.mirror));
  return {};
}

Result<cloudinit::CloudCluster> cloud_cluster(const spec::Cluster& cluster, cloudinit::Architecture architecture,
                                              const cloudinit::ArtefactSource& source) {
  const auto& lighthouse = *cluster.mesh.lighthouse();
  cloudinit::CloudCluster out;
  out.k3s = TRY(cloudinit::find_artefact("k3s", cluster.kubernetes.k3s_version, architecture, source));
  out.helm = TRY(cloudinit::find_artefact("helm", std::string(kHelmVersion), architecture, source));
  out.node = lighthouse.name;
  out.device = nebula::NebulaConfig{}.device;
  out.k3s_config = cloudinit::k3s_config(
      {lighthouse.name, lighthouse.address, out.device, cluster.kubernetes.pods, cluster.kubernetes.services});
  out.liqo_version = cluster.liqo.version;
  out.liqo_namespace = cluster.liqo.cloud_namespace;
  out.liqo_values = codec::to_pretty_text(TRY(liqo_values(cluster, liqo::Side::kCloud)));
  TRY(name_chart(cluster, out));
  return out;
}

}  // namespace

Result<cloudinit::LighthouseBootstrap> lighthouse_bootstrap(const spec::Cluster& cluster,
                                                            const store::StateFolder& state, Time now) {
  const auto& member = *cluster.mesh.lighthouse();
  auto trust = TRY(mesh_trust(state, now));
  cloudinit::LighthouseBootstrap bootstrap;
  bootstrap.cluster = cluster.name;
  bootstrap.member = member.name;
  bootstrap.mesh_address = codec::Cidr(member.address, cluster.mesh.cidr.prefix());
  bootstrap.authorities_pem = std::move(trust.authorities_pem);
  bootstrap.nebula_config = TRY(nebula_config(cluster, trust.blocklist));
  bootstrap.listen_port = cluster.mesh.listen_port;
  cloudinit::ArtefactSource source{cluster.bootstrap.mirror, {}};
  const auto& sums = cluster.bootstrap.checksums;
  for (const auto& [name, sha256] : {std::pair{"nebula", sums.nebula}, {"k3s", sums.k3s}, {"helm", sums.helm}})
    if (!sha256.empty()) source.sha256[name] = sha256;
  const auto architecture = TRY(cloudinit::parse_architecture(cluster.lighthouse.architecture));
  bootstrap.nebula = TRY(cloudinit::find_artefact("nebula", cluster.bootstrap.nebula_version, architecture, source));
  if (cluster.kubernetes.distribution != spec::Distribution::kNone)
    bootstrap.cluster_side = TRY(cloud_cluster(cluster, architecture, source));
  return bootstrap;
}

Result<std::string> lighthouse_user_data(const spec::Cluster& cluster, const store::StateFolder& state,
                                         const Json& inputs, std::int64_t generation, Time now) {
  auto bootstrap = TRY(lighthouse_bootstrap(cluster, state, now));
  if (cluster.bootstrap.keys == spec::KeyOrigin::kEmbedded)
    bootstrap.embedded = cloudinit::EmbeddedIdentity{
        codec::text_at(inputs, "certificate"), Secret<std::string>(TRY(read_file(codec::text_at(inputs, "keyFile"))))};
  return cloudinit::lighthouse_user_data(bootstrap, TRY(host_token(state, cluster.name, "lighthouse", generation)));
}

Result<mesh::ProbeRequest> probe_request(const spec::Cluster& cluster, const store::StateFolder& state,
                                         const std::string& underlay, Time now) {
  const nebula::Layout layout(state.path());
  const auto trust = TRY(mesh_trust(state, now));
  const std::string name(spec::kProbeName);
  mesh::ProbeRequest out;
  out.identity.certificate_pem = TRY(read_file(layout.member_certificate(name)));
  out.identity.key_pem = Secret<std::string>(TRY(read_file(layout.member_key(name))));
  out.identity.authorities_pem = trust.authorities_pem;
  for (const auto& fingerprint : trust.blocklist) out.identity.blocklist.push_back(fingerprint.text());
  out.identity.cipher = cluster.mesh.cipher;
  out.underlay = underlay;
  out.port = cluster.mesh.listen_port;
  out.member = cluster.mesh.lighthouse()->address;
  return out;
}

Result<Json> liqo_values(const spec::Cluster& cluster, liqo::Side side) {
  const bool cloud = side == liqo::Side::kCloud;
  const auto home = cluster.mesh.home();
  const auto& address = cloud || home.empty() ? cluster.mesh.lighthouse()->address : home.front()->address;
  const auto owned = liqo::owned_values({side, cloud ? cloud_cluster_id(cluster) : home_cluster_id(cluster),
                                         fmt::format("https://{}:6443", address.text()),
                                         cloud ? cluster.kubernetes.pods : cluster.home.pods,
                                         cloud ? cluster.kubernetes.services : cluster.home.services});
  const auto& file = cloud ? cluster.liqo.cloud_values : cluster.liqo.home_values;
  if (file.empty()) return owned;
  const auto text = TRY(context(read_file(file), "reading more values for Liqo"));
  Diagnostics diagnostics;
  const auto tree = codec::parse_yaml(text, file, diagnostics);
  if (diagnostics.has_errors()) return fail(Code::kBadInput, diagnostics.render(text));
  return context(liqo::merged_values(owned, tree ? kube::to_json(*tree) : Json()), file);
}

Result<HomeMesh> home_mesh(Session& session, const std::string& lighthouse) {
  HomeMesh out;
  for (const auto* member : session.cluster().mesh.home()) {
    auto folder = TRY(member_folder(session, {member->name, home_pki(), lighthouse}));
    out.authorities = folder.authorities;
    out.members.push_back({member->name, member->node, folder.certificate, std::move(folder.key)});
    out.config = folder.config;
  }
  return out;
}

nebula::PkiPaths home_pki() {
  return {std::string(kHomeConfigFolder) + "/ca.crt", std::string(kHomeHostFolder) + "/host.crt",
          std::string(kHomeHostFolder) + "/host.key"};
}

Result<std::string> home_trust(const store::StateFolder& state, Time now) {
  const auto trust = TRY(mesh_trust(state, now));
  std::string told = trust.authorities_pem;
  for (const auto& fingerprint : trust.blocklist) told += fingerprint.text();
  return to_hex(crypto::sha256(told)).substr(0, 16);
}

}  // namespace tombolo::cluster
