// tombolo test: the recipe's test pod, from home to the cloud and back.
#include <fmt/format.h>

#include <ostream>

#include "base/ids.hpp"
#include "cli/by_hand.hpp"
#include "cli/commands.hpp"
#include "cli/table.hpp"

namespace tombolo::cli {
namespace {

Result<Exit> run_test(Invocation& call) {
  const auto opened = TRY(open_by_hand(call, "test", cluster::Access::kLook));
  const auto& offloaded = opened.file.cluster.liqo.offloaded_namespaces;
  liqo::Trial trial;
  trial.name_space = call.args.given("--namespace") ? call.args.value("--namespace")
                     : offloaded.empty()            ? std::string("default")
                                                    : offloaded.front();
  trial.name = "tombolo-test-" + random_id(3);
  trial.image = call.args.value("--image");
  trial.node = cluster::cloud_cluster_id(opened.file.cluster);
  const auto seconds = std::atoi(call.args.value("--timeout").c_str());
  if (seconds < 1 || seconds > 3600) return fail(Code::kBadInput, "--timeout takes a number of seconds from 1 to 3600");
  const bool keep = call.args.flag("--keep");
  const auto seen = TRY(by_hand(call, opened).try_out(trial, keep, std::chrono::seconds(seconds), call.stop));
  if (call.console.json) {
    codec::JsonArray log(seen.log.begin(), seen.log.end());
    call.console.print({{"pod", trial.name},
                        {"namespace", trial.name_space},
                        {"node", seen.node},
                        {"remoteNode", seen.remote_node},
                        {"log", std::move(log)},
                        {"seconds", std::chrono::duration<double>(seen.took).count()}});
    return Exit::kDone;
  }
  auto& out = call.console.out;
  out << "It ran on " << seen.node << (seen.remote_node.empty() ? "" : ", in the cloud on " + seen.remote_node)
      << ", after " << format_duration(seen.took) << ". Its log, read at home:\n";
  for (const auto& line : seen.log) out << "    " << printable(line) << "\n";
  if (!keep) out << "The pod is removed.\n";
  return Exit::kDone;
}

}  // namespace

Command make_test() {
  Command command;
  command.path = "test";
  command.summary = "Run a pod in the cloud from home and show its log";
  command.description =
      "The recipe's test pod: bound to the virtual node, with the toleration that Liqo wants (NoExecute), in the first "
      "of "
      "the offloaded namespaces. Its log is read at home, through the virtual node. The pod is removed whatever "
      "happens; "
      "one that could not be removed ends by itself within a quarter of an hour.";
  command.example = "tombolo test\ntombolo test -n llm --image registry.lan/busybox";
  command.options = {
      {"-n,--namespace", "NAME", "Namespace of home, offloaded (default: the first that the cluster file names)"},
      {"--image", "IMAGE", "Image with a shell", "busybox"},
      {"--timeout", "SECONDS", "How long it may take to run", "120"},
      {"--keep", "", "Leave the pod there, to look at it"}};
  for (auto& option : aws_options()) command.options.push_back(option);
  command.prints_data = true;
  command.run = run_test;
  return command;
}

}  // namespace tombolo::cli
