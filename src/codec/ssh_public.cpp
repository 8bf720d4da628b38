#include "codec/ssh_public.hpp"

#include <optional>

#include "codec/base64.hpp"

namespace tombolo::codec {
namespace {

constexpr std::size_t kLargestBlob = 2100;  // RSA with 16384 bits
constexpr std::size_t kSmallestModulus = 256;  // bytes: 2048 bits

// Takes one "string" of RFC 4251 section 5 off the front of `rest`: four bytes of length, then so many bytes.
std::optional<ByteView> take_string(ByteView& rest) {
  if (rest.size() < 4) return std::nullopt;
  std::size_t length = 0;
  for (const Byte b : rest.first(4)) length = length << 8 | b;
  rest = rest.subspan(4);
  if (length > rest.size()) return std::nullopt;
  const ByteView taken = rest.first(length);
  rest = rest.subspan(length);
  return taken;
}

// A positive mpint in its shortest form; its bytes without the zero that keeps it positive.
std::optional<ByteView> take_positive(ByteView& rest) {
  auto number = take_string(rest);
  if (!number || number->empty() || (*number)[0] & 0x80) return std::nullopt;
  if ((*number)[0] != 0) return number;
  if (number->size() < 2 || !((*number)[1] & 0x80)) return std::nullopt;
  return number->subspan(1);
}

bool is_whole(std::string_view type, ByteView rest) {
  if (type == "ssh-ed25519") {
    const auto key = take_string(rest);
    return key && key->size() == 32 && rest.empty();
  }
  if (type == "ecdsa-sha2-nistp256") {
    const auto curve = take_string(rest);
    if (!curve || as_text(*curve) != "nistp256") return false;
    const auto point = take_string(rest);
    return point && point->size() == 65 && (*point)[0] == 4 && rest.empty();
  }
  if (type == "ssh-rsa") {
    if (!take_positive(rest)) return false;
    const auto modulus = take_positive(rest);
    return modulus && modulus->size() >= kSmallestModulus && rest.empty();
  }
  return false;
}

}  // namespace

Result<SshPublic> parse_ssh_public_blob(ByteView blob) {
  ByteView rest = blob;
  const auto type = blob.size() <= kLargestBlob ? take_string(rest) : std::nullopt;
  if (!type || !is_whole(as_text(*type), rest))
    return fail(Code::kBadInput, "this is no whole SSH key of a type that is still safe");
  return SshPublic{std::string(as_text(*type)), encode_base64(blob)};
}

Result<SshPublic> parse_ssh_public(std::string_view line) {
  const auto space = line.find(' ');
  if (space == line.npos) return fail(Code::kBadInput, "an SSH public key is a line \"type base64\"");
  auto blob = line.substr(space + 1);
  blob = blob.substr(0, blob.find_first_of(" \t\r\n"));
  const auto key = TRY(parse_ssh_public_blob(TRY(decode_base64(blob))));
  if (key.type != line.substr(0, space)) return fail(Code::kBadInput, "the SSH key's type is not the one before it");
  return key;
}

}  // namespace tombolo::codec
