// Nebula's key files: PEM with a banner for each kind of key. Authority keys may be encrypted with a passphrase, in
// Nebula's own format (argon2id, AES-256-GCM). Pure; whoever writes a private key to disk gives it mode 0600.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "crypto/argon2.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/p256.hpp"
#include "crypto/x25519.hpp"
#include "nebula/certificate.hpp"

namespace tombolo::nebula {

using Passphrase = Secret<std::string>;

// A member's key. Made only with Curve25519.
class MemberKey {
 public:
  static MemberKey generate() { return MemberKey(crypto::X25519Key::generate()); }
  explicit MemberKey(crypto::X25519Key key) : key_(std::move(key)) {}
  explicit MemberKey(crypto::P256Key key) : key_(std::move(key)) {}

  PublicKey public_key() const;
  Secret<std::string> to_pem() const;
  const crypto::X25519Key* x25519() const { return std::get_if<crypto::X25519Key>(&key_); }  // nullptr for P-256

 private:
  std::variant<crypto::X25519Key, crypto::P256Key> key_;
};

// An authority's key: signs certificates. Made only with Curve25519.
class SigningKey {
 public:
  static SigningKey generate() { return SigningKey(crypto::Ed25519Key::generate()); }
  explicit SigningKey(crypto::Ed25519Key key) : key_(std::move(key)) {}
  explicit SigningKey(crypto::P256Key key) : key_(std::move(key)) {}

  PublicKey public_key() const;
  Bytes sign(ByteView message) const;
  Secret<std::string> to_pem() const;
  // Fresh salt and nonce each time. Errors: as argon2id; kBadInput for an empty passphrase.
  Result<std::string> to_encrypted_pem(const Passphrase& passphrase, const crypto::Argon2Cost& cost) const;

 private:
  Secret<Bytes> bytes() const;
  std::variant<crypto::Ed25519Key, crypto::P256Key> key_;
};

// An authority's key that still needs its passphrase.
struct EncryptedKey {
  Curve curve = Curve::k25519;
  crypto::Argon2Cost cost;
  Bytes salt;
  Bytes sealed;  // nonce, ciphertext, tag

  // Errors: kUntrusted for a wrong passphrase or changed bytes, and those of argon2id.
  Result<SigningKey> unlock(const Passphrase& passphrase) const;
};

// kBadInput names what the text holds instead (a certificate, an authority's key, ...).
Result<MemberKey> parse_member_key(std::string_view pem);
Result<std::variant<SigningKey, EncryptedKey>> parse_signing_key(std::string_view pem);

// A member's public key, as `nebula-cert keygen -out-pub` writes it. kBadInput for any other block.
Result<PublicKey> parse_public_key(std::string_view pem);
std::string public_key_pem(const PublicKey& key);

}  // namespace tombolo::nebula
