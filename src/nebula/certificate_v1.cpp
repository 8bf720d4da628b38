// Version 1: two protobuf messages, the details inside the certificate.
#include <fmt/format.h>

#include "codec/protobuf.hpp"
#include "codec/utf8.hpp"
#include "nebula/certificate_codec.hpp"

namespace tombolo::nebula::v1 {
namespace {

// Field numbers of the certificate ...
enum : std::uint32_t { kDetails = 1, kSignature = 2 };
// ... and of the details.
enum : std::uint32_t {
  kName = 1,
  kNetworks = 2,
  kUnsafeNetworks = 3,
  kGroups = 4,
  kNotBefore = 5,
  kNotAfter = 6,
  kPublicKey = 7,
  kIsCa = 8,
  kIssuer = 9,
  kCurve = 100,
};

tl::unexpected<Error> corrupt(std::string_view why) {
  return fail(Code::kCorrupt, fmt::format("this is no proper certificate of version 1: {}", why));
}

std::uint32_t netmask(int prefix) { return prefix == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix); }

void put_networks(codec::ProtoWriter& out, std::uint32_t field, const std::vector<codec::Cidr>& networks) {
  if (networks.empty()) return;
  std::vector<std::uint64_t> pairs;
  for (const auto& network : networks) {
    pairs.push_back(network.address().v4_value());
    pairs.push_back(netmask(network.prefix()));
  }
  out.packed(field, pairs);
}

Result<std::vector<codec::Cidr>> read_networks(ByteView content) {
  std::vector<codec::Cidr> networks;
  codec::ProtoReader reader(content);
  while (!reader.done()) {
    const auto address = TRY(reader.varint());
    const auto mask = TRY(reader.varint());
    int prefix = 0;
    while (prefix < 32 && netmask(prefix) != mask) ++prefix;
    if (netmask(prefix) != mask || address > ~std::uint32_t{0})
      return corrupt("a network is not an IPv4 address with a netmask");
    networks.emplace_back(codec::Address::v4(static_cast<std::uint32_t>(address)), prefix);
  }
  return networks;
}

Result<std::string> read_text(ByteView content) {
  std::string text(as_text(content));
  if (!codec::is_valid_utf8(text)) return corrupt("a name or group is not UTF-8");
  return text;
}

enum class KeyPart { kPresent, kLeftOut };

Bytes encode(const Details& details, const Fingerprint& issuer, KeyPart key) {
  codec::ProtoWriter out;
  if (!details.name.empty()) out.text(kName, details.name);
  put_networks(out, kNetworks, details.networks);
  put_networks(out, kUnsafeNetworks, details.unsafe_networks);
  for (const auto& group : details.groups) out.text(kGroups, group);
  const auto begin = details.not_before.time_since_epoch().count();
  const auto end = details.not_after.time_since_epoch().count();
  if (begin != 0) out.varint(kNotBefore, static_cast<std::uint64_t>(begin));
  if (end != 0) out.varint(kNotAfter, static_cast<std::uint64_t>(end));
  if (key == KeyPart::kPresent) out.bytes(kPublicKey, details.public_key.bytes);
  if (details.is_ca) out.varint(kIsCa, 1);
  if (!issuer.empty()) out.bytes(kIssuer, *from_hex(issuer.text()));
  if (details.public_key.curve == Curve::kP256) out.varint(kCurve, 1);
  return out.result();
}

Result<> read_field(const codec::ProtoField& field, Details& details) {
  const bool is_number =
      field.number == kNotBefore || field.number == kNotAfter || field.number == kIsCa || field.number == kCurve;
  if (field.type != (is_number ? codec::WireType::kVarint : codec::WireType::kBytes))
    return corrupt("a field has the wrong type");
  const auto time = Seconds(std::chrono::seconds(static_cast<std::int64_t>(field.value)));
  switch (field.number) {
    case kName: details.name = TRY(read_text(field.content)); return {};
    case kNetworks: details.networks = TRY(read_networks(field.content)); return {};
    case kUnsafeNetworks: details.unsafe_networks = TRY(read_networks(field.content)); return {};
    case kGroups: details.groups.push_back(TRY(read_text(field.content))); return {};
    case kNotBefore: details.not_before = time; return {};
    case kNotAfter: details.not_after = time; return {};
    case kPublicKey: details.public_key.bytes.assign(field.content.begin(), field.content.end()); return {};
    case kIsCa: details.is_ca = field.value == 1; return {};
    case kIssuer:
      if (field.content.size() != 32) return corrupt("the issuer is not a fingerprint");
      details.issuer = Fingerprint(to_hex(field.content));
      return {};
    case kCurve:
      if (field.value > 1) return corrupt("it has an unknown curve");
      details.public_key.curve = static_cast<Curve>(field.value);
      return {};
    default: return corrupt(fmt::format("it has an unknown field {}", field.number));
  }
}

// What the fields say; that they are all, once, and in order, the caller finds by encoding them again.
Result<Parts> read(ByteView raw) {
  Parts parts;
  parts.details.version = Version::k1;
  codec::ProtoReader outer(raw);
  ByteView details;
  while (!outer.done()) {
    const auto field = TRY(outer.next());
    if (field.type != codec::WireType::kBytes || (field.number != kDetails && field.number != kSignature)) {
      return corrupt("it has a field that does not belong there");
    }
    if (field.number == kDetails) {
      details = field.content;
    } else {
      parts.signature.assign(field.content.begin(), field.content.end());
    }
  }
  codec::ProtoReader inner(details);
  while (!inner.done()) TRY(read_field(TRY(inner.next()), parts.details));
  if (details.empty() || parts.signature.empty()) return corrupt("its details or its signature are missing");
  return parts;
}

}  // namespace

