#include "kube/logs.hpp"

#include <fmt/format.h>

#include "kube/lines.hpp"

namespace tombolo::kube {

Result<> logs(Client& client, const ObjectName& pod, const LogOptions& options,
              const std::function<bool(std::string_view line)>& each, const std::stop_token& stop) {
  codec::Form query;
  if (!options.container.empty()) query.emplace_back("container", options.container);
  if (options.follow) query.emplace_back("follow", "true");
  if (options.previous) query.emplace_back("previous", "true");
  if (options.timestamps) query.emplace_back("timestamps", "true");
  if (options.tail) query.emplace_back("tailLines", std::to_string(*options.tail));
  if (options.since)
    query.emplace_back("sinceSeconds", std::to_string(std::chrono::ceil<std::chrono::seconds>(*options.since).count()));
  const Call call{.doing = "reading the log of " + pod.text(),
                  .path = pod.path("log"),
                  .query = std::move(query),
                  .timeout = options.patience};
  Lines lines;
  bool go_on = true;
  auto ended = client.stream(call, [&](std::string_view piece) { return go_on = lines.add(piece, each); }, stop);
  if (lines.overflown())
    return fail(Code::kCorrupt, fmt::format("{}: a line of more than {} bytes", call.doing, Lines::kLongest));
  if (ended && go_on && !lines.rest().empty()) each(lines.rest());
  // "container "x" in pod "y" is waiting to start: ContainerCreating" comes as BadRequest.
  if (!ended && ended.error().code() == Code::kBadInput &&
      ended.error().sentence().find("is waiting to start") != std::string::npos)
    return fail(Error(Code::kState, ended.error().sentence()).from(ended.error().remote().value_or(Remote{})));
  return ended;
}

}  // namespace tombolo::kube
