// When a certificate of a peering must be renewed by us. Liqo renews them itself after two thirds of their time; what is left
// in the last quarter it has not renewed. Pure. Source: Liqo 1.2.0, Renew.
#pragma once
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "codec/json.hpp"

namespace tombolo::liqo {

struct CertificateTimes {
  Time from{};
  Time until{};
};
// Of "signedCRT" in a Tenant's, Identity's or slice's authParams. Nothing when there is none, or none that can be read.
std::optional<CertificateTimes> certificate_times(const codec::Json& auth_params);
// In the last quarter of its time, at the earliest 30 days before its end.
bool is_due(const CertificateTimes& times, Time now);

}  // namespace tombolo::liqo