Result<Bytes> encode_details(const Details& details) {
  for (const auto* list : {&details.networks, &details.unsafe_networks}) {
    for (const auto& network : *list) {
      if (!network.address().is_v4()) {
        return fail(Code::kBadInput,
                    fmt::format("a certificate of version 1 cannot hold the IPv6 network {}", network.text()),
                    "Use version 2, which needs Nebula 1.10 or newer on every member.");
      }
    }
  }
  if (!codec::is_valid_utf8(details.name)) return fail(Code::kBadInput, "the certificate's name is not UTF-8");
  for (const auto& group : details.groups) {
    if (!codec::is_valid_utf8(group)) return fail(Code::kBadInput, "a group's name is not UTF-8");
  }
  if (!details.issuer.empty()) {
    const auto issuer = from_hex(details.issuer.text());
    if (!issuer || issuer->size() != 32)
      return fail(Code::kBadInput, "the issuer is not a fingerprint of 64 hex digits");
  }
  return encode(details, details.issuer, KeyPart::kPresent);
}

Bytes assemble(const Bytes& details, const Bytes& signature) {
  return codec::ProtoWriter().bytes(kDetails, details).bytes(kSignature, signature).result();
}

Bytes handshake_form(const Details& details, const Bytes& signature) {
  return assemble(encode(details, details.issuer, KeyPart::kLeftOut), signature);
}

Result<Parts> decode(ByteView raw) {
  auto parts = TRY(read(raw));
  if (parts.details.public_key.bytes.empty()) return corrupt("its public key is missing");
  parts.signed_bytes = TRY(encode_details(parts.details));
  return parts;
}

Result<Parts> from_handshake(ByteView bytes, const PublicKey& key) {
  auto parts = TRY(read(bytes));
  if (!parts.details.public_key.bytes.empty()) return corrupt("in a handshake it must not carry its public key");
  if (parts.details.public_key.curve != key.curve) return corrupt("its curve is not the curve of the handshake");
  parts.details.public_key = key;
  parts.signed_bytes = TRY(encode_details(parts.details));
  return parts;
}

}  // namespace tombolo::nebula::v1
