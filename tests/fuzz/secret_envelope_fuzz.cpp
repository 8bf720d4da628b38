// A backup file's header, from bytes: store/secret_envelope.hpp.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "store/secret_envelope.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto envelope = tombolo::store::parse_envelope({data, size});
  // Header and sealed bytes are the whole file, and no cost is beyond what a machine can bear.
  if (envelope && (envelope->header.size() + envelope->sealed.size() != size || envelope->cost.memory_kib > (1u << 20)))
    std::abort();
  return 0;
}
