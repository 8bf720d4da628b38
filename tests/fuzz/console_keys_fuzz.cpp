// A machine's console is whatever a machine sends: what is taken for host keys are whole keys that stand in the text.
#include <cstdint>
#include <cstdlib>

#include "cloudinit/host_proof.hpp"
#include "codec/ssh_public.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tombolo;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& key : cloudinit::console_host_keys(text)) {
    const auto parsed = codec::parse_ssh_public(key);
    if (!parsed || parsed->line() != key || text.find(key) == text.npos) std::abort();
  }
  return 0;
}
