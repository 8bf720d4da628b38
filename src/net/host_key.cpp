#include "codec/base64.hpp"
#include "codec/ssh_public.hpp"
#include "crypto/hash.hpp"
#include "net/shell.hpp"

namespace tombolo::net {

std::string HostKey::fingerprint() const {
  const auto bytes = codec::decode_base64(blob);
  auto hash = codec::encode_base64(crypto::sha256(bytes ? ByteView(*bytes) : ByteView{}));
  while (hash.ends_with('=')) hash.pop_back();
  return "SHA256:" + hash;
}

Result<HostKey> HostKey::parse(std::string_view line) {
  auto key = TRY(codec::parse_ssh_public(line));
  return HostKey{std::move(key.type), std::move(key.blob)};
}

}  // namespace tombolo::net
