// Certificates and authorities: ours, and those on the machine.
#include <fmt/format.h>

#include <algorithm>

#include "doctor/findings.hpp"
#include "nebula/trust.hpp"

namespace tombolo::doctor {

namespace {

std::string date(nebula::Seconds at) { return format_time(Time(at)).substr(0, 10); }

void look_at_ours(const Evidence& e, std::vector<Finding>& out) {
  const auto now = std::chrono::floor<std::chrono::seconds>(e.now);
  for (const auto& c : e.certificates) {
    const auto& d = c.details;
    const char* fix =
        d.is_ca ? "Run `tombolo cert rotate-ca`; it says what follows." : "Run `tombolo up`: it renews it.";
    if (d.not_after < now)
      out.push_back({d.is_ca ? "authority-expired" : "certificate-expired", Severity::kFault,
                     fmt::format("the certificate of {} ended on {}", c.name, date(d.not_after)),
                     d.is_ca ? "Nobody in the mesh believes anybody any more." : "No member lets it in any more.", fix,
                     !d.is_ca});
    else if (nebula::due_for_renewal(d, now))
      out.push_back({d.is_ca ? "authority-ends-soon" : "certificate-ends-soon", Severity::kWarning,
                     fmt::format("the certificate of {} ends on {}", c.name, date(d.not_after)),
                     "It is in the last part of its life.", fix, !d.is_ca});
    if (d.not_before > now)
      out.push_back({"certificate-not-yet-valid", Severity::kFault,
                     fmt::format("the certificate of {} begins on {}", c.name, date(d.not_before)),
                     "This computer's clock was ahead when it was issued, or is behind now.",
                     "Set the clock, then `tombolo up`.", false});
  }
}

void look_at_machine(const Evidence& e, std::vector<Finding>& out) {
  if (!e.report || e.report->certificate_pem.empty() || e.home_ca.empty()) return;
  const auto theirs = nebula::parse_certificate(e.report->certificate_pem);
  if (!theirs) {
    out.push_back({"certificate-unreadable", Severity::kFault, theirs.error().sentence(),
                   "The certificate file on the lighthouse was damaged.", "Run `tombolo up`: it delivers it again.",
                   true});
    return;
  }
  const auto trusts = [&](const std::string& fingerprint) {
    const auto trusted = nebula::Trust::from_pem(e.report->authorities_pem);
    return trusted && trusted->find(nebula::Fingerprint(fingerprint)) != nullptr;
  };
  if (!trusts(e.home_ca)) {
    out.push_back({"wrong-authority", Severity::kFault,
                   fmt::format("the lighthouse does not trust the home authority {}", e.home_ca.substr(0, 12)),
                   "Its ca.crt is another mesh's, or older than the authority here.",
                   "Run `tombolo up`: it delivers the right one.", true});
    return;
  }
  const auto ours =
      std::find_if(e.certificates.begin(), e.certificates.end(), [&](const auto& c) { return c.name == e.lighthouse; });
  if (ours != e.certificates.end() && ours->fingerprint != theirs->fingerprint().text())
    out.push_back({"certificate-stale", Severity::kFault,
                   fmt::format("the lighthouse has the certificate {}, and {} was issued for it",
                               theirs->fingerprint().text().substr(0, 12), ours->fingerprint.substr(0, 12)),
                   "The newest one was not delivered, or somebody laid another.", "Run `tombolo up`: it delivers it.",
                   true});
}

}  // namespace

void look_at_certificates(const Evidence& e, std::vector<Finding>& out) {
  look_at_ours(e, out);
  look_at_machine(e, out);
}

}  // namespace tombolo::doctor
