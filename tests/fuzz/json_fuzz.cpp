// JSON: what is taken survives being written, in each of the three forms.
#include <cstdint>
#include <cstdlib>

#include "codec/json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tombolo::codec;
  const auto value = parse_json({reinterpret_cast<const char*>(data), size});
  if (!value) return 0;
  const auto canonical = to_canonical_text(*value);
  if (to_canonical_text(parse_json(to_text(*value)).value()) != canonical) std::abort();
  if (to_canonical_text(parse_json(to_pretty_text(*value)).value()) != canonical) std::abort();
  if (to_canonical_text(parse_json(canonical).value()) != canonical) std::abort();
  find(*value, "a.0.b");
  return 0;
}
