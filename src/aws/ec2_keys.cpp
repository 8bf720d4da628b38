#include "aws/ec2.hpp"
#include "aws/wire.hpp"
#include "codec/base64.hpp"

namespace tombolo::aws {
namespace {

KeyPair key_pair_of(const codec::XmlElement& element) {
  KeyPair key;
  key.id = KeyPairId(element.text_at("keyPairId"));
  key.name = element.text_at("keyName");
  key.fingerprint = element.text_at("keyFingerprint");
  key.type = element.text_at("keyType");
  key.tags = tags_of(element);
  return key;
}

}  // namespace

Result<KeyPair> Ec2::import_key_pair(const std::string& name, std::string_view public_key, const Tags& tags,
                                     const CallOptions& options) {
  Parameters parameters{{"KeyName", name}, {"PublicKeyMaterial", codec::encode_base64(as_bytes(public_key))}};
  add_tags(parameters, 1, "key-pair", tags);
  const auto root =
      TRY(client_.query(kEc2, "ImportKeyPair", parameters, {CallKind::kCreate, Repeat::kLookFirst}, options));
  (void)TRY(required(root, "keyName", "ImportKeyPair"));
  return key_pair_of(root);
}

Result<std::vector<KeyPair>> Ec2::key_pairs(const Filters& filters, const CallOptions& options) {
  // This call has no pages.
  const auto root = TRY(client_.query(kEc2, "DescribeKeyPairs", with_filters(filters), kRead, options));
  std::vector<KeyPair> out;
  for (const auto* item : root.all("keySet/item")) out.push_back(key_pair_of(*item));
  return out;
}

Result<> Ec2::delete_key_pair(const std::string& name, const CallOptions& options) {
  (void)TRY(client_.query(kEc2, "DeleteKeyPair", {{"KeyName", name}}, {CallKind::kDelete, Repeat::kSafe}, options));
  return {};
}

}  // namespace tombolo::aws
