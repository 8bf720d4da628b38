#include "sim/keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "codec/base64.hpp"
#include "codec/der.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/hash.hpp"
#include "crypto/rsa.hpp"
#include "crypto/ssh_key.hpp"
#include "sim/filters.hpp"
#include "sim/quotas.hpp"
#include "sim/tags.hpp"

namespace tombolo::sim {
namespace {

std::string colon_hex(ByteView bytes) {
  std::string out;
  for (Byte b : bytes) out += fmt::format("{}{:02x}", out.empty() ? "" : ":", b);
  return out;
}

void put_length(Bytes& out, std::size_t size) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<Byte>(size >> shift));
}
void put_string(Bytes& out, ByteView text) {
  put_length(out, text.size());
  out.insert(out.end(), text.begin(), text.end());
}

// The next length-prefixed string of an SSH blob (RFC 4251, section 5).
std::optional<ByteView> take_string(ByteView& rest) {
  if (rest.size() < 4) return std::nullopt;
  std::size_t size = 0;
  for (int i = 0; i < 4; ++i) size = size << 8 | rest[static_cast<std::size_t>(i)];
  if (rest.size() - 4 < size) return std::nullopt;
  auto text = rest.subspan(4, size);
  rest = rest.subspan(4 + size);
  return text;
}

// SubjectPublicKeyInfo of an RSA key (RFC 3279), whose MD5 EC2 shows. SSH's mpints are DER's integers.
Bytes rsa_public_der(ByteView modulus, ByteView exponent) {
  const Bytes kAlgorithm = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
  Bytes numbers, bits{0}, body, whole;
  codec::put_der(numbers, 0x02, modulus);
  codec::put_der(numbers, 0x02, exponent);
  codec::put_der(bits, 0x30, numbers);
  codec::put_der(body, 0x30, kAlgorithm);
  codec::put_der(body, 0x03, bits);
  codec::put_der(whole, 0x30, body);
  return whole;
}

struct PublicKey {
  std::string type;
  std::string fingerprint;
};

// "ssh-rsa AAAA... comment" or "ssh-ed25519 AAAA... comment".
std::optional<PublicKey> read_public_line(std::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  auto blank = line.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  auto declared = line.substr(0, blank);
  auto encoded = line.substr(blank + 1);
  encoded = encoded.substr(0, encoded.find(' '));
  auto blob = codec::decode_base64(encoded);
  if (!blob) return std::nullopt;
  ByteView rest = *blob;
  auto kind = take_string(rest);
  if (!kind || as_text(*kind) != declared) return std::nullopt;
  if (declared == "ssh-ed25519") {
    auto key = take_string(rest);
    if (!key || key->size() != 32 || !rest.empty()) return std::nullopt;
    return PublicKey{"ed25519", codec::encode_base64(crypto::sha256(ByteView(*blob)))};
  }
  if (declared != "ssh-rsa") return std::nullopt;
  auto exponent = take_string(rest), modulus = exponent ? take_string(rest) : std::nullopt;
  if (!modulus || !rest.empty() || modulus->size() < 128 || modulus->size() > 1025) return std::nullopt;
  return PublicKey{"rsa", colon_hex(crypto::md5(ByteView(rsa_public_der(*modulus, *exponent))))};
}

