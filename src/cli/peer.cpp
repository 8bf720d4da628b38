// tombolo peer: the peering alone, by hand.
#include <fmt/format.h>

#include <ostream>

#include "cli/by_hand.hpp"
#include "cli/commands.hpp"

namespace tombolo::cli {
namespace {

// The recipe's critical flags: nobody needs to say them, and who says them wrongly is told.
Result<> check_namespace(Invocation& call, const char* flag, std::string_view side, const liqo::Party& party) {
  const auto said = call.args.value(flag);
  if (said.empty() || said == party.name_space) return {};
  return fail(Code::kBadInput,
              fmt::format("{} {}: Liqo in the {} cluster is in the namespace {}", flag, said, side, party.name_space),
              fmt::format("Leave {} out: it is found.", flag));
}

Result<Exit> run_peer(Invocation& call) {
  const auto opened = TRY(open_by_hand(call, "peer", cluster::Access::kChange));
  auto& kubernetes = opened.session->kubernetes();
  auto* home = TRY(kubernetes.home(call.stop));
  auto* cloud = TRY(kubernetes.cloud(call.stop));
  const auto parties = TRY(liqo::find_parties({*home, *cloud}, call.stop));
  TRY(check_namespace(call, "--namespace", "home", parties.home));
  TRY(check_namespace(call, "--remote-namespace", "cloud", parties.cloud));
  const auto before = home->statistics().writes + cloud->statistics().writes;
  auto request = TRY(cluster::peering_request(opened.file.cluster, kubernetes));
  request.renew = call.args.flag("--renew");
  TRY(by_hand(call, opened).peer(request, call.stop));
  const bool changed = home->statistics().writes + cloud->statistics().writes > before;
  if (call.console.json)
    call.console.print(
        {{"home", parties.home.id}, {"cloud", parties.cloud.id}, {"node", parties.cloud.id}, {"changed", changed}});
  else
    call.console.out << (changed ? "" : "Nothing to do. ") << parties.home.id << " is peered with " << parties.cloud.id
                     << ": the virtual node " << parties.cloud.id << " is Ready.\n";
  return Exit::kDone;
}

}  // namespace

Command make_peer() {
  Command command;
  command.path = "peer";
  command.summary = "Peer the two clusters, as `up` does";
  command.description =
      "What liqoctl peer does, through both API servers, from wherever an earlier try has left off, and on until the "
      "virtual node is Ready at home. Liqo's namespaces are found on both sides. A peering with a cloud that was "
      "replaced is taken down first. With nothing to do it writes nothing.";
  command.example = "tombolo peer\ntombolo peer -o json";
  command.options = {{"--renew", "", "Have the certificates of the peering signed anew, however long they would hold"},
                     {"-n,--namespace", "NAME", "Checked against the namespace in which Liqo is at home"},
                     {"--remote-namespace", "NAME", "Checked against the namespace in which Liqo is in the cloud"}};
  for (auto& option : aws_options()) command.options.push_back(option);
  command.prints_data = true;
  command.run = run_peer;
  return command;
}

}  // namespace tombolo::cli
