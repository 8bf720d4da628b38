// tombolo export: what `up` would lay at home, as files for a GitOps repository.
#include <fmt/format.h>

#include <filesystem>
#include <ostream>

#include "base/files.hpp"
#include "cli/commands.hpp"
#include "cli/runtime.hpp"
#include "cluster/tree.hpp"

namespace tombolo::cli {
namespace {

Result<Exit> run_export(Invocation& call) {
  const auto file = TRY(load_cluster_file(call));
  const bool flux = call.args.given("--flux");
  if (flux == call.args.given("--kustomize"))
    return fail(Code::kBadInput, "say which tree: --kustomize DIR or --flux DIR");
  const auto folder = call.args.value(flux ? "--flux" : "--kustomize");
  const auto runtime = TRY(make_runtime(call));
  const auto session = TRY(runtime->open(file.cluster, cluster::Access::kLook, "export", nullptr, true));
  const auto tree = TRY(cluster::gitops_tree(*session, flux ? cluster::TreeKind::kFlux : cluster::TreeKind::kKustomize,
                                             cluster::place_in_repository(folder)));
  int changed = 0;
  codec::JsonArray names;
  for (const auto& [name, content] : tree) {
    const auto path = folder + "/" + name;
    std::error_code failed;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), failed);
    if (failed) return fail(Code::kIo, fmt::format("cannot make {}: {}", path, failed.message()));
    names.emplace_back(name);
    if (const auto before = read_file(path); before && *before == content) continue;
    TRY(write_file(path, content, kPublicFile));
    ++changed;
  }
  if (call.console.json)
    call.console.print(codec::Json{{"folder", folder}, {"files", std::move(names)}, {"changed", changed}});
  else
    call.console.out << fmt::format("{} files in {}, {} changed.\n", tree.size(), folder, changed);
  return Exit::kDone;
}

}  // namespace

Command make_export() {
  Command command;
  command.path = "export";
  command.summary = "Write what `up` would lay at home as a GitOps tree";
  command.description =
      "Nebula's namespace, configuration and DaemonSet, Liqo's HelmRelease and its source, and the offloading of the "
      "file's namespaces, which must be there. Liqo is a HelmRelease in both trees, so home needs Flux' "
      "source-controller "
      "and helm-controller. The same cluster file and the same certificates give the same bytes; files of the tree "
      "that "
      "are right already are not touched. Private keys are not in it: nebula/secret.example.yaml says which Secret is "
      "meant, and `tombolo up` lays it.\n\n"
      "With home.manage: gitops `tombolo up` applies nothing but that Secret and waits until your GitOps has applied "
      "the tree; it says what is missing, and when the tree is from an earlier state of the file or of the "
      "certificates. "
      "--flux adds flux.yaml with one Kustomization each, in the "
      "order that works, for the GitRepository flux-system; the paths in it are those of DIR in the git repository "
      "around "
      "it. Commit DIR below the folder that Flux applies. --kustomize is for `kubectl apply -k`: Nebula and Liqo at "
      "once, "
      "and offloading/ once Liqo is there.";
  command.example = "tombolo export --kustomize infrastructure/tombolo\ntombolo export --flux clusters/home/homelab";
  command.options = {{"--kustomize", "DIR", "Write a tree for kubectl apply -k"},
                     {"--flux", "DIR", "Write a tree for Flux"}};
  command.prints_data = true;
  command.run = run_export;
  return command;
}

}  // namespace tombolo::cli
