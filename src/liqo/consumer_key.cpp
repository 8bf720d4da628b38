#include "liqo/consumer_key.hpp"

#include "codec/der.hpp"
#include "codec/pem.hpp"

namespace tombolo::liqo {
namespace {

constexpr Byte kInteger = 0x02, kBitString = 0x03, kObjectId = 0x06, kPrintableString = 0x13, kSequence = 0x30,
               kSet = 0x31, kAttributes = 0xa0;
constexpr Byte kOrganizationName[] = {0x55, 0x04, 0x0a}, kCommonName[] = {0x55, 0x04, 0x03};  // X.520

Bytes element(Byte tag, ByteView content) {
  Bytes out;
  codec::put_der(out, tag, content);
  return out;
}

void put_name_part(Bytes& name, ByteView type, std::string_view value) {
  Bytes pair;
  codec::put_der(pair, kObjectId, type);
  codec::put_der(pair, kPrintableString, as_bytes(value));
  codec::put_der(name, kSet, element(kSequence, pair));
}

void append(Bytes& out, ByteView more) { out.insert(out.end(), more.begin(), more.end()); }

}  // namespace

Bytes request_to_sign(ByteView public_key_info, std::string_view organization, std::string_view common_name) {
  Bytes name;
  put_name_part(name, kOrganizationName, organization);
  put_name_part(name, kCommonName, common_name);
  Bytes info;
  codec::put_der(info, kInteger, codec::encode_der_integer(0));
  codec::put_der(info, kSequence, name);
  append(info, public_key_info);
  codec::put_der(info, kAttributes, {});
  return element(kSequence, info);
}

std::string certificate_request(const crypto::SigningKey& key, std::string_view organization,
                                std::string_view common_name) {
  Bytes request = request_to_sign(key.public_key_info(), organization, common_name);
  Bytes signature{0};  // bits that are not used in the last byte
  append(signature, key.sign(request));
  append(request, key.algorithm());
  codec::put_der(request, kBitString, signature);
  return codec::encode_pem("CERTIFICATE REQUEST", element(kSequence, request));
}

std::string public_key_pem(const crypto::SigningKey& key) {
  return codec::encode_pem("PUBLIC KEY", key.public_key_info());
}

}  // namespace tombolo::liqo
