// JSON: what is taken survives being written, in each of the three forms. Values with fractions are only read again:
// Boost.JSON 1.81 may be off by the last binary digit when it reads one.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "codec/json.hpp"

namespace {

bool has_fractions(const tombolo::codec::Json& value) {
  if (const auto* array = value.if_array()) return std::any_of(array->begin(), array->end(), has_fractions);
  if (const auto* object = value.if_object()) {
    return std::any_of(object->begin(), object->end(),
                       [](const auto& member) { return has_fractions(member.value()); });
  }
  return value.is_double();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tombolo::codec;
  const auto value = parse_json({reinterpret_cast<const char*>(data), size});
  if (!value) return 0;
  find(*value, "a.0.b");
  const auto canonical = to_canonical_text(*value);
  if (has_fractions(*value)) {
    if (!parse_json(canonical)) std::abort();
    return 0;
  }
  if (to_canonical_text(parse_json(to_text(*value)).value()) != canonical) std::abort();
  if (to_canonical_text(parse_json(to_pretty_text(*value)).value()) != canonical) std::abort();
  if (to_canonical_text(parse_json(canonical).value()) != canonical) std::abort();
  return 0;
}
