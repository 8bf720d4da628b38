// The protobuf wire: reading ends, never looks outside its bytes, and every step forward takes at least a byte.
#include <cstdint>
#include <cstdlib>

#include "codec/protobuf.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tombolo;
  codec::ProtoReader reader({data, size});
  std::size_t fields = 0;
  std::size_t touched = 0;
  while (!reader.done()) {
    const auto field = reader.next();
    if (!field) return 0;
    for (const Byte b : field->content) touched += b;
    codec::ProtoReader packed(field->content);
    while (!packed.done() && packed.varint()) ++touched;
    if (++fields > size) std::abort();
  }
  return touched == ~std::size_t{0};
}
