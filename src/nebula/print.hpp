// Certificates for people and for programs, as `nebula-cert print` shows them. Pure.
#pragma once
#include <string>
#include <vector>

#include "codec/json.hpp"
#include "nebula/certificate.hpp"

namespace tombolo::nebula {

std::string to_text(const Certificate& certificate);
// The form of Nebula 1.10 and newer, one object a certificate, of one shape for both versions: details {name, networks,
// unsafeNetworks, groups, isCa, issuer, notBefore, notAfter, publicKey, curve}, curve, publicKey, fingerprint,
// signature, version. Nebula keeps curve and publicKey inside for version 1 and outside for version 2; here they are
// always in both places. Lists are never null, times are RFC 3339 in UTC.
codec::Json to_json(const Certificate& certificate);
codec::Json to_json(const std::vector<Certificate>& certificates);  // array

}  // namespace tombolo::nebula
