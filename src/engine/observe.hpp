// Reading the world: all kinds at once.
#pragma once
#include "engine/resource.hpp"

namespace tombolo::engine {

// Runs the tasks at the same time on the clock's threads and waits for all; an exception of one is thrown again here.
void in_parallel(Clock& clock, const std::vector<std::function<void()>>& tasks);

// Everything of all kinds that carries our mark. The first failure wins; it names the kind.
Result<std::vector<Observed>> observe(const Kinds& kinds, Clock& clock, const std::stop_token& stop);

}  // namespace tombolo::engine
