// Carrying out a plan: operations in parallel over the graph, on a few threads, with no sleeping step. A step that has to
// wait goes into a queue ordered by time; whoever is free takes the next one that is due.
#pragma once
#include "engine/operation.hpp"

namespace tombolo::engine {

struct ApplyOptions {
  int threads = 8;
  std::uint64_t seed = 0;  // of the back-off jitter
};

struct OperationResult {
  Address address;
  std::string action;
  std::string id;
  bool done = false;
  bool skipped = false;  // a need failed, or the run was stopped before it began
  std::optional<Error> error;
  Duration took{};
};

struct ApplyReport {
  std::vector<OperationResult> operations;  // in the plan's order
  bool cancelled = false;
  bool ok() const;
  std::vector<Error> errors() const;  // of what failed, not of what was skipped
};

struct Surroundings {
  const Kinds& kinds;
  store::Journal& journal;
  State& state;  // kept up to date
  Clock& clock;
  EventSink events;
  std::string run;  // id of this run, in every journal entry
};

// Independent operations go on when one fails; what needs the failed one is skipped. A stop request lets calls in flight
// end and journals them. Whatever escapes a step as an exception (a simulated crash, a bug) ends all threads and is
// thrown again here.
ApplyReport apply(const Plan& plan, Surroundings around, const std::stop_token& stop, const ApplyOptions& options = {});

}  // namespace tombolo::engine
