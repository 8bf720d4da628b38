// The simulated site between two runs of --sim: a file with every call it carried out, played again at the next start.
// Same seed, same calls, same times: the same world. The file may hold user-data: it is private like a key.
#pragma once
#include <memory>
#include <string>

#include "base/virtual_clock.hpp"
#include "sim/site.hpp"

namespace tombolo::sim {

// A site on virtual time whose world lives on in `path` (.tombolo/sim.json; a JSON object a line).
class LastingSite {
 public:
  // Starts where the file ends, or at `begin` when there is none. kCorrupt when the file is not one of ours.
  static Result<std::unique_ptr<LastingSite>> open(const std::string& path, Time begin, Options options = {});
  ~LastingSite();

  VirtualClock& clock() { return *clock_; }
  Site& site() { return *site_; }

 private:
  LastingSite() = default;
  std::unique_ptr<VirtualClock> clock_;
  std::unique_ptr<Site> site_;
  int file_ = -1;
};

}  // namespace tombolo::sim
