// What the commands share that do by hand what `up` does: a session that may change things, and its stages told as they come.
#pragma once
#include <memory>

#include "cli/runtime.hpp"
#include "cluster/by_hand.hpp"

namespace tombolo::cli {

struct Opened {
  LoadedFile file;
  std::unique_ptr<Runtime> runtime;
  std::unique_ptr<cluster::Session> session;
};
// Errors also: kUnsupported for a cluster without Kubernetes in the cloud.
Result<Opened> open_by_hand(Invocation& call, std::string_view command, cluster::Access access);

// What the session can do by hand. Its stages are printed as "stage: detail", on err with -o json.
cluster::ByHand by_hand(Invocation& call, const Opened& opened);

// The option --yes, and the question it answers. False: no.
Option yes_option();
Result<bool> agreed(Invocation& call, const std::string& question);

}  // namespace tombolo::cli
