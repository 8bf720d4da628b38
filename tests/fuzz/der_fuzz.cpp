// DER has one form: an element that is read must be written the same again, and so must an integer.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "codec/der.hpp"

namespace {

void walk(tombolo::ByteView bytes, int depth) {
  using namespace tombolo;
  codec::DerReader reader(bytes);
  while (!reader.done()) {
    const auto element = reader.next();
    if (!element) return;
    Bytes again;
    codec::put_der(again, element->tag, element->content);
    if (!std::ranges::equal(again, element->whole)) std::abort();
    if (const auto value = codec::decode_der_integer(element->content);
        value && !std::ranges::equal(codec::encode_der_integer(*value), element->content)) {
      std::abort();
    }
    constexpr Byte kConstructed = 0x20;
    if ((element->tag & kConstructed) != 0 && depth < 16) walk(element->content, depth + 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  walk({data, size}, 0);
  return 0;
}
