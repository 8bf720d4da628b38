// Logs of containers.
#pragma once
#include <optional>
#include <string>

#include "kube/client.hpp"
#include "kube/object.hpp"

namespace tombolo::kube {

struct LogOptions {
  std::string
      container;  // "": the only one, or the one that the annotation kubectl.kubernetes.io/default-container names
  bool follow = false;  // until the container ends, the sink has enough, or a stop
  bool previous = false;  // of the container that ran before the last restart
  bool timestamps = false;  // each line begins with an RFC 3339 time
  std::optional<int> tail;  // the last lines only
  std::optional<Duration> since;
  Duration patience = std::chrono::hours(1);  // of the whole exchange
};

// Whole lines, without their line feed; a last line without one, too. Errors: kState while the container has not started yet,
// kTransient when a followed log breaks off.
Result<> logs(Client& client, const ObjectName& pod, const LogOptions& options,
              const std::function<bool(std::string_view line)>& each, const std::stop_token& stop);

}  // namespace tombolo::kube
