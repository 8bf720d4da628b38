// tombolo offload: pods of a namespace may run in the cloud.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ostream>

#include "cli/by_hand.hpp"
#include "cli/commands.hpp"
#include "liqo/offloading.hpp"

namespace tombolo::cli {
namespace {

// "--select gpu=true" twice: both must hold.
Result<codec::Json> selector_of(const std::vector<std::string>& pairs) {
  codec::JsonArray expressions;
  for (const auto& pair : pairs) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(Code::kBadInput, fmt::format("--select {}: this is no KEY=VALUE", pair));
    expressions.push_back({{"key", pair.substr(0, equals)},
                           {"operator", "In"},
                           {"values", codec::JsonArray{codec::Json(pair.substr(equals + 1))}}});
  }
  codec::JsonArray terms;
  if (!expressions.empty()) terms.push_back(codec::Json{{"matchExpressions", std::move(expressions)}});
  return codec::Json{{"nodeSelectorTerms", std::move(terms)}};
}

Result<liqo::Offloading> wished(Invocation& call) {
  liqo::Offloading wish;
  wish.name_space = call.args.argument(0);
  wish.strategy = call.args.value("--strategy");
  wish.mapping = call.args.value("--mapping");
  wish.remote_name = call.args.value("--remote-name");
  wish.selector = TRY(selector_of(call.args.values("--select")));
  if (wish.remote_name.empty() == (wish.mapping == "SelectedName"))
    return fail(Code::kBadInput, "--mapping SelectedName and --remote-name go together");
  return wish;
}

Result<Exit> run_offload(Invocation& call) {
  const auto wish = TRY(wished(call));
  const auto opened = TRY(open_by_hand(call, "offload", cluster::Access::kChange));
  auto* home = TRY(opened.session->kubernetes().home(call.stop));
  if (wish.name_space.starts_with("kube-") || wish.name_space.starts_with("liqo") ||
      wish.name_space == opened.file.cluster.home.nebula_namespace)
    return fail(Code::kBadInput, fmt::format("the namespace {} belongs to the cluster itself", wish.name_space),
                "Offload namespaces of workloads only.");
  const auto done = TRY(by_hand(call, opened).offload(wish, cluster::home_labels(opened.file.cluster), call.stop));
  const auto earlier = TRY(liqo::earlier_pods(*home, wish.name_space, wish.strategy == "Remote", call.stop));
  const bool remake = call.args.flag("--recreate-pods");
  if (remake) TRY(liqo::remake(*home, wish.name_space, earlier.remakable, call.stop));
  if (call.console.json) {
    codec::JsonArray remakable(earlier.remakable.begin(), earlier.remakable.end()),
        bare(earlier.bare.begin(), earlier.bare.end());
    call.console.print({{"namespace", wish.name_space},
                        {"remoteNamespace", done.remote_name},
                        {"changed", done.changed},
                        {"recreated", remake},
                        {"earlierPods", std::move(remakable)},
                        {"barePods", std::move(bare)}});
    return Exit::kDone;
  }
  auto& out = call.console.out;
  out << (done.changed ? "" : "Nothing to do. ") << "Pods of " << wish.name_space << " may run in the cloud, there in "
      << done.remote_name << ".\n";
  if (!earlier.remakable.empty())
    out << (remake ? "Made anew: " : "Pods that were there before stay as they were; --recreate-pods makes them anew: ")
        << fmt::format("{}", fmt::join(earlier.remakable, ", ")) << ".\n";
  if (!earlier.bare.empty())
    out << "Nothing would make these again, so they are left alone: "
        << fmt::format("{}", fmt::join(earlier.bare, ", ")) << ".\n";
  return Exit::kDone;
}

}  // namespace

Command make_offload() {
  Command command;
  command.path = "offload";
  command.summary = "Let pods of a namespace run in the cloud";
  command.description =
      "Liqo's NamespaceOffloading, made or changed, until it is ready. Pods are seen by Liqo only as they are made: "
      "those "
      "that were there before stay at home until something makes them anew, which --recreate-pods does for pods that "
      "have a controller.\n\n"
      "Namespaces that the cluster file names (liqo.offloadedNamespaces) are offloaded by `tombolo up`.";
  command.example = "tombolo offload llm\ntombolo offload llm --strategy Remote --recreate-pods";
  command.arguments = {{"NAMESPACE", "A namespace of home"}};
  command.options = {
      {"--strategy", "WHERE", "Where its pods may run", "LocalAndRemote", {"LocalAndRemote", "Remote", "Local"}},
      {"--mapping",
       "HOW",
       "What it is called in the cloud: NAMESPACE-HOME, the same, or --remote-name",
       "DefaultName",
       {"DefaultName", "EnforceSameName", "SelectedName"}},
      {"--remote-name", "NAME", "Its name in the cloud, with --mapping SelectedName"},
      {"--select", "KEY=VALUE", "Only virtual nodes with this label; may be given several times", "", {}, true},
      {"--recreate-pods", "", "End pods that were made before, so that their controllers make them anew"}};
  for (auto& option : aws_options()) command.options.push_back(option);
  command.prints_data = true;
  command.run = run_offload;
  return command;
}

}  // namespace tombolo::cli
