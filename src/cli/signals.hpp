// Ctrl-C. The first SIGINT or SIGTERM asks the program to stop: calls in flight finish and are journaled. The second
// ends the process at once with exit code 4, which the journal survives.
#pragma once
#include <stop_token>
#include <thread>

namespace tombolo::cli {

// Installs the handlers for its lifetime; one at a time in a process.
class StopOnSignal {
 public:
  StopOnSignal();
  ~StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::jthread listener_;
};

}  // namespace tombolo::cli
