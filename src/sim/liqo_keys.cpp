#include "sim/liqo_keys.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "codec/der.hpp"
#include "codec/pem.hpp"
#include "crypto/hash.hpp"
#include "liqo/consumer_key.hpp"

namespace tombolo::sim {
namespace {

const Bytes kPrivatePrefix{0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20};
const Bytes kPublicPrefix{0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0};
const Bytes kAlgorithm{0x30, 5, 6, 3, 0x2b, 0x65, 0x70};
constexpr Byte kSequence = 0x30, kSet = 0x31, kInteger = 2, kBits = 3, kOid = 6, kPrintable = 0x13, kUtcTime = 0x17;

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const auto& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

Bytes element(Byte tag, const Bytes& content) {
  Bytes out;
  codec::put_der(out, tag, content);
  return out;
}

Bytes text_bytes(std::string_view text) { return {text.begin(), text.end()}; }

Bytes attribute(Byte which, const std::string& value) {
  return element(kSet,
                 element(kSequence, joined({element(kOid, {0x55, 4, which}), element(kPrintable, text_bytes(value))})));
}

Bytes name_of_subject(const LiqoSubject& subject) {
  return element(kSequence, joined({attribute(10, subject.organization), attribute(3, subject.common_name)}));
}

Bytes key_info(const crypto::Ed25519Public& key) {
  auto out = kPublicPrefix;
  out.insert(out.end(), key.bytes.begin(), key.bytes.end());
  return out;
}

Bytes signed_by(const crypto::Ed25519Key& key, const Bytes& told) {
  const auto signature = key.sign(told);
  Bytes bits{0};
  bits.insert(bits.end(), signature.begin(), signature.end());
  return element(kSequence, joined({told, kAlgorithm, element(kBits, bits)}));
}

std::optional<Bytes> only_block(std::string_view pem, std::string_view label) {
  const auto blocks = codec::decode_pem(pem);
  if (!blocks || blocks->size() != 1 || blocks->front().label != label) return std::nullopt;
  return blocks->front().body.expose();
}

// The value behind an attribute's name: an X.520 identifier, then a printable or UTF-8 string.
std::string value_of(const Bytes& der, Byte which) {
  const Bytes mark{kOid, 3, 0x55, 4, which};
  const auto at = std::search(der.begin(), der.end(), mark.begin(), mark.end());
  if (der.end() - at < 7) return "";
  const auto size = at[6];
  if (der.end() - at < 7 + size) return "";
  return {at + 7, at + 7 + size};
}

// The simulated controllers look at everything after every change, and meet the same few keys and requests again and again:
// what a text was found to say is kept. Any thread.
template <typename Value>
class Memory {
 public:
  template <typename Find>
  Value of(std::string_view text, Find&& find) {
    const std::scoped_lock lock(mutex_);
    if (const auto it = known_.find(text); it != known_.end()) return it->second;
    if (known_.size() >= kMost) known_.clear();
    return known_.emplace(text, find()).first->second;
  }

