// tombolo mesh config: everything a stock Nebula needs to join the mesh, in one folder.
#include <fmt/format.h>

#include <filesystem>
#include <ostream>

#include "base/files.hpp"
#include "cli/cert_support.hpp"
#include "cli/commands.hpp"
#include "cli/runtime.hpp"
#include "cluster/mesh_member_folder.hpp"

namespace tombolo::cli {
namespace {

Result<> put(const std::string& path, const std::string& text, bool secret) {
  return write_file(path, text, secret ? kPrivateFile : 0644);
}

Result<Exit> run_mesh_config(Invocation& call) {
  const auto file = TRY(load_cluster_file(call));
  const auto name = call.args.argument(0);
  const auto runtime = TRY(make_runtime(call));
  const auto session = TRY(runtime->open(file.cluster, cluster::Access::kChange, "mesh config", nullptr, true));
  const auto path = call.args.value("--path");
  cluster::FolderRequest request{name, cluster::pki_in(path), call.args.value("--lighthouse"), ""};
  if (const auto pub = call.args.value("--pub"); !pub.empty()) request.public_key_pem = TRY(read_input(call, pub));
  const auto made = TRY(cluster::member_folder(*session, request));
  const auto folder = call.args.value("--out").empty() ? "mesh-" + name : call.args.value("--out");
  if (call.console.json && !call.args.given("--out")) {
    call.console.print(
        {{"member", name}, {"config.yml", made.config}, {"ca.crt", made.authorities}, {"host.crt", made.certificate}});
    return Exit::kDone;
  }
  const auto key_path = folder + "/host.key";
  if (!made.key.empty() && file_exists(key_path) && TRY(read_file(key_path)) != made.key.expose())
    return fail(Code::kConflict, fmt::format("{} holds another key, which is not overwritten", key_path),
                "Move it away, or choose another folder with --out.");
  TRY(make_private_folder(folder));
  if (!made.key.empty()) TRY(put(key_path, made.key.expose(), true));
  TRY(put(folder + "/ca.crt", made.authorities, false));
  TRY(put(folder + "/host.crt", made.certificate, false));
  TRY(put(folder + "/config.yml", made.config, false));
  if (call.console.json) {
    call.console.print({{"member", name}, {"folder", folder}, {"key", !made.key.empty()}});
    return Exit::kDone;
  }
  call.console.out << fmt::format(
      "{}/ has config.yml, ca.crt, host.crt{}.\nLay it at {} on {} and run there:\n\n"
      "  nebula -config {}/config.yml\n",
      folder, made.key.empty() ? "; host.key stays where it was made" : " and host.key", path, name, path);
  return Exit::kDone;
}

}  // namespace

Command make_mesh_config() {
  Command command;
  command.path = "mesh config";
  command.summary = "Write a complete Nebula folder for a member";
  command.description =
      "For any host with a stock Nebula from 1.6.1 on: config.yml (the lighthouse's address, firewall rules by group, "
      "the "
      "blocklist), the authorities, and the member's certificate, issued now when it is missing or ends soon. The key "
      "is "
      "made on this computer, unless --pub gives the public half of one that was made where it belongs. A folder that "
      "is "
      "there is brought up to date, and a key in it is never overwritten.";
  command.example =
      "tombolo mesh config talos-homelab\ntombolo mesh config laptop --out /etc/nebula\n"
      "nebula-cert keygen -out-key host.key -out-pub host.pub && tombolo mesh config laptop --pub host.pub";
  command.arguments = {{"MEMBER", "A member of the cluster file with role home or operator"}};
  command.options = {
      {"--out", "DIR", "Where to write the folder (default: mesh-MEMBER)"},
      {"--path", "DIR", "Where the folder will be on the member: the paths in config.yml", "/etc/nebula"},
      {"--lighthouse", "IP", "The lighthouse's address (default: its elastic address, from the journal)"},
      {"--pub", "FILE", "Public key that the member made itself; no private key is written"}};
  command.prints_data = true;
  command.run = run_mesh_config;
  return command;
}

}  // namespace tombolo::cli
