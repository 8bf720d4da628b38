#include "cluster/cloud.hpp"

namespace tombolo::cluster {

Duration poll_pause(const engine::Call& call) {
  return call.clock.now() - call.since < 2min ? Duration(1s) : Duration(5s);
}

}  // namespace tombolo::cluster
