// gzip: never more comes out than was allowed; what we pack is what we get back.
#include <cstdint>
#include <cstdlib>

#include "codec/gzip.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tombolo;
  constexpr std::size_t kLimit = 1u << 16;
  const ByteView bytes(data, size);
  if (const auto plain = codec::gunzip(bytes, kLimit); plain && plain->size() > kLimit) std::abort();
  if (codec::gunzip(codec::gzip(bytes), size).value() != Bytes(bytes.begin(), bytes.end())) std::abort();
  return 0;
}
