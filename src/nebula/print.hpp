// Certificates for people and for programs, as `nebula-cert print` shows them. Pure.
#pragma once
#include <string>
#include <vector>

#include "codec/json.hpp"
#include "nebula/certificate.hpp"

namespace tombolo::nebula {

std::string to_text(const Certificate& certificate);
// The form of Nebula 1.10 and newer, one object a certificate, with the same fields in the same places for both versions:
// details {name, networks, unsafeNetworks, groups, isCa, issuer, notBefore, notAfter}, curve, publicKey, signature, version,
// fingerprint. Lists are never null, times are RFC 3339 in UTC.
codec::Json to_json(const Certificate& certificate);
codec::Json to_json(const std::vector<Certificate>& certificates);  // array

}  // namespace tombolo::nebula
