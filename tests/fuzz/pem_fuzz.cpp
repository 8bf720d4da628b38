// PEM comes out of files that people edit: reading it ends, and every block can be written and read again.
#include <cstdint>
#include <cstdlib>

#include "codec/pem.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tombolo;
  const auto blocks = codec::decode_pem(as_text({data, size}));
  if (!blocks) return 0;
  for (const auto& block : *blocks) {
    const auto again = codec::decode_pem(codec::encode_pem(block.label, block.body.expose()));
    if (!again || again->size() != 1 || (*again)[0].label != block.label ||
        (*again)[0].body.expose() != block.body.expose())
      std::abort();
  }
  return 0;
}
