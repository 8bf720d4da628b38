// tombolo secrets restore: the home CA key back from its place.
#include <ostream>

#include "base/files.hpp"
#include "cli/commands.hpp"
#include "cli/passphrase.hpp"
#include "cli/runtime.hpp"
#include "cluster/key_backup.hpp"

namespace tombolo::cli {
namespace {

using cluster::Kept;

Result<Exit> run_secrets_restore(Invocation& call) {
  const auto file = TRY(load_cluster_file(call));
  const auto runtime = TRY(make_runtime(call));
  const auto session = TRY(runtime->open(file.cluster, cluster::Access::kChange, "secrets restore", nullptr, true));
  const auto place = TRY(session->open_backup());
  cluster::RestoreRequest request{file.cluster.secrets.backup_target};
  if (call.args.given("--ca-crt")) request.certificate = TRY(read_file(call.args.value("--ca-crt")));
  request.ask_passphrase = [&](bool) { return ask_passphrase(call, "NEBULA_CA_PASSPHRASE", "the CA key", Ask::kOnce); };
  const auto restored = TRY(cluster::restore_ca_key(session->folder(), *place, request, call.stop));
  const auto& authority = restored.authority.details().name;
  if (call.console.json) {
    call.console.print({{"place", place->place(request.name)},
                        {"authority", authority},
                        {"changed", restored.key != Kept::kAlready || restored.certificate != Kept::kAlready}});
  } else if (restored.key == Kept::kAlready) {
    call.console.out << "The CA key of \"" << authority << "\" is here already, and is the one in "
                     << place->place(request.name) << ".\n";
  } else {
    call.console.out << "The CA key of \"" << authority << "\" is back from " << place->place(request.name)
                     << ", and belongs to its certificate.\n";
  }
  return Exit::kDone;
}

}  // namespace

Command make_secrets_restore() {
  Command command;
  command.path = "secrets restore";
  command.summary = "Bring the home CA key back from its backup";
  command.description =
      "Fetches the key of the home authority from the place that the cluster file names in `secrets`, checks that it "
      "belongs to the "
      "authority's certificate, and puts it into the state folder. A key that is there and differs is never "
      "overwritten. When the "
      "whole state folder is lost, give the certificate with --ca-crt: every member of the mesh has it.";
  command.example = "tombolo secrets restore\ntombolo secrets restore --ca-crt /etc/nebula/ca.crt";
  command.options = {{"--ca-crt", "FILE", "The authority's certificate, when the state folder has lost it too"}};
  for (auto& option : aws_options()) command.options.push_back(option);
  command.prints_data = true;
  command.run = run_secrets_restore;
  return command;
}

}  // namespace tombolo::cli
