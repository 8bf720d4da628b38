// What home proves itself with when it peers: the key that Liqo made for the cluster, and the certificate request it asks the
// provider with. The bytes are those of liqoctl: the provider compares them with what it has stored, so a peering begun by
// either can be gone on with by the other. Pure. Source: Liqo 1.2.0, authentication/csr.go and keys.go; RFC 2986.
#pragma once
#include <string>

#include "crypto/signing_key.hpp"

namespace tombolo::liqo {

// What is signed of it (CertificationRequestInfo, DER), from a SubjectPublicKeyInfo.
Bytes request_to_sign(ByteView public_key_info, std::string_view organization, std::string_view common_name);
// PEM. O, then CN, both PrintableString; no attributes. Both must be at most 255 bytes.
std::string certificate_request(const crypto::SigningKey& key, std::string_view organization,
                                std::string_view common_name);
// "-----BEGIN PUBLIC KEY-----…" (PKIX), as Tenants carry it since Liqo 1.0.2.
std::string public_key_pem(const crypto::SigningKey& key);

// O of the control plane's certificate; a slice's has the consumer's cluster ID.
inline constexpr std::string_view kOrganization = "liqo.io";

}  // namespace tombolo::liqo
