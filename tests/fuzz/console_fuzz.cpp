// A machine's console is whatever a machine sends: reading it must end, in bounded memory, with phases that exist.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "cloudinit/progress.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tombolo::cloudinit;
  const auto progress = read_console({reinterpret_cast<const char*>(data), size});
  const auto& known = phases();
  for (const auto& phase : progress.phases)
    if (std::find(known.begin(), known.end(), phase.name) == known.end()) std::abort();
  if (progress.phases.size() > known.size() || progress.public_key_pem.size() > 1024 + known.size()) std::abort();
  if (progress.done() && progress.waiting()) std::abort();
  return 0;
}
