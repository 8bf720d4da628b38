#include "nebula/trust.hpp"

#include <fmt/format.h>

#include "base/clock.hpp"
#include "nebula/rules.hpp"

namespace tombolo::nebula {
namespace {

tl::unexpected<Error> distrust(std::string why) { return fail(Code::kUntrusted, std::move(why)); }

Result<> check_time(const Details& details, std::string_view whose, Seconds now) {
  if (now < details.not_before)
    return distrust(fmt::format("{} is not valid before {}", whose, format_time(details.not_before)));
  if (now > details.not_after) return distrust(fmt::format("{} expired at {}", whose, format_time(details.not_after)));
  return {};
}

// The rules speak of bad wishes; in somebody's finished certificate their breach is a reason to distrust it.
Result<> as_distrust(Result<> rule) {
  if (!rule) return distrust(rule.error().sentence());
  return {};
}

}  // namespace

Result<Trust> Trust::from_pem(std::string_view bundle) {
  Trust trust;
  for (auto& certificate : TRY(parse_certificates(bundle))) TRY(trust.add(std::move(certificate)));
  return trust;
}

Result<> Trust::add(Certificate authority) {
  const auto& details = authority.details();
  if (!details.is_ca) {
    return fail(Code::kBadInput, fmt::format("\"{}\" is a member's certificate, not an authority's", details.name));
  }
  TRY(context(as_distrust(check_by_itself(details)), fmt::format("checking the authority \"{}\"", details.name)));
  if (!authority.signed_by(details.public_key)) {
    return distrust(fmt::format("the authority \"{}\" does not verify: its signature is not its own", details.name));
  }
  const Fingerprint fingerprint = authority.fingerprint();
  authorities_.emplace(fingerprint, std::move(authority));
  return {};
}

Result<> Trust::verify(const Certificate& member, Seconds now) const {
  const auto& details = member.details();
  if (blocked_.contains(member.fingerprint())) return distrust("the certificate is on the blocklist");
  if (details.is_ca) return distrust("this is an authority's certificate, not a member's");
  const auto* authority = find(details.issuer);
  if (!authority)
    return distrust(fmt::format("its issuer {} is not among the trusted authorities", details.issuer.text()));
  if (authority->details().public_key.curve != details.public_key.curve)
    return distrust("its curve is not its authority's");
  TRY(check_time(authority->details(), fmt::format("its authority \"{}\"", authority->details().name), now));
  TRY(check_time(details, "the certificate", now));
  if (!member.signed_by(authority->details().public_key)) return distrust("its signature is not its authority's");
  TRY(as_distrust(check_by_itself(details)));
  TRY(as_distrust(check_constraints(authority->details(), details)));
  const auto other = member.other_fingerprint();
  if (other && blocked_.contains(*other))
    return distrust("the certificate is on the blocklist, with the other form of its signature");
  return {};
}

const Certificate* Trust::find(const Fingerprint& authority) const {
  const auto at = authorities_.find(authority);
  return at == authorities_.end() ? nullptr : &at->second;
}

std::vector<const Certificate*> Trust::authorities() const {
  std::vector<const Certificate*> list;
  for (const auto& [fingerprint, certificate] : authorities_) list.push_back(&certificate);
  return list;
}

std::vector<const Certificate*> Trust::expired(Seconds now) const {
  std::vector<const Certificate*> list;
  for (const auto* authority : authorities()) {
    if (now > authority->details().not_after) list.push_back(authority);
  }
  return list;
}

Result<> check_pair(const Certificate& member, const PublicKey& key) {
  if (member.details().public_key == key) return {};
  return distrust(fmt::format("this private key does not belong to the certificate of \"{}\"", member.details().name));
}

}  // namespace tombolo::nebula
