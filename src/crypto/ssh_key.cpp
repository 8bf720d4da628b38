#include "crypto/ssh_key.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <optional>

#include "crypto/hash.hpp"
#include "crypto/random.hpp"

namespace tombolo::crypto {
namespace {

constexpr std::string_view kType = "ssh-ed25519";
constexpr std::string_view kMagic{"openssh-key-v1\0", 15};
constexpr std::string_view kBegin = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
constexpr std::string_view kEnd = "-----END OPENSSH PRIVATE KEY-----\n";
constexpr std::size_t kLine = 70;
constexpr std::size_t kBlock = 8;  // the private part is padded to this with 1, 2, 3, ...
constexpr std::size_t kFileLimit = 64u << 10;

// OpenSSL's base64, because a room uses no sibling on its own floor.
std::string base64(ByteView bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::optional<Secret<Bytes>> from_base64(const std::string& text) {
  Bytes bytes(text.size() / 4 * 3 + 3);
  const int size = EVP_DecodeBlock(bytes.data(), as_bytes(text).data(), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(size));  // EVP_DecodeBlock counts the padding as zero bytes
  for (auto last = text.rbegin(); last != text.rend() && *last == '=' && !bytes.empty(); ++last) bytes.pop_back();
  if (base64(bytes) != text) return std::nullopt;
  return Secret<Bytes>(std::move(bytes));
}

// RFC 4251, section 5: a string is its length in four bytes, then its bytes.
void put_number(Bytes& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<Byte>(value >> shift));
}
void put_string(Bytes& out, ByteView text) {
  put_number(out, static_cast<std::uint32_t>(text.size()));
  out.insert(out.end(), text.begin(), text.end());
}

class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {}

  std::optional<std::uint32_t> number() {
    if (rest_.size() < 4) return std::nullopt;
    std::uint32_t value = 0;
    for (Byte b : rest_.first(4)) value = value << 8 | b;
    rest_ = rest_.subspan(4);
    return value;
  }
  std::optional<ByteView> string() {
    const auto size = number();
    if (!size || *size > rest_.size()) return std::nullopt;
    const ByteView text = rest_.first(*size);
    rest_ = rest_.subspan(*size);
    return text;
  }
  bool next_is(std::string_view expected) {
    const auto text = string();
    return text && as_text(*text) == expected;
  }
  ByteView rest() const { return rest_; }

 private:
  ByteView rest_;
};

Bytes public_blob(const Ed25519Public& key) {
  Bytes blob;
  put_string(blob, as_bytes(kType));
  put_string(blob, key.bytes);
  return blob;
}

Bytes padded_private_part(const SshKey& pair) {
  Bytes part;
  part.reserve(256 + pair.comment.size());  // so that no half-filled copy stays behind
  const Bytes check = random_bytes(4);      // twice the same, so that a wrong passphrase would show
  part.insert(part.end(), check.begin(), check.end());
  part.insert(part.end(), check.begin(), check.end());
  put_string(part, as_bytes(kType));
  put_string(part, pair.key.public_key().bytes);
  put_string(part, pair.key.bytes().expose());
  put_string(part, as_bytes(pair.comment));
  for (Byte pad = 1; part.size() % kBlock != 0; ++pad) part.push_back(pad);
  return part;
}

tl::unexpected<Error> corrupt(std::string_view why) {
  return fail(Code::kCorrupt, "the SSH private key cannot be read: " + std::string(why));
}

Result<Secret<Bytes>> unwrap(std::string_view text) {
  if (text.size() > kFileLimit) return corrupt("it is larger than a key can be");
  if (!text.starts_with(kBegin) || !text.ends_with(kEnd) || text.size() < kBegin.size() + kEnd.size()) {
    return corrupt("it does not begin and end as OpenSSH writes it");
  }
  text.remove_prefix(kBegin.size());
  text.remove_suffix(kEnd.size());
  std::string joined;
  joined.reserve(text.size());
  for (char c : text) {
    if (c != '\n') joined += c;
  }
  auto bytes = from_base64(joined);
  wipe(joined.data(), joined.size());
  if (!bytes) return corrupt("its base64 is damaged");
  return std::move(*bytes);
}

Result<SshKey> read_private_part(ByteView part, ByteView blob) {
  Reader reader(part);
  const auto first = reader.number();
  const auto second = reader.number();
  if (!first || !second || *first != *second) return corrupt("its check numbers differ");
  if (!reader.next_is(kType)) return fail(Code::kUnsupported, "only Ed25519 SSH keys are understood");
  const auto half = reader.string();
  const auto whole = reader.string();
  const auto comment = reader.string();
  if (!half || !whole || !comment) return corrupt("it ends too early");
  auto key = TRY(context(Ed25519Key::from_bytes(*whole), "reading an SSH private key"));
  if (!std::ranges::equal(*half, key.public_key().bytes) || !std::ranges::equal(blob, public_blob(key.public_key()))) {
    return corrupt("its public and private half do not belong together");
  }
  Byte expected = 1;
  for (Byte pad : reader.rest()) {
    if (pad != expected++) return corrupt("its padding is wrong");
  }
  if (reader.rest().size() >= kBlock || part.size() % kBlock != 0) return corrupt("its padding is wrong");
  return SshKey{std::move(key), std::string(as_text(*comment))};
}

}  // namespace

