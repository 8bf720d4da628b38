// tombolo unoffload: pods of a namespace stay at home again.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ostream>

#include "cli/by_hand.hpp"
#include "cli/commands.hpp"
#include "liqo/offloading.hpp"

namespace tombolo::cli {
namespace {

Result<std::vector<std::string>> pods_in_cloud(kube::Client& home, const std::string& name_space,
                                               const std::string& node, const std::stop_token& stop) {
  std::vector<std::string> out;
  for (const auto& pod : TRY(kube::list(home, {{kube::kPods, name_space, ""}, "", "spec.nodeName=" + node, 500}, stop)))
    out.push_back(kube::name_of(pod));
  return out;
}

Result<Exit> run_unoffload(Invocation& call) {
  const auto name = call.args.argument(0);
  const auto opened = TRY(open_by_hand(call, "unoffload", cluster::Access::kChange));
  auto* home = TRY(opened.session->kubernetes().home(call.stop));
  const kube::ObjectName object{liqo::kNamespaceOffloadings, name, std::string(liqo::kOffloadingName)};
  const bool there = TRY(kube::find(*home, object, call.stop)).has_value();
  const auto pods = TRY(pods_in_cloud(*home, name, cluster::cloud_cluster_id(opened.file.cluster), call.stop));
  if (there && !pods.empty() &&
      !TRY(agreed(call, fmt::format("These pods of {} run in the cloud and end by this: {}. Go on?", name,
                                    fmt::join(pods, ", ")))))
    return fail(Code::kCancelled, "nothing was changed");
  TRY(by_hand(call, opened).unoffload(name, call.stop));
  if (call.console.json)
    call.console.print({{"namespace", name}, {"changed", there}});
  else
    call.console.out << (there ? "Pods of " + name + " stay at home.\n"
                               : "Nothing to do. " + name + " is not offloaded.\n");
  return Exit::kDone;
}

}  // namespace

Command make_unoffload() {
  Command command;
  command.path = "unoffload";
  command.summary = "Keep pods of a namespace at home again";
  command.description =
      "Removes the NamespaceOffloading and waits until it is gone. The namespace's twin in the cloud goes with it, and "
      "so "
      "do its pods there. One that the cluster file names is offloaded again by the next `tombolo up`.";
  command.example = "tombolo unoffload llm";
  command.arguments = {{"NAMESPACE", "A namespace of home"}};
  command.options = {yes_option()};
  for (auto& option : aws_options()) command.options.push_back(option);
  command.prints_data = true;
  command.run = run_unoffload;
  return command;
}

}  // namespace tombolo::cli
