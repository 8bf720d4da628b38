#include "cli/by_hand.hpp"

#include <fmt/format.h>

#include <ostream>

#include "cli/console.hpp"
#include "cli/table.hpp"

namespace tombolo::cli {

Result<Opened> open_by_hand(Invocation& call, std::string_view command, cluster::Access access) {
  auto file = TRY(load_cluster_file(call));
  auto runtime = TRY(make_runtime(call));
  auto session = TRY(runtime->open(file.cluster, access, command, nullptr, true));
  if (!session->has_clusters())
    return fail(Code::kUnsupported, "this cluster has no Kubernetes in the cloud",
                "cloud.kubernetes.distribution in the cluster file is none.");
  return Opened{std::move(file), std::move(runtime), std::move(session)};
}

cluster::ByHand by_hand(Invocation& call, const Opened& opened) {
  auto& out = call.console.json ? call.console.err : call.console.out;
  return {opened.session->kubernetes(), opened.runtime->clock(),
          [&out](const std::string& stage, const std::string& detail) {
            out << "  " << stage << ": " << printable(detail) << "\n" << std::flush;
          }};
}

Option yes_option() { return {"-y,--yes", "", "Do not ask"}; }

Result<bool> agreed(Invocation& call, const std::string& question) {
  if (call.args.flag("--yes")) return true;
  return confirm(call.console, question, "--yes");
}

}  // namespace tombolo::cli
