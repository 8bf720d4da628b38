#include "cluster/mesh_member_folder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/files.hpp"
#include "cluster/desired.hpp"
#include "cluster/mesh_trust.hpp"
#include "nebula/config.hpp"
#include "nebula/key_file.hpp"
#include "nebula/layout.hpp"

namespace tombolo::cluster {

namespace {

Result<const spec::Member*> find_member(const spec::Cluster& cluster, const std::string& name) {
  const auto& members = cluster.mesh.members;
  const auto it = std::find_if(members.begin(), members.end(), [&](const auto& m) { return m.name == name; });
  if (it == members.end())
    return fail(Code::kBadInput, fmt::format("the cluster file has no member {}", name),
                "Add it under mesh.members with role home or operator.");
  if (it->role == spec::Role::kLighthouse)
    return fail(Code::kBadInput, "the lighthouse gets its configuration from `tombolo up`");
  if (it->role == spec::Role::kWorker)
    return fail(Code::kBadInput, "a worker gets its configuration from the lighthouse when it is launched");
  return &*it;
}

// The same resource that `up` makes, brought about by itself.
Result<> issue(Session& session, const spec::Member& member, const std::string& public_key_pem) {
  const nebula::Layout layout(session.folder().path());
  if (!public_key_pem.empty()) {
    TRY(context(nebula::parse_public_key(public_key_pem), "reading the member's public key"));
    TRY(make_private_folder(layout.member(member.name)));
    TRY(write_file(layout.member_public_key(member.name), public_key_pem, kPrivateFile));
  }
  engine::Wish wish = member_certificate(session.cluster(), member);
  const auto home = TRY(
      context(nebula::parse_certificate(TRY(read_file(layout.home_ca_certificate()))), "reading the home authority"));
  wish.inputs.as_object()["authority"] = home.fingerprint().text();
  const auto kind = certificate_kind(session.desk(), {member.name});
  const engine::Call call{session.clock(), {}, session.clock().now()};
  const auto step = kind->converge(wish, {wish.address, "", 1, "", {}, {}}, call);
  if (const auto* failed = std::get_if<engine::Failed>(&step)) return fail(failed->error);
  return {};
}

}  // namespace

nebula::PkiPaths pki_in(const std::string& folder) {
  return {folder + "/ca.crt", folder + "/host.crt", folder + "/host.key"};
}

Result<std::string> lighthouse_address(const Session& session) {
  const auto it = session.state().find({std::string(kAddressKind), "lighthouse"});
  const auto ip = it == session.state().end() ? "" : codec::text_at(it->second.outputs, "ip");
  if (ip.empty())
    return fail(Code::kNotFound, "the lighthouse has no address yet",
                "Run `tombolo up` first, or give the address with --lighthouse.");
  return ip;
}

Result<std::string> member_config(const Session& session, const spec::Member& member, const std::string& lighthouse,
                                  const nebula::PkiPaths& pki) {
  const auto& cluster = session.cluster();
  nebula::NebulaConfig config;
  config.pki = pki;
  config.cipher = cluster.mesh.cipher;
  config.mtu = cluster.addresses.mesh_mtu;
  config.blocklist = TRY(mesh_trust(session.folder(), session.clock().now())).blocklist;
  config.lighthouses = {
      {cluster.mesh.lighthouse()->address, {fmt::format("{}:{}", lighthouse, cluster.mesh.listen_port)}}};
  // What the cloud's cluster needs of a node at home; an operator is only asked, never called.
  if (member.role == spec::Role::kHome)
    config.inbound = {{nebula::Protocol::kTcp, 6443, 0, {"infrastructure"}},
                      {nebula::Protocol::kTcp, 10250, 0, {"infrastructure"}}};
  return nebula::config_yaml(config);
}

Result<MemberFolder> member_folder(Session& session, const FolderRequest& request) {
  const auto& cluster = session.cluster();
  const auto* member = TRY(find_member(cluster, request.member));
  const auto underlay = request.lighthouse.empty() ? TRY(lighthouse_address(session)) : request.lighthouse;
  const auto trust = TRY(mesh_trust(session.folder(), session.clock().now()));
  TRY(issue(session, *member, request.public_key_pem));
  const nebula::Layout layout(session.folder().path());

  MemberFolder out;
  out.config = TRY(member_config(session, *member, underlay, request.pki));
  out.authorities = trust.authorities_pem;
  out.certificate = TRY(read_file(layout.member_certificate(member->name)));
  if (!file_exists(layout.member_public_key(member->name)))
    out.key = Secret<std::string>(TRY(read_file(layout.member_key(member->name))));
  return out;
}

}  // namespace tombolo::cluster
