// OpenSSH's private key files: what is read has matching halves, and reads the same when it is written again.
#include <cstdint>
#include <cstdlib>

#include "crypto/ssh_key.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tombolo;
  const auto pair = crypto::parse_openssh_private_key(as_text({data, size}));
  if (!pair) return 0;
  const auto again = crypto::parse_openssh_private_key(crypto::openssh_private_key(*pair).expose());
  if (!again || again->key.public_key() != pair->key.public_key() || again->comment != pair->comment) std::abort();
  return 0;
}
