// Commands in containers, over WebSocket: v5.channel.k8s.io where the server has it (1.30 and later), v4 otherwise.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "kube/client.hpp"
#include "kube/object.hpp"

namespace tombolo::kube {

struct ExecOptions {
  std::string container;  // "": the default one
  std::vector<std::string> command;
  bool terminal = false;  // the container gives it a terminal; errors then come with the output
};

// What goes in and out. Called on threads of exec(): input on one, outputs on another.
struct ExecStreams {
  std::function<bool(std::string_view)> output;
  std::function<bool(std::string_view)> errors;
  // The next bytes of standard input; "" at its end. Not set: the command gets none. It must come back soon after a stop.
  // Over v4, which cannot tell the end of input, the command does not hear of it.
  std::function<std::string(const std::stop_token&)> input;
};

// The command's exit status. An output that returns false ends it. Errors: Client's; kTransient when the connection broke before the
// command's end was told.
Result<int> exec(Client& client, const ObjectName& pod, const ExecOptions& options, const ExecStreams& streams,
                 const std::stop_token& stop);

// For commands that say little: everything they wrote, at most `limit` bytes of each stream (kBroken beyond).
struct ExecResult {
  int status = 0;
  std::string out;
  std::string err;
};
Result<ExecResult> run(Client& client, const ObjectName& pod, const ExecOptions& options, const std::stop_token& stop,
                       std::size_t limit = std::size_t{1} << 20);

}  // namespace tombolo::kube