Outcome<KeyPair> new_key(Call& call) {
  auto name = GRANTED(call.q.required("KeyName"));
  bool ascii = std::all_of(name.begin(), name.end(), [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
  if (!ascii || name.size() > 255) return invalid_value("keyName", name, "Up to 255 ASCII characters.");
  auto specifications = GRANTED(read_tag_specifications(call.q, {"key-pair"}));
  auto& keys = call.region.keys;
  if (std::any_of(keys.begin(), keys.end(), [&](const KeyPair& key) { return key.name == name; })) {
    return refuse("InvalidKeyPair.Duplicate", "The keypair already exists");
  }
  if (keys.size() >= kKeyPairs) return refuse("KeyPairLimitExceeded", "Maximum of 5000 keypairs reached.");
  return KeyPair{"", name, "", "", "", tags_for(specifications, "key-pair"), call.now, call.visible_from()};
}

void show(XmlOut& out, const Call& call, const KeyPair& key) {
  out.leaf("keyName", key.name).leaf("keyFingerprint", key.fingerprint).leaf("keyPairId", key.id);
  show_tags(out, call, key.id, key.tags);
}

}  // namespace

Outcome<> create_key_pair(Call& call, XmlOut& out) {
  auto type = call.q.text("KeyType", "rsa"), format = call.q.text("KeyFormat", "pem");
  if (type != "rsa" && type != "ed25519") return invalid_value("keyType", type);
  if (format != "pem") {
    return refuse(format == "ppk" ? "UnsupportedOperation" : "InvalidParameterValue",
                  fmt::format("The key format '{}' is not supported", format));
  }
  auto key = GRANTED(new_key(call));
  key.type = type;
  key.id = call.world.random.id("key-");
  std::string material;
  if (type == "rsa") {
    auto pair = crypto::make_rsa_pair();
    Bytes modulus{0};  // positive, although its top bit is set
    modulus.insert(modulus.end(), pair.modulus.begin(), pair.modulus.end());
    Bytes blob;
    put_string(blob, as_bytes("ssh-rsa"));
    put_string(blob, pair.exponent);
    put_string(blob, modulus);
    material = pair.private_pem.expose();
    key.public_key = fmt::format("ssh-rsa {} {}", codec::encode_base64(blob), key.name);
    key.fingerprint = colon_hex(crypto::sha1(ByteView(pair.private_der.expose())));
  } else {
    auto pair = crypto::Ed25519Key::generate();
    material = crypto::openssh_private_key({pair, key.name}).expose();
    key.public_key = crypto::openssh_public_line(pair.public_key(), key.name);
    key.fingerprint = read_public_line(key.public_key)->fingerprint;
  }
  call.region.keys.push_back(key);
  out.leaf("keyName", key.name)
      .leaf("keyFingerprint", key.fingerprint)
      .leaf("keyMaterial", material)
      .leaf("keyPairId", key.id);
  show_tags(out, call, key.id, key.tags);
  return {};
}

Outcome<> import_key_pair(Call& call, XmlOut& out) {
  auto material = GRANTED(call.q.required("PublicKeyMaterial"));
  auto key = GRANTED(new_key(call));
  auto line = codec::decode_base64(material);
  auto read = line ? read_public_line(as_text(*line)) : std::nullopt;
  if (!read) return refuse("InvalidKey.Format", "Key is not in valid OpenSSH public key format");
  key.id = call.world.random.id("key-");
  key.type = read->type;
  key.fingerprint = read->fingerprint;
  key.public_key = std::string(as_text(*line));
  call.region.keys.push_back(key);
  show(out, call, key);
  return {};
}

// A key that is not there is deleted already.
Outcome<> delete_key_pair(Call& call, XmlOut& out) {
  auto name = call.q.text("KeyName"), id = call.q.text("KeyPairId");
  if (name.empty() && id.empty()) return missing("KeyName");
  auto& keys = call.region.keys;
  auto it = std::find_if(keys.begin(), keys.end(),
                         [&](const KeyPair& key) { return id.empty() ? key.name == name : key.id == id; });
  out.leaf("return", true);
  if (it == keys.end()) return {};
  out.leaf("keyPairId", it->id);
  keys.erase(it);
  return {};
}

Outcome<> describe_key_pairs(Call& call, XmlOut& out) {
  static const std::vector<FilterField<KeyPair>> fields = {
      {"key-name", [](const KeyPair& k) { return Values{k.name}; }},
      {"key-pair-id", [](const KeyPair& k) { return Values{k.id}; }},
      {"fingerprint", [](const KeyPair& k) { return Values{k.fingerprint}; }},
  };
  auto names = call.q.list("KeyName"), ids = call.q.list("KeyPairId");
  auto asked = [&](const KeyPair& key) {
    return (names.empty() || std::find(names.begin(), names.end(), key.name) != names.end()) &&
           (ids.empty() || std::find(ids.begin(), ids.end(), key.id) != ids.end());
  };
  auto with_public = GRANTED(call.q.flag("IncludePublicKey", false));
  const auto& keys = call.region.keys;
  auto there = [&](auto KeyPair::* field, const std::string& value) {
    return std::any_of(keys.begin(), keys.end(),
                       [&](const KeyPair& key) { return key.*field == value && call.sees(key.visible); });
  };
  for (const auto& name : names) {
    if (!there(&KeyPair::name, name)) return not_there("InvalidKeyPair.NotFound", "key pair", name);
  }
  for (const auto& id : ids) {
    if (!there(&KeyPair::id, id)) return not_there("InvalidKeyPair.NotFound", "key pair", id);
  }
  auto passing = GRANTED(filtered<KeyPair>(call, keys, fields, [](const KeyPair& key) { return key.id; }));
  std::erase_if(passing, [&](const KeyPair* key) { return !asked(*key) || !call.sees(key->visible); });
  out.list("keySet", passing, [&](const KeyPair* key) {
    out.leaf("keyPairId", key->id).leaf("keyFingerprint", key->fingerprint).leaf("keyName", key->name);
    out.leaf("keyType", key->type).leaf("createTime", iso_time(key->created));
    if (with_public) out.leaf("publicKey", key->public_key);
    show_tags(out, call, key->id, key->tags);
  });
  return {};
}

}  // namespace tombolo::sim
