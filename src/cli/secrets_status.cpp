// tombolo secrets status: is the home CA key here, and is it in its place?
#include <ostream>

#include "base/files.hpp"
#include "cli/commands.hpp"
#include "cli/runtime.hpp"
#include "nebula/layout.hpp"

namespace tombolo::cli {
namespace {

Result<Exit> run_secrets_status(Invocation& call) {
  const auto file = TRY(load_cluster_file(call));
  const auto runtime = TRY(make_runtime(call));
  const auto session = TRY(runtime->open(file.cluster, cluster::Access::kLook, "secrets status", nullptr, true));
  const auto path = nebula::Layout(session->folder().path()).home_ca_key();
  const bool here = file_exists(path);
  const auto place = TRY(session->open_backup());
  const auto& name = file.cluster.secrets.backup_target;
  const bool there = TRY(place->exists(name, call.stop));
  if (call.console.json) {
    call.console.print({{"key", {{"path", path}, {"present", here}}},
                        {"backup", {{"place", place->place(name)}, {"present", there}}}});
    return Exit::kDone;
  }
  call.console.out << "CA key: " << (here ? "in " + path : "not here (" + path + ")") << "\n"
                   << "Backup: " << (there ? "in " : "none yet in ") << place->place(name) << "\n";
  if (here && !there)
    call.console.out
        << "\nBack it up with `tombolo secrets backup`: without the key no member can be added to the mesh.\n";
  if (!here && there) call.console.out << "\nBring it back with `tombolo secrets restore`.\n";
  return Exit::kDone;
}

}  // namespace

Command make_secrets_status() {
  Command command;
  command.path = "secrets status";
  command.summary = "Show where the home CA key and its backup are";
  command.description =
      "Looks, and neither fetches the key nor asks for a passphrase. Whether both are the same key is checked by "
      "`tombolo secrets backup`.";
  command.example = "tombolo secrets status";
  command.options = aws_options();
  command.prints_data = true;
  command.run = run_secrets_status;
  return command;
}

}  // namespace tombolo::cli
