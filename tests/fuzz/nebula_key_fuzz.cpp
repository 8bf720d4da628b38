// Nebula's key files, encrypted ones included (without trying a passphrase: that is slow on purpose).
#include <cstdint>
#include <cstdlib>

#include "nebula/key_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tombolo;
  const auto text = as_text({data, size});
  if (const auto key = nebula::parse_member_key(text)) {
    if (nebula::parse_member_key(key->to_pem().expose()).value().public_key() != key->public_key()) std::abort();
  }
  if (const auto key = nebula::parse_public_key(text)) {
    if (nebula::parse_public_key(nebula::public_key_pem(*key)).value() != *key) std::abort();
  }
  const auto key = nebula::parse_signing_key(text);
  if (!key) return 0;
  if (const auto* plain = std::get_if<nebula::SigningKey>(&*key)) {
    const auto again = nebula::parse_signing_key(plain->to_pem().expose());
    if (std::get<nebula::SigningKey>(again.value()).public_key() != plain->public_key()) std::abort();
  } else if (std::get<nebula::EncryptedKey>(*key).salt.size() < 16) {
    std::abort();
  }
  return 0;
}
