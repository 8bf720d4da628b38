// An SSH public key comes from a server or a console: what is accepted has one text, and reads back as itself.
#include <cstdint>
#include <cstdlib>

#include "codec/base64.hpp"
#include "codec/ssh_public.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tombolo;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& key : {codec::parse_ssh_public(text), codec::parse_ssh_public_blob({data, size})}) {
    if (!key) continue;
    const auto again = codec::parse_ssh_public(key->line());
    if (!again || again->line() != key->line()) std::abort();
    if (key->type.find_first_of(" \n") != std::string::npos) std::abort();
  }
  return 0;
}
