// tombolo secrets backup: the home CA key to the place that the cluster file names.
#include <ostream>

#include "cli/commands.hpp"
#include "cli/runtime.hpp"
#include "cluster/key_backup.hpp"

namespace tombolo::cli {
namespace {

using cluster::Kept;

Result<Exit> run_secrets_backup(Invocation& call) {
  const auto file = TRY(load_cluster_file(call));
  const auto runtime = TRY(make_runtime(call));
  const auto session = TRY(runtime->open(file.cluster, cluster::Access::kLook, "secrets backup", nullptr, true));
  const auto place = TRY(session->open_backup());
  const auto& name = file.cluster.secrets.backup_target;
  const auto kept =
      TRY(cluster::back_up_ca_key(session->folder(), *place, name, call.args.flag("--replace"), call.stop));
  if (call.console.json)
    call.console.print({{"place", place->place(name)}, {"changed", kept != Kept::kAlready}});
  else if (kept == Kept::kAlready)
    call.console.out << "The CA key is already in " << place->place(name) << ".\n";
  else
    call.console.out << "The CA key is now in " << place->place(name)
                     << (kept == Kept::kReplaced ? ", in place of another one" : "")
                     << "; it was read back and compared.\n";
  return Exit::kDone;
}

}  // namespace

Command make_secrets_backup() {
  Command command;
  command.path = "secrets backup";
  command.summary = "Back up the home CA key";
  command.description =
      "Copies the key of the home authority to the place that the cluster file names in `secrets`: a 1Password "
      "document, an encrypted "
      "file, or an SSM parameter; then reads it back and compares. `tombolo up` does this too when it makes the key. A "
      "key that is "
      "there and differs is left alone.\n\n"
      "The passphrase of an encrypted file is asked for, or taken from TOMBOLO_BACKUP_PASSPHRASE.";
  command.example = "tombolo secrets backup";
  command.options = {{"--replace", "", "Overwrite another key that is kept under this name"}};
  for (auto& option : aws_options()) command.options.push_back(option);
  command.prints_data = true;
  command.run = run_secrets_backup;
  return command;
}

}  // namespace tombolo::cli