 private:
  static constexpr std::size_t kMost = 1000;
  std::mutex mutex_;
  std::map<std::string, Value, std::less<>> known_;
};

std::optional<crypto::Ed25519Key> find_private_key(std::string_view pem) {
  const auto der = only_block(pem, "PRIVATE KEY");
  if (!der || der->size() != kPrivatePrefix.size() + 32) return std::nullopt;
  auto key = crypto::Ed25519Key::from_seed(ByteView(*der).subspan(kPrivatePrefix.size()));
  if (!key) return std::nullopt;
  return *key;
}

std::optional<CertificateRequest> find_certificate_request(std::string_view pem) {
  const auto der = only_block(pem, "CERTIFICATE REQUEST");
  if (!der) return std::nullopt;
  const auto at = std::search(der->begin(), der->end(), kPublicPrefix.begin(), kPublicPrefix.end());
  const auto prefix = static_cast<std::ptrdiff_t>(kPublicPrefix.size());
  if (der->end() - at < prefix + 32 || der->size() < 80) return std::nullopt;
  CertificateRequest out;
  out.subject = {value_of(*der, 10), value_of(*der, 3)};
  std::copy(at + prefix, at + prefix + 32, out.key.bytes.begin());
  // What was signed: the first element within the outer one; the signature is the last 64 bytes.
  const std::size_t begin = (*der)[1] < 0x80 ? 2 : 2 + ((*der)[1] & 0x7f);
  const std::size_t end = der->size() - 64 - 3 - kAlgorithm.size();
  if (begin >= end || end > der->size()) return std::nullopt;
  const ByteView all(*der);
  if (!crypto::verify(out.key, all.subspan(begin, end - begin), all.last(64))) return std::nullopt;
  return out;
}

}  // namespace

std::string private_key_pem(const crypto::Ed25519Key& key) {
  auto out = kPrivatePrefix;
  const auto bytes = key.bytes();
  out.insert(out.end(), bytes.expose().begin(), bytes.expose().begin() + crypto::Ed25519Key::kSeedSize);
  return codec::encode_pem("PRIVATE KEY", out);
}

std::string public_key_pem(const crypto::Ed25519Public& key) { return codec::encode_pem("PUBLIC KEY", key_info(key)); }

std::optional<crypto::Ed25519Key> read_private_key(std::string_view pem) {
  static Memory<std::optional<crypto::Ed25519Key>> memory;
  return memory.of(pem, [&] { return find_private_key(pem); });
}

std::optional<crypto::Ed25519Public> read_public_key(std::string_view text) {
  const auto der = only_block(text, "PUBLIC KEY");
  Bytes raw = text_bytes(text);
  if (der && der->size() == kPublicPrefix.size() + 32) raw.assign(der->begin() + kPublicPrefix.size(), der->end());
  crypto::Ed25519Public out;
  if (raw.size() != out.bytes.size()) return std::nullopt;
  std::copy(raw.begin(), raw.end(), out.bytes.begin());
  return out;
}

std::string certificate_request(const crypto::Ed25519Key& key, const LiqoSubject& subject) {
  const auto told = liqo::request_to_sign(key_info(key.public_key()), subject.organization, subject.common_name);
  return codec::encode_pem("CERTIFICATE REQUEST", signed_by(key, told));
}

std::optional<CertificateRequest> read_certificate_request(std::string_view pem) {
  static Memory<std::optional<CertificateRequest>> memory;
  return memory.of(pem, [&] { return find_certificate_request(pem); });
}

std::string certificate_of(const crypto::Ed25519Key& issuer, const LiqoSubject& subject,
                           const crypto::Ed25519Public& key, Time now) {
  const auto time = [](Time t) {
    return element(kUtcTime, text_bytes(fmt::format("{:%y%m%d%H%M%S}Z", std::chrono::floor<std::chrono::seconds>(t))));
  };
  const auto digest = crypto::sha256(ByteView(key_info(key)));
  Bytes serial(digest.begin(), digest.begin() + 8);
  serial.front() = (serial.front() & 0x3f) | 0x40;  // positive, and as short as it can be
  const auto told =
      element(kSequence, joined({element(0xa0, element(kInteger, {2})), element(kInteger, serial), kAlgorithm,
                                 name_of_subject({"kubernetes", "kubernetes-ca"}),
                                 element(kSequence, joined({time(now), time(now + std::chrono::hours(24 * 365))})),
                                 name_of_subject(subject), key_info(key)}));
  return codec::encode_pem("CERTIFICATE", signed_by(issuer, told));
}

crypto::Ed25519Key cluster_authority(const std::string& cluster) {
  static Memory<crypto::Ed25519Key> memory;
  return memory.of(cluster, [&] {
    const auto seed = crypto::sha256("authority/" + cluster);
    return *crypto::Ed25519Key::from_seed(ByteView(seed));
  });
}

std::string cluster_authority_pem(const std::string& cluster) {
  static Memory<std::string> memory;
  return memory.of(cluster, [&] {
    const auto key = cluster_authority(cluster);
    return certificate_of(key, {"kubernetes", "kubernetes-ca"}, key.public_key(), Time{});
  });
}

}  // namespace tombolo::sim
