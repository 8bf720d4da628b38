// tombolo kubeconfig: the way to either cluster, for other programs.
#include <fmt/format.h>

#include <ostream>

#include "cli/commands.hpp"
#include "cli/runtime.hpp"

namespace tombolo::cli {
namespace {

Result<Exit> run_kubeconfig(Invocation& call) {
  const auto file = TRY(load_cluster_file(call));
  const bool home = call.args.flag("--home"), merge = call.args.flag("--merge");
  if (int(home) + int(merge) + int(call.args.flag("--cloud")) > 1)
    return fail(Code::kBadInput, "--home, --cloud and --merge exclude each other");
  const auto runtime = TRY(make_runtime(call));
  const auto session = TRY(runtime->open(file.cluster, cluster::Access::kLook, "kubeconfig", nullptr, true));
  if (!session->has_clusters())
    return fail(Code::kUnsupported, "this cluster has no Kubernetes clusters",
                "cloud.kubernetes.distribution in the cluster file is none.");
  kube::Kubeconfig config;
  if (home || merge) {
    const auto access = TRY(session->options().home_access());
    if (access.user.exec)
      return fail(Code::kUnsupported,
                  fmt::format("home's user {} logs in by the program {}, which cannot be handed on", access.user.name,
                              access.user.exec->command),
                  "Use the kubeconfig that home.kubeconfig names itself.");
    config.clusters = {access.cluster};
    config.users = {access.user};
    config.contexts = {{access.context, "", access.cluster.name, access.user.name, access.name_space}};
    config.current_context = access.context;
  }
  if (!home) kube::merge(config, TRY(session->kubernetes().cloud_kubeconfig()));
  if (call.console.json) {
    codec::JsonArray contexts;
    for (const auto& context : config.contexts)
      contexts.push_back(codec::Json{
          {"context", context.name}, {"server", config.cluster(context.cluster)->server}, {"user", context.user}});
    call.console.print(codec::Json{{"contexts", std::move(contexts)}});
    return Exit::kDone;
  }
  call.console.out << kube::kubeconfig_text(config).expose() << std::flush;
  return Exit::kDone;
}

}  // namespace

Command make_kubeconfig() {
  Command command;
  command.path = "kubeconfig";
  command.summary = "Print a kubeconfig for the cloud's cluster, for home, or for both";
  command.description =
      "The cloud's names the mesh address of its API, https://10.42.0.1:6443, so it serves members of the mesh; from "
      "elsewhere use `tombolo kubectl`. Credentials are part of what is printed: keep it private. With -o json only "
      "the "
      "contexts are listed, without credentials.";
  command.example =
      "tombolo kubeconfig >cloud.yaml\ntombolo kubeconfig --merge >both.yaml\nKUBECONFIG=both.yaml kubectl config "
      "get-contexts";
  command.options = {{"--cloud", "", "The cloud's cluster (the default)"},
                     {"--home", "", "The home cluster, as home.kubeconfig and home.context name it"},
                     {"--merge", "", "Both; home's context is the current one"}};
  command.prints_data = true;
  command.run = run_kubeconfig;
  return command;
}

}  // namespace tombolo::cli
