// The keys, requests and certificates that the simulated Liqo makes and checks. Real Ed25519 and real DER, so that the other
// side's code may verify all of it. Pure. Source: Liqo 1.2.0, pkg/liqo-controller-manager/authentication/{keys,csr}.go.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "crypto/ed25519.hpp"

namespace tombolo::sim {

std::string private_key_pem(const crypto::Ed25519Key& key);  // PKCS#8
std::string public_key_pem(const crypto::Ed25519Public& key);  // PKIX
std::optional<crypto::Ed25519Key> read_private_key(std::string_view pem);
// PEM, or the raw 32 bytes.
std::optional<crypto::Ed25519Public> read_public_key(std::string_view text);

struct LiqoSubject {
  std::string organization;
  std::string common_name;
  bool operator==(const LiqoSubject&) const = default;
};
std::string certificate_request(const crypto::Ed25519Key& key, const LiqoSubject& subject);  // PEM
struct CertificateRequest {
  LiqoSubject subject;
  crypto::Ed25519Public key;
};
// Nothing when it is not exactly one request that its own key has signed.
std::optional<CertificateRequest> read_certificate_request(std::string_view pem);

// The certificate authority that a cluster is born with, and its own certificate, PEM.
crypto::Ed25519Key cluster_authority(const std::string& cluster);
std::string cluster_authority_pem(const std::string& cluster);
// One that `issuer` signs, PEM; the authority's own when it is for itself. Valid for a year.
std::string certificate_of(const crypto::Ed25519Key& issuer, const LiqoSubject& subject,
                           const crypto::Ed25519Public& key, Time now);

}  // namespace tombolo::sim
