#include "nebula/key_file.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codec/pem.hpp"
#include "codec/protobuf.hpp"
#include "crypto/aes_gcm.hpp"
#include "crypto/random.hpp"

namespace tombolo::nebula {
namespace {

constexpr std::string_view kX25519Private = "NEBULA X25519 PRIVATE KEY";
constexpr std::string_view kX25519Public = "NEBULA X25519 PUBLIC KEY";
constexpr std::string_view kP256Private = "NEBULA P256 PRIVATE KEY";
constexpr std::string_view kP256Public = "NEBULA P256 PUBLIC KEY";
constexpr std::string_view kEd25519Private = "NEBULA ED25519 PRIVATE KEY";
constexpr std::string_view kEd25519Encrypted = "NEBULA ED25519 ENCRYPTED PRIVATE KEY";
constexpr std::string_view kEcdsaPrivate = "NEBULA ECDSA P256 PRIVATE KEY";
constexpr std::string_view kEcdsaEncrypted = "NEBULA ECDSA P256 ENCRYPTED PRIVATE KEY";

constexpr std::string_view kAlgorithm = "AES-256-GCM";
constexpr std::size_t kSaltSize = 32;
constexpr std::size_t kLeastSaltSize = 16;

// Field numbers of an encrypted key: the file, its metadata, and argon2's parameters.
enum : std::uint32_t { kMetadata = 1, kSealed = 2 };
enum : std::uint32_t { kAlgorithmName = 1, kParameters = 2 };
enum : std::uint32_t {
  kArgonVersion = 1,
  kArgonMemory = 2,
  kArgonIterations = 3,
  kArgonParallelism = 4,
  kArgonSalt = 5
};

Result<codec::PemBlock> only_block(std::string_view pem) {
  auto blocks = TRY(codec::decode_pem(pem));
  if (blocks.size() != 1)
    return fail(Code::kBadInput, fmt::format("a key file holds one PEM block, but this holds {}", blocks.size()));
  return std::move(blocks.front());
}

tl::unexpected<Error> wrong_kind(std::string_view wanted, std::string_view found) {
  return fail(Code::kBadInput, fmt::format("here must be {}, but this is a {}", wanted, found));
}

template <class Half>
PublicKey public_key_of(Curve curve, const Half& half) {
  return {curve, Bytes(half.bytes.begin(), half.bytes.end())};
}

struct EncryptedFields {
  std::string algorithm;
  std::uint64_t version = 0;
  EncryptedKey key;
};

Result<> read_parameters(ByteView content, EncryptedFields& fields) {
  codec::ProtoReader reader(content);
  while (!reader.done()) {
    const auto field = TRY(reader.next());
    if (field.value > ~std::uint32_t{0})
      return fail(Code::kCorrupt, "the encrypted key has an argon2 parameter out of range");
    const auto number = static_cast<std::uint32_t>(field.value);
    switch (field.number) {
      case kArgonVersion: fields.version = field.value; break;
      case kArgonMemory: fields.key.cost.memory_kib = number; break;
      case kArgonIterations: fields.key.cost.iterations = number; break;
      case kArgonParallelism: fields.key.cost.parallelism = number; break;
      case kArgonSalt: fields.key.salt.assign(field.content.begin(), field.content.end()); break;
      default: return fail(Code::kCorrupt, "the encrypted key has an unknown argon2 parameter");
    }
  }
  return {};
}

Result<> read_metadata(ByteView content, EncryptedFields& fields) {
  codec::ProtoReader reader(content);
  while (!reader.done()) {
    const auto field = TRY(reader.next());
    if (field.number == kAlgorithmName) fields.algorithm = as_text(field.content);
    if (field.number == kParameters) TRY(read_parameters(field.content, fields));
  }
  return {};
}

Result<EncryptedKey> read_encrypted(Curve curve, ByteView body) {
  EncryptedFields fields;
  fields.key.curve = curve;
  fields.key.cost = {0, 0, 0};  // proto3 leaves out zeros
  codec::ProtoReader reader(body);
  while (!reader.done()) {
    const auto field = TRY(reader.next());
    if (field.number == kMetadata) TRY(read_metadata(field.content, fields));
    if (field.number == kSealed) fields.key.sealed.assign(field.content.begin(), field.content.end());
  }
  if (fields.algorithm != kAlgorithm) {
    return fail(Code::kUnsupported,
                fmt::format("the key is encrypted with \"{}\", only {} is known", fields.algorithm, kAlgorithm));
  }
  if (fields.version != crypto::kArgon2Version)
    return fail(Code::kUnsupported, "the key is encrypted with another version of argon2 than 0x13");
  if (fields.key.salt.size() < kLeastSaltSize)
    return fail(Code::kCorrupt, "the encrypted key's salt has less than 16 bytes");
  if (fields.key.sealed.size() < crypto::kGcmNonceSize + crypto::kGcmTagSize)
    return fail(Code::kCorrupt, "the encrypted key is too short");
  return std::move(fields.key);
}

Result<SigningKey> signing_key(Curve curve, ByteView bytes) {
  if (curve == Curve::kP256) return SigningKey(TRY(crypto::P256Key::from_bytes(bytes)));
  return SigningKey(TRY(crypto::Ed25519Key::from_bytes(bytes)));
}

}  // namespace

PublicKey MemberKey::public_key() const {
  if (const auto* p256 = std::get_if<crypto::P256Key>(&key_)) return public_key_of(Curve::kP256, p256->public_key());
  return public_key_of(Curve::k25519, std::get<crypto::X25519Key>(key_).public_key());
}

Secret<std::string> MemberKey::to_pem() const {
  if (const auto* p256 = std::get_if<crypto::P256Key>(&key_)) {
    return Secret<std::string>(codec::encode_pem(kP256Private, p256->bytes().expose()));
  }
  return Secret<std::string>(codec::encode_pem(kX25519Private, std::get<crypto::X25519Key>(key_).bytes().expose()));
}

PublicKey SigningKey::public_key() const {
  if (const auto* p256 = std::get_if<crypto::P256Key>(&key_)) return public_key_of(Curve::kP256, p256->public_key());
  return public_key_of(Curve::k25519, std::get<crypto::Ed25519Key>(key_).public_key());
}

Bytes SigningKey::sign(ByteView message) const {
  if (const auto* p256 = std::get_if<crypto::P256Key>(&key_)) return p256->sign(message);
  const auto signature = std::get<crypto::Ed25519Key>(key_).sign(message);
  return Bytes(signature.begin(), signature.end());
}

Secret<Bytes> SigningKey::bytes() const {
  if (const auto* p256 = std::get_if<crypto::P256Key>(&key_)) return p256->bytes();
  return std::get<crypto::Ed25519Key>(key_).bytes();
}

Secret<std::string> SigningKey::to_pem() const {
  const bool p256 = std::holds_alternative<crypto::P256Key>(key_);
  return Secret<std::string>(codec::encode_pem(p256 ? kEcdsaPrivate : kEd25519Private, bytes().expose()));
}

Result<std::string> SigningKey::to_encrypted_pem(const Passphrase& passphrase, const crypto::Argon2Cost& cost) const {
  if (passphrase.empty()) return fail(Code::kBadInput, "an encrypted key needs a passphrase that is not empty");
  const Bytes salt = crypto::random_bytes(kSaltSize);
  const auto key = TRY(crypto::argon2id(passphrase, salt, cost));
  crypto::GcmNonce nonce{};
  crypto::fill_random(nonce);
  Bytes sealed(nonce.begin(), nonce.end());
  const Bytes text = crypto::seal_aes256gcm(key, nonce, bytes().expose());
  sealed.insert(sealed.end(), text.begin(), text.end());

  const auto parameters = codec::ProtoWriter()
                              .varint(kArgonVersion, crypto::kArgon2Version)
                              .varint(kArgonMemory, cost.memory_kib)
                              .varint(kArgonIterations, cost.iterations)
                              .varint(kArgonParallelism, cost.parallelism)
                              .bytes(kArgonSalt, salt)
                              .result();
  const auto metadata = codec::ProtoWriter().text(kAlgorithmName, kAlgorithm).bytes(kParameters, parameters).result();
  const auto body = codec::ProtoWriter().bytes(kMetadata, metadata).bytes(kSealed, sealed).result();
  const bool p256 = std::holds_alternative<crypto::P256Key>(key_);
  return codec::encode_pem(p256 ? kEcdsaEncrypted : kEd25519Encrypted, body);
}

Result<SigningKey> EncryptedKey::unlock(const Passphrase& passphrase) const {
  const auto key = TRY(crypto::argon2id(passphrase, salt, cost));
  crypto::GcmNonce nonce{};
  std::copy_n(sealed.begin(), nonce.size(), nonce.begin());
  const auto opened = crypto::open_aes256gcm(key, nonce, ByteView(sealed).subspan(nonce.size()));
  if (!opened) return fail(Code::kUntrusted, "the passphrase is wrong, or the encrypted key was changed");
  return signing_key(curve, opened->expose());
}

Result<MemberKey> parse_member_key(std::string_view pem) {
  const auto block = TRY(only_block(pem));
  if (block.label == kX25519Private) return MemberKey(TRY(crypto::X25519Key::from_bytes(block.body.expose())));
  if (block.label == kP256Private) return MemberKey(TRY(crypto::P256Key::from_bytes(block.body.expose())));
  return wrong_kind("a member's private key", block.label);
}

Result<std::variant<SigningKey, EncryptedKey>> parse_signing_key(std::string_view pem) {
  const auto block = TRY(only_block(pem));
  const auto& body = block.body.expose();
  if (block.label == kEd25519Private) return TRY(signing_key(Curve::k25519, body));
  if (block.label == kEcdsaPrivate) return TRY(signing_key(Curve::kP256, body));
  if (block.label == kEd25519Encrypted) return TRY(read_encrypted(Curve::k25519, body));
  if (block.label == kEcdsaEncrypted) return TRY(read_encrypted(Curve::kP256, body));
  return wrong_kind("an authority's private key", block.label);
}

Result<PublicKey> parse_public_key(std::string_view pem) {
  const auto block = TRY(only_block(pem));
  const auto& body = block.body.expose();
  if (block.label == kP256Public) return public_key_of(Curve::kP256, TRY(crypto::P256Public::from_bytes(body)));
  if (block.label != kX25519Public) return wrong_kind("a member's public key", block.label);
  if (body.size() != 32) return fail(Code::kBadInput, "an X25519 public key has 32 bytes");
  return PublicKey{Curve::k25519, body};
}

std::string public_key_pem(const PublicKey& key) {
  return codec::encode_pem(key.curve == Curve::kP256 ? kP256Public : kX25519Public, key.bytes);
}

}  // namespace tombolo::nebula
