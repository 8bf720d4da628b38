// Base64 has one spelling for each byte string: what is read must be written the same again.
#include <cstdint>
#include <cstdlib>

#include "codec/base64.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tombolo;
  const auto text = as_text({data, size});
  if (const auto bytes = codec::decode_base64(text); bytes && codec::encode_base64(*bytes) != text) std::abort();
  const Bytes any(data, data + size);
  if (codec::decode_base64(codec::encode_base64(any)).value() != any) std::abort();
  return 0;
}
