// tombolo unpeer: two clusters again.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ostream>

#include "cli/by_hand.hpp"
#include "cli/commands.hpp"

namespace tombolo::cli {
namespace {

Result<Exit> run_unpeer(Invocation& call) {
  const auto opened = TRY(open_by_hand(call, "unpeer", cluster::Access::kChange));
  auto& kubernetes = opened.session->kubernetes();
  auto* home = TRY(kubernetes.home(call.stop));
  const auto id = cluster::cloud_cluster_id(opened.file.cluster);
  const auto bare = TRY(liqo::bare_offloaded_pods(*home, id, call.stop));
  if (!bare.empty() &&
      !TRY(agreed(call, fmt::format("These pods end for good, for nothing makes them again: {}. Go on?",
                                    fmt::join(bare, ", ")))))
    return fail(Code::kCancelled, "nothing was changed");
  const bool forced = call.args.flag("--force");
  TRY(by_hand(call, opened).unpeer(id, forced, call.stop));
  if (call.console.json)
    call.console.print({{"cloud", id}, {"forced", forced}});
  else if (forced)
    call.console.out << "Home is free of " << id
                     << ". What it had in the cloud is still there if the cloud is: pods, and what they cost.\n";
  else
    call.console.out << "The two clusters are two again; nothing of the peering with " << id
                     << " is left on either side.\n";
  return Exit::kDone;
}

}  // namespace

Command make_unpeer() {
  Command command;
  command.path = "unpeer";
  command.summary = "Take the peering down";
  command.description =
      "In the order that cannot deadlock: slices and virtual node (its pods are evicted, PodDisruptionBudgets are "
      "honoured), home's identity, then the cloud's tenant, and at last the namespaces and ForeignClusters that "
      "liqoctl leaves behind. What blocks it is named. Namespaces stay marked as offloaded: with the next peering they "
      "are again.\n\n"
      "--force frees home when the cloud is gone. Home must have noticed that: it looks every 15 seconds.";
  command.example = "tombolo unpeer\ntombolo unpeer --force";
  command.options = {{"--force", "", "The cloud is gone: free home without it"}, yes_option()};
  for (auto& option : aws_options()) command.options.push_back(option);
  command.prints_data = true;
  command.run = run_unpeer;
  return command;
}

}  // namespace tombolo::cli
