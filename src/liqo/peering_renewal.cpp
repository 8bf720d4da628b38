// Certificates of a peering, before they end: the cloud forgets the one that it has signed, looks at the request again, and
// signs anew. Nothing else changes, and nobody's pods notice.
#include "liqo/peering.hpp"
#include "liqo/renewal.hpp"

namespace tombolo::liqo {
namespace {

using codec::Json;
using namespace std::chrono_literals;

constexpr auto kSigning = 60s;
constexpr auto kLooking = 2s;
const std::string kSlicesCertificate = "the cloud to sign the slice's certificate anew";

bool must_renew(const Json& auth_params, bool always, Time now) {
  const auto times = certificate_times(auth_params);
  return times && (always || is_due(*times, now));
}

// Its controller looks when the object changes.
Result<> sign_again(kube::Client& cloud, const kube::ObjectName& request, const std::string& secret,
                    const std::stop_token& stop) {
  TRY(kube::remove(cloud, {kube::kSecrets, request.name_space, secret}, stop));
  TRY(kube::patch(cloud, request, kube::PatchKind::kMerge,
                  {{"metadata", {{"annotations", {{"tombolo/renewed-at", format_time(cloud.clock().now())}}}}}}, stop));
  return {};
}

}  // namespace

Result<bool> Peering::renew_tenant(const Sides& sides, const std::stop_token& stop) {
  const kube::ObjectName tenant{kTenants, cloud_tenant_, parties_.home.id};
  if (old_certificate_.empty()) {
    if (!must_renew(answer_, request_.renew && !tenant_is_new_, sides.cloud.clock().now())) return true;
    old_certificate_ = codec::text_at(answer_, "signedCRT");
    said_ = "renewing home's certificate";
    TRY(sign_again(sides.cloud, tenant, std::string(kCertificateSecret), stop));
  }
  const auto object = TRY(kube::get(sides.cloud, tenant, stop));
  const auto* answer = codec::find(object, "status.authParams");
  const auto certificate = answer ? codec::text_at(*answer, "signedCRT") : "";
  if (certificate.empty() || certificate == old_certificate_)
    return wait_for(kSigning, "the cloud to sign home's certificate anew", {sides.cloud, cloud_tenant_, tenant.name},
                    stop);
  answer_ = *answer;
  return true;
}

Result<bool> Peering::renew_slice(const Sides& sides, const std::stop_token& stop) {
  const kube::ObjectName here{kResourceSlices, home_tenant_, slice()}, there{kResourceSlices, cloud_tenant_, slice()};
  const auto object = TRY(kube::get(sides.home, here, stop));
  const auto* params = codec::find(object, "status.authParams");
  if (old_slice_certificate_.empty()) {
    if (!params || !must_renew(*params, request_.renew && !tenant_is_new_, sides.cloud.clock().now())) return true;
    old_slice_certificate_ = codec::text_at(*params, "signedCRT");
    said_ = "renewing the slice's certificate";
    TRY(sign_again(sides.cloud, there, std::string(kCertificateSecret) + "-" + slice(), stop));
  }
  if (params && codec::text_at(*params, "signedCRT") != old_slice_certificate_) return true;
  // A slice is looked at again when its spec changes, and when the cloud's controller begins: pods need it for neither.
  if (patience_.waited_for(kSlicesCertificate, sides.home.clock().now()) > kLooking &&
      first_time(Remedy::kRestartSigner)) {
    said_ = "restarting the cloud's controller, which looks at slices when it begins";
    TRY(end_pods(sides.cloud, parties_.cloud.name_space, kControllerManager, stop));
  }
  return wait_for(kSigning, kSlicesCertificate, {sides.cloud, cloud_tenant_, slice()}, stop);
}

}  // namespace tombolo::liqo
