// What goes on in passes, as Liqo's peering does: when the next one is worth it, and what of the last one is worth a line.
#pragma once
#include <functional>
#include <string>
#include <utility>

#include "liqo/progress.hpp"

namespace tombolo::cluster {

// Soon after a call controllers answer in tenths of a second; what takes longer takes seconds.
inline Duration next_pass(Duration waited) {
  using namespace std::chrono_literals;
  return waited < 3s ? 50ms : waited < 15s ? 200ms : 500ms;
}

// Tells every change of what is waited for once.
class Teller {
 public:
  void tell(const liqo::Progress& progress, const std::function<void(std::string, std::string)>& say) {
    if (!progress.said.empty() && std::exchange(said_, progress.said) != progress.said)
      say(progress.stage, progress.said);
    if (!progress.waiting_for.empty() && std::exchange(waiting_, progress.waiting_for) != progress.waiting_for)
      say(progress.stage, "waiting for " + progress.waiting_for);
  }

 private:
  std::string said_, waiting_;
};

}  // namespace tombolo::cluster
