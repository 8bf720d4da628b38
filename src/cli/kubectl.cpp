// tombolo kubectl: your own kubectl on the cloud's cluster, through the pinned SSH connection.
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/files.hpp"
#include "base/temp_folder.hpp"
#include "cli/commands.hpp"
#include "cli/runtime.hpp"

namespace tombolo::cli {
namespace {

// With our terminal, our input and our output. Ctrl-C reaches it from the terminal; we wait for what it makes of it.
Result<int> run_in_front(std::vector<std::string> words, const Environment& env) {
  std::vector<char*> argv, envp;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<std::string> variables;
  for (const auto& [name, value] : env.variables) variables.push_back(name + "=" + value);
  for (auto& variable : variables) envp.push_back(variable.data());
  envp.push_back(nullptr);
  // Signals as a shell would hand them on, whatever ours are.
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none, usual;
  ::sigemptyset(&none);
  ::sigemptyset(&usual);
  for (const int number : {SIGINT, SIGTERM, SIGPIPE}) ::sigaddset(&usual, number);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &usual);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, argv[0], nullptr, &attributes, argv.data(), envp.data());
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0)
    return fail(Code::kNotFound, fmt::format("cannot start {}: {}", words.front(), std::strerror(error)),
                "Install it: https://kubernetes.io/docs/tasks/tools/.");
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return fail(Code::kIo, fmt::format("waiting for {}: {}", words.front(), std::strerror(errno)));
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Result<Exit> run_kubectl(Invocation& call) {
  if (call.simulated())
    return fail(Code::kUnsupported, "the simulated clusters answer this program only: kubectl cannot reach them",
                "Look at them with `tombolo status --sim`.");
  const auto file = TRY(load_cluster_file(call));
  const auto runtime = TRY(make_runtime(call));
  const auto session = TRY(runtime->open(file.cluster, cluster::Access::kLook, "kubectl", nullptr, true));
  if (!session->has_clusters())
    return fail(Code::kUnsupported, "this cluster has no Kubernetes in the cloud",
                "cloud.kubernetes.distribution in the cluster file is none.");
  auto& kubernetes = session->kubernetes();
  // The certificate is for the mesh address; the connection goes to the near end of the tunnel.
  auto config = TRY(kubernetes.cloud_kubeconfig());
  auto& cluster = config.clusters.front();
  cluster.server = "https://" + TRY(kubernetes.cloud_near_end(call.stop));
  cluster.tls_server_name = file.cluster.mesh.lighthouse()->address.text();
  const TempFolder folder;
  const auto path = folder.path() + "/config";
  TRY(kube::write_kubeconfig(path, cluster, config.users.front(), config.contexts.front()));
  auto words = call.args.arguments();
  words.insert(words.begin(), "kubectl");
  auto env = call.env;
  env.variables["KUBECONFIG"] = path;
  return static_cast<Exit>(TRY(run_in_front(std::move(words), env)));
}

}  // namespace

Command make_kubectl() {
  Command command;
  command.path = "kubectl";
  command.summary = "Run kubectl on the cloud's cluster";
  command.description =
      "Your own kubectl, with the cloud's credentials, through the SSH connection whose host keys `tombolo up` proved: "
      "this computer need not be a member of the mesh. Everything behind the word kubectl is kubectl's; Tombolo's own "
      "options stand before it. The exit code is kubectl's.\n\n"
      "For home use your own kubeconfig, or `tombolo kubeconfig --home`.";
  command.example =
      "tombolo kubectl get nodes\ntombolo kubectl -n liqo-system get pods -o wide\ntombolo -f other.yaml kubectl get "
      "pods";
  command.arguments = {{"ARGUMENT", "What kubectl is told", false, true, {}}};
  command.foreign_words = true;
  command.run = run_kubectl;
  return command;
}

}  // namespace tombolo::cli
