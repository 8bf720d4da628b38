// tombolo ssh: a shell on the lighthouse, with the host keys that `up` pinned.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ostream>

#include "cli/commands.hpp"
#include "cli/runtime.hpp"
#include "store/known_hosts.hpp"

namespace tombolo::cli {
namespace {

// A terminal session is OpenSSH's business: it knows agents, window sizes and escapes. It reads the files that `up` wrote.
Result<Exit> interactive(const store::StateFolder& folder, const std::string& machine) {
  const auto config = folder.path() + "/ssh_config";
  std::vector<std::string> words{"ssh", "-F", config, machine};
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execvp("ssh", argv.data());
  return fail(Code::kNotFound, fmt::format("cannot start ssh: {}", std::strerror(errno)),
              "Install OpenSSH's client, or give a command: `tombolo ssh lighthouse -- uptime`.");
}

Result<Exit> run_ssh(Invocation& call) {
  const auto file = TRY(load_cluster_file(call));
  const auto runtime = TRY(make_runtime(call));
  const auto session = TRY(runtime->open(file.cluster, cluster::Access::kLook, "ssh", nullptr, true));
  auto words = call.args.arguments();
  const auto machine = words.front();
  words.erase(words.begin());
  if (!TRY(session->lighthouse()->record()))
    return fail(Code::kNotFound, fmt::format("the {} was never reached from here", machine),
                "Run `tombolo up` first: it proves and pins the machine's host keys.");
  if (words.empty()) return interactive(session->folder(), machine);
  auto* shell = TRY(session->lighthouse()->shell(std::chrono::seconds(10), call.stop));
  // As ssh does: the words are joined, and the shell over there takes them apart.
  const auto command = fmt::format("{}", fmt::join(words, " "));
  const auto sink = [&](std::string_view piece, bool is_error) {
    auto& out = is_error ? call.console.err : call.console.out;
    out << piece << std::flush;
    return static_cast<bool>(out);
  };
  return static_cast<Exit>(TRY(shell->stream(command, sink, call.stop)));
}

}  // namespace

Command make_ssh() {
  Command command;
  command.path = "ssh";
  command.summary = "Open a shell on the lighthouse, or run a command there";
  command.description =
      "The machine's host keys were proven and pinned by `tombolo up`, so nothing is trusted on first use and nothing "
      "of "
      "your own known_hosts is read or changed, also not when the lighthouse was replaced. With a command the exit "
      "code "
      "is the command's. Without one your own ssh is started with the files in the state folder, which scp and rsync "
      "can use as well:\n\n"
      "  ssh -F .tombolo/ssh_config lighthouse\n  scp -F .tombolo/ssh_config file lighthouse:";
  command.example = "tombolo ssh lighthouse\ntombolo ssh lighthouse -- sudo systemctl status nebula";
  command.arguments = {{"MACHINE", "Which machine", true, false, {"lighthouse"}},
                       {"COMMAND", "What to run there; behind --", false, true, {}}};
  command.run = run_ssh;
  return command;
}

}  // namespace tombolo::cli
