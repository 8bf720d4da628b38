#include "liqo/renewal.hpp"

#include <algorithm>

#include "codec/base64.hpp"
#include "kube/certificate.hpp"

namespace tombolo::liqo {

std::optional<CertificateTimes> certificate_times(const codec::Json& auth_params) {
  const auto pem = codec::decode_base64(codec::text_at(auth_params, "signedCRT"));
  const auto times = pem ? kube::validity(as_text(*pem)) : fail(Code::kNotFound, "");
  if (!times) return std::nullopt;
  return CertificateTimes{times->not_before, times->not_after};
}

bool is_due(const CertificateTimes& times, Time now) {
  const Duration quarter = (times.until - times.from) / 4;
  return now > times.until - std::min<Duration>(quarter, std::chrono::hours(30 * 24));
}

}  // namespace tombolo::liqo