Secret<std::string> openssh_private_key(const SshKey& pair) {
  Bytes file;
  file.reserve(512 + pair.comment.size());
  file.insert(file.end(), kMagic.begin(), kMagic.end());
  put_string(file, as_bytes("none"));  // cipher
  put_string(file, as_bytes("none"));  // key derivation
  put_string(file, {});                // its options
  put_number(file, 1);                 // keys in this file
  put_string(file, public_blob(pair.key.public_key()));
  const Secret<Bytes> part(padded_private_part(pair));
  put_string(file, part.expose());
  const Secret<Bytes> kept(std::move(file));
  const Secret<std::string> body(base64(kept.expose()));

  std::string text(kBegin);
  text.reserve(kBegin.size() + body.expose().size() * 2 + kEnd.size());
  for (std::size_t at = 0; at < body.expose().size(); at += kLine) text.append(body.expose(), at, kLine).append("\n");
  text += kEnd;
  return Secret<std::string>(std::move(text));
}

Result<SshKey> parse_openssh_private_key(std::string_view text) {
  const auto file = TRY(unwrap(text));
  if (!as_text(file.expose()).starts_with(kMagic)) return corrupt("its first bytes are not OpenSSH's");
  Reader reader(ByteView(file.expose()).subspan(kMagic.size()));
  const auto cipher = reader.string();
  const auto derivation = reader.string();
  const auto options = reader.string();
  const auto count = reader.number();
  const auto blob = reader.string();
  const auto part = reader.string();
  if (!cipher || !derivation || !options || !count || !blob || !part) return corrupt("it ends too early");
  if (as_text(*cipher) != "none" || as_text(*derivation) != "none" || !options->empty()) {
    return fail(Code::kUnsupported, "this SSH private key is protected by a passphrase",
                "Remove the passphrase from a copy with: ssh-keygen -p -N '' -f COPY");
  }
  if (*count != 1 || !reader.rest().empty()) return corrupt("it holds more than one key");
  return read_private_part(*part, *blob);
}

std::string openssh_public_line(const Ed25519Public& key, std::string_view comment) {
  std::string line = std::string(kType) + " " + base64(public_blob(key));
  if (!comment.empty()) line.append(" ").append(comment);
  return line;
}

std::string openssh_fingerprint(const Ed25519Public& key) {
  std::string text = base64(sha256(public_blob(key)));
  text.erase(text.find_last_not_of('=') + 1);
  return "SHA256:" + text;
}

}  // namespace tombolo::crypto
