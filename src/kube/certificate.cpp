#include "kube/certificate.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codec/der.hpp"
#include "codec/pem.hpp"

namespace tombolo::kube {
namespace {

constexpr Byte kSequence = 0x30;
constexpr Byte kInteger = 0x02;
constexpr Byte kVersion = 0xa0;
constexpr Byte kUtcTime = 0x17;  // YYMMDDHHMMSSZ
constexpr Byte kGeneralizedTime = 0x18;  // YYYYMMDDHHMMSSZ

Result<Time> read_time(const codec::DerElement& element) {
  std::string digits(as_text(element.content));
  // Two digits of a year mean 1950 to 2049.
  if (element.tag == kUtcTime) digits.insert(0, digits.compare(0, 2, "50") < 0 ? "20" : "19");
  const bool shaped = digits.size() == 15 && digits.back() == 'Z' &&
                      std::all_of(digits.begin(), digits.end() - 1, [](char c) { return c >= '0' && c <= '9'; });
  if (!shaped || (element.tag != kUtcTime && element.tag != kGeneralizedTime))
    return fail(Code::kCorrupt, "a time of the certificate's validity is none");
  const auto part = [&](std::size_t at, std::size_t size) { return digits.substr(at, size); };
  return parse_time(
      fmt::format("{}-{}-{}T{}:{}:{}Z", part(0, 4), part(4, 2), part(6, 2), part(8, 2), part(10, 2), part(12, 2)));
}

}  // namespace

Result<Validity> validity(std::string_view pem) {
  const auto blocks = TRY(codec::decode_pem(pem));
  const auto found = std::ranges::find(blocks, "CERTIFICATE", &codec::PemBlock::label);
  if (found == blocks.end()) return fail(Code::kBadInput, "there is no certificate in it");
  codec::DerReader file(found->body.expose());
  codec::DerReader certificate(TRY(file.expect(kSequence)).content);
  codec::DerReader fields(TRY(certificate.expect(kSequence)).content);
  (void)TRY(fields.optional(kVersion));
  (void)TRY(fields.expect(kInteger));   // serial number
  (void)TRY(fields.expect(kSequence));  // algorithm
  (void)TRY(fields.expect(kSequence));  // issuer
  codec::DerReader times(TRY(fields.expect(kSequence)).content);
  Validity out;
  out.not_before = TRY(read_time(TRY(times.next())));
  out.not_after = TRY(read_time(TRY(times.next())));
  return out;
}

Result<Time> not_after(std::string_view pem) { return TRY(validity(pem)).not_after; }

}  // namespace tombolo::kube
