// tombolo cert rotate-ca: another home authority, without cutting anybody off.
#include <fmt/format.h>

#include <ostream>

#include "base/files.hpp"
#include "cli/commands.hpp"
#include "cli/passphrase.hpp"
#include "cli/runtime.hpp"
#include "cluster/mesh_trust.hpp"
#include "nebula/layout.hpp"

namespace tombolo::cli {
namespace {

// An encrypted key is followed by an encrypted one.
Result<std::string> key_text(const Invocation& call, const store::StateFolder& state, const nebula::SigningKey& key) {
  const auto old = TRY(read_file(nebula::Layout(state.path()).home_ca_key()));
  if (old.find("ENCRYPTED") == std::string::npos) return key.to_pem().expose();
  return key.to_encrypted_pem(TRY(ask_passphrase(call, "NEBULA_CA_PASSPHRASE", "the new authority's key", Ask::kTwice)),
                              {});
}

Result<Exit> finish(Invocation& call, cluster::Session& session) {
  const auto now = session.clock().now();
  if (!cluster::rotating(session.folder())) return fail(Code::kState, "the home authority is not being replaced");
  const auto left = TRY(cluster::not_rotated(session.folder(), now));
  if (!left.empty() && !call.args.flag("--force"))
    return fail(Code::kDependency,
                fmt::format("these members still have a certificate of the old authority: {}", fmt::join(left, ", ")),
                "Run `tombolo up`, lay the new ones on them (`tombolo mesh config`), or leave them out with --force.");
  TRY(cluster::finish_rotation(session.folder()));
  call.console.out
      << "The old authority is forgotten here. Run `tombolo up`: the lighthouse then trusts only the new one.\n";
  return Exit::kDone;
}

Result<Exit> run_cert_rotate_ca(Invocation& call) {
  const auto file = TRY(load_cluster_file(call));
  const auto runtime = TRY(make_runtime(call));
  const auto session = TRY(runtime->open(file.cluster, cluster::Access::kChange, "cert rotate-ca", nullptr, true));
  if (call.args.flag("--finish")) return finish(call, *session);
  const auto authority =
      TRY(cluster::begin_rotation(session->desk(), session->clock().now(), [&](const nebula::SigningKey& key) {
        return key_text(call, session->folder(), key);
      }));
  call.console.out << fmt::format(
      "The new home authority is {}; the old one stays trusted until the end.\n\n"
      "  1. tombolo up                             the lighthouse trusts both, new certificates are issued\n"
      "  2. tombolo mesh config MEMBER             for every other Nebula host; lay the folder there, reload Nebula\n"
      "  3. tombolo cert rotate-ca --finish        and once more: tombolo up\n",
      authority.fingerprint().text().substr(0, 12));
  if (file.cluster.secrets.backup != spec::BackupKind::kNone)
    call.console.out << "\nThe new key needs a backup of its own: tombolo secrets backup --replace\n";
  return Exit::kDone;
}

}  // namespace

Command make_cert_rotate_ca() {
  Command command;
  command.path = "cert rotate-ca";
  command.summary = "Replace the home authority, with a time in which both are trusted";
  command.description =
      "Makes a new home authority beside the old one. From then on both are trusted, and `tombolo up` re-issues every "
      "certificate under the new one; when all members have theirs, --finish drops the old one. It refuses while a "
      "member "
      "has only a certificate of the old authority, and names it.";
  command.example = "tombolo cert rotate-ca\ntombolo up\ntombolo cert rotate-ca --finish";
  command.options = {{"--finish", "", "Drop the old authority"},
                     {"--force", "", "With --finish: also when members still have certificates of the old one"}};
  command.run = run_cert_rotate_ca;
  return command;
}

}  // namespace tombolo::cli
