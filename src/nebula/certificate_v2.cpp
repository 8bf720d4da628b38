// Version 2: DER. The details' bytes are kept as they came, because a newer Nebula may append to them.
#include <fmt/format.h>

#include <algorithm>

#include "codec/der.hpp"
#include "codec/utf8.hpp"
#include "nebula/certificate_codec.hpp"

namespace tombolo::nebula::v2 {
namespace {

// Of the certificate: a sequence, then context tags 0 to 3.
constexpr Byte kCertificate = 0x30;
constexpr Byte kDetails = 0xa0;
constexpr Byte kCurve = 0x81;
constexpr Byte kPublicKey = 0x82;
constexpr Byte kSignature = 0x83;
// Of the details: context tags 0 to 7; lists are constructed.
constexpr Byte kName = 0x80;
constexpr Byte kNetworks = 0xa1;
constexpr Byte kUnsafeNetworks = 0xa2;
constexpr Byte kGroups = 0xa3;
constexpr Byte kIsCa = 0x84;
constexpr Byte kNotBefore = 0x85;
constexpr Byte kNotAfter = 0x86;
constexpr Byte kIssuer = 0x87;
// Inside the lists.
constexpr Byte kOctets = 0x04;
constexpr Byte kText = 0x0c;
constexpr Byte kTrue = 0xff;

tl::unexpected<Error> corrupt(std::string_view why) {
  return fail(Code::kCorrupt, fmt::format("this is no proper certificate of version 2: {}", why));
}

void put_networks(Bytes& out, Byte tag, const std::vector<codec::Cidr>& networks) {
  if (networks.empty()) return;
  Bytes list;
  for (const auto& network : networks) {
    Bytes entry = network.address().bytes();
    entry.push_back(static_cast<Byte>(network.prefix()));
    codec::put_der(list, kOctets, entry);
  }
  codec::put_der(out, tag, list);
}

void put_time(Bytes& out, Byte tag, Seconds time) {
  codec::put_der(out, tag, codec::encode_der_integer(time.time_since_epoch().count()));
}

Result<std::vector<codec::Cidr>> read_networks(ByteView content) {
  std::vector<codec::Cidr> networks;
  codec::DerReader reader(content);
  while (!reader.done()) {
    const auto entry = TRY(reader.expect(kOctets)).content;
    if (entry.size() != 5 && entry.size() != 17) return corrupt("a network is neither IPv4 nor IPv6");
    const auto address = TRY(codec::Address::from_bytes(entry.first(entry.size() - 1)));
    if (entry.back() > address.bits()) return corrupt("a network's prefix is longer than its address");
    networks.emplace_back(address, entry.back());
  }
  if (networks.empty()) return corrupt("an empty list of networks");
  return networks;
}

Result<std::vector<std::string>> read_groups(ByteView content) {
  std::vector<std::string> groups;
  codec::DerReader reader(content);
  while (!reader.done()) {
    const auto text = as_text(TRY(reader.expect(kText)).content);
    if (text.empty() || !codec::is_valid_utf8(text)) return corrupt("a group is empty or not UTF-8");
    groups.emplace_back(text);
  }
  if (groups.empty()) return corrupt("an empty list of groups");
  return groups;
}

Result<Seconds> read_time(codec::DerReader& reader, Byte tag) {
  return Seconds(std::chrono::seconds(TRY(codec::decode_der_integer(TRY(reader.expect(tag)).content))));
}

Result<> read_details(ByteView content, Details& details) {
  details.version = Version::k2;
  codec::DerReader reader(content);
  details.name = as_text(TRY(reader.expect(kName)).content);
  if (details.name.empty() || details.name.size() > kNameLimit || !codec::is_valid_utf8(details.name)) {
    return corrupt("its name is empty, longer than 253 bytes, or not UTF-8");
  }
  if (auto list = TRY(reader.optional(kNetworks))) details.networks = TRY(read_networks(list->content));
  if (auto list = TRY(reader.optional(kUnsafeNetworks))) details.unsafe_networks = TRY(read_networks(list->content));
  if (auto list = TRY(reader.optional(kGroups))) details.groups = TRY(read_groups(list->content));
  if (auto is_ca = TRY(reader.optional(kIsCa))) {
    if (is_ca->content.size() != 1 || is_ca->content[0] != kTrue)
      return corrupt("the mark of an authority is not a true");
    details.is_ca = true;
  }
  details.not_before = TRY(read_time(reader, kNotBefore));
  details.not_after = TRY(read_time(reader, kNotAfter));
  if (auto issuer = TRY(reader.optional(kIssuer))) {
    if (issuer->content.size() != 32) return corrupt("the issuer is not a fingerprint");
    details.issuer = Fingerprint(to_hex(issuer->content));
  }
  while (!reader.done()) TRY(reader.next());  // what a newer version adds must at least be DER
  return {};
}

Bytes with_key(ByteView details, const PublicKey& key) {
  Bytes bytes(details.begin(), details.end());
  bytes.push_back(static_cast<Byte>(key.curve));
  bytes.insert(bytes.end(), key.bytes.begin(), key.bytes.end());
  return bytes;
}

// The details, with tag and length, at the front of the signed bytes.
ByteView details_of(const Bytes& signed_bytes, const PublicKey& key) {
  return ByteView(signed_bytes).first(signed_bytes.size() - key.bytes.size() - 1);
}

}  // namespace

Result<Bytes> bytes_to_sign(const Details& details) {
  if (details.name.empty() || details.name.size() > kNameLimit || !codec::is_valid_utf8(details.name)) {
    return fail(Code::kBadInput, "the name of a certificate of version 2 must be UTF-8 of 1 to 253 bytes");
  }
  Bytes content;
  codec::put_der(content, kName, as_bytes(details.name));
  put_networks(content, kNetworks, details.networks);
  put_networks(content, kUnsafeNetworks, details.unsafe_networks);
  Bytes groups;
  for (const auto& group : details.groups) {
    if (group.empty() || !codec::is_valid_utf8(group))
      return fail(Code::kBadInput, "a group's name is empty or not UTF-8");
    codec::put_der(groups, kText, as_bytes(group));
  }
  if (!groups.empty()) codec::put_der(content, kGroups, groups);
  if (details.is_ca) codec::put_der(content, kIsCa, Bytes{kTrue});
  put_time(content, kNotBefore, details.not_before);
  put_time(content, kNotAfter, details.not_after);
  if (!details.issuer.empty()) {
    const auto issuer = from_hex(details.issuer.text());
    if (!issuer || issuer->size() != 32)
      return fail(Code::kBadInput, "the issuer is not a fingerprint of 64 hex digits");
    codec::put_der(content, kIssuer, *issuer);
  }
  Bytes whole;
  codec::put_der(whole, kDetails, content);
  return with_key(whole, details.public_key);
}

Bytes assemble(const Bytes& signed_bytes, const PublicKey& key, const Bytes& signature) {
  const auto details = details_of(signed_bytes, key);
  Bytes content(details.begin(), details.end());
  if (key.curve == Curve::kP256) codec::put_der(content, kCurve, Bytes{1});
  codec::put_der(content, kPublicKey, key.bytes);
  codec::put_der(content, kSignature, signature);
  Bytes whole;
  codec::put_der(whole, kCertificate, content);
  return whole;
}

Bytes handshake_form(const Bytes& signed_bytes, const PublicKey& key, const Bytes& signature) {
  const auto details = details_of(signed_bytes, key);
  Bytes content(details.begin(), details.end());
  codec::put_der(content, kSignature, signature);
  Bytes whole;
  codec::put_der(whole, kCertificate, content);
  return whole;
}

namespace {

Result<Parts> read(ByteView raw, const PublicKey* key) {
  codec::DerReader outer(raw);
  codec::DerReader reader(TRY(outer.expect(kCertificate)).content);
  TRY(outer.finish());
  Parts parts;
  const auto details = TRY(reader.expect(kDetails));
  TRY(read_details(details.content, parts.details));
  auto& own = parts.details.public_key;
  if (key) {
    own = *key;
  } else {
    if (auto curve = TRY(reader.optional(kCurve))) {
      if (curve->content.size() != 1 || curve->content[0] != 1) return corrupt("it has an unknown curve");
      own.curve = Curve::kP256;
    }
    const auto bytes = TRY(reader.expect(kPublicKey)).content;
    own.bytes.assign(bytes.begin(), bytes.end());
  }
  const auto signature = TRY(reader.expect(kSignature)).content;
  parts.signature.assign(signature.begin(), signature.end());
  TRY(reader.finish());
  if (own.bytes.empty() || parts.signature.empty()) return corrupt("its public key or its signature are missing");
  parts.signed_bytes = with_key(details.whole, own);
  return parts;
}

}  // namespace

Result<Parts> decode(ByteView raw) { return read(raw, nullptr); }

Result<Parts> from_handshake(ByteView bytes, const PublicKey& key) { return read(bytes, &key); }

}  // namespace tombolo::nebula::v2
