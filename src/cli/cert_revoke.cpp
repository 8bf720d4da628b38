// tombolo cert revoke: a member that must not be let in any more.
#include <fmt/format.h>

#include <ostream>

#include "cli/commands.hpp"
#include "cli/runtime.hpp"
#include "cluster/mesh_trust.hpp"

namespace tombolo::cli {
namespace {

Result<Exit> run_cert_revoke(Invocation& call) {
  const auto file = TRY(load_cluster_file(call));
  const auto whom = call.args.argument(0);
  const bool reissue = call.args.flag("--reissue");
  if (reissue && whom == file.cluster.mesh.lighthouse()->name)
    return fail(Code::kBadInput, "the lighthouse's key is on the lighthouse, and a new one is made with a new machine",
                "Run `tombolo cert revoke` without --reissue and then `tombolo up --recreate lighthouse`.");
  const auto runtime = TRY(make_runtime(call));
  const auto session = TRY(runtime->open(file.cluster, cluster::Access::kChange, "cert revoke", nullptr, true));
  const auto revoked = TRY(cluster::revoke(session->desk(), whom, reissue, session->clock().now()));
  if (call.console.json) {
    codec::JsonArray list;
    for (const auto& fingerprint : revoked) list.push_back(codec::Json(fingerprint.text()));
    call.console.print({{"revoked", std::move(list)}});
    return Exit::kDone;
  }
  for (const auto& fingerprint : revoked) call.console.out << "Revoked " << fingerprint.text() << "\n";
  call.console.out
      << "\nRun `tombolo up`: the lighthouse then closes its tunnel. The other members learn of it from their "
         "own config.yml (`tombolo mesh config`): until then they still let it in.\n";
  if (reissue) call.console.out << "`tombolo up` also issues a new certificate, with a new key.\n";
  return Exit::kDone;
}

}  // namespace

Command make_cert_revoke() {
  Command command;
  command.path = "cert revoke";
  command.summary = "Put a member's certificates on the mesh's blocklist";
  command.description =
      "Nebula has no revocation list that is fetched: each host has a blocklist in its config.yml. This command writes "
      "the fingerprints into the ledger; `tombolo up` and `tombolo mesh config` put them into the configurations.";
  command.example = "tombolo cert revoke laptop --reissue\ntombolo cert revoke 3fa9c2d1";
  command.arguments = {{"MEMBER", "Member's name, or the beginning of a certificate's fingerprint"}};
  command.options = {
      {"--reissue", "", "Set its key aside, so that the next `tombolo up` makes another and a new certificate"}};
  command.prints_data = true;
  command.run = run_cert_revoke;
  return command;
}

}  // namespace tombolo::cli
