#include "aws/quotas.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace tombolo::aws {
namespace {

constexpr std::string_view kService = "ec2";

struct Quota {
  std::string_view code;
  std::string_view name;
};
constexpr Quota kStandard{"L-1216C47A", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances"};
constexpr Quota kStandardSpot{"L-34B43A08", "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests"};
constexpr Quota kGpu{"L-DB2E81BA", "Running On-Demand G and VT instances"};
constexpr Quota kGpuSpot{"L-3819A6DF", "All G and VT Spot Instance Requests"};
constexpr Quota kP{"L-417A185B", "Running On-Demand P instances"};
constexpr Quota kPSpot{"L-7212CCBC", "All P4, P3 and P2 Spot Instance Requests"};
constexpr Quota kAddresses{kQuotaAddresses, "EC2-VPC Elastic IPs"};
constexpr Quota kAll[] = {kStandard, kStandardSpot, kGpu, kGpuSpot, kP, kPSpot, kAddresses};

double number(const codec::Json* value) {
  if (!value) return 0;
  if (value->is_double()) return value->get_double();
  if (value->is_int64()) return static_cast<double>(value->get_int64());
  if (value->is_uint64()) return static_cast<double>(value->get_uint64());
  return 0;
}

QuotaRequest request_of(const codec::Json& value) {
  return {codec::text_at(value, "Id"), codec::text_at(value, "Status"), number(codec::find(value, "DesiredValue"))};
}

codec::JsonObject of_quota(const std::string& code) {
  return {{"ServiceCode", std::string(kService)}, {"QuotaCode", code}};
}

}  // namespace

std::string_view vcpu_quota_code(std::string_view instance_type, bool spot) {
  const auto letters =
      std::find_if_not(instance_type.begin(), instance_type.end(), [](unsigned char c) { return std::islower(c); });
  const std::string_view family = instance_type.substr(0, static_cast<std::size_t>(letters - instance_type.begin()));
  if (family == "g" || family == "gr" || family == "vt") return spot ? kGpuSpot.code : kGpu.code;
  if (family == "p") return spot ? kPSpot.code : kP.code;
  constexpr std::string_view kStandardFamilies[] = {"a", "c", "d", "h", "i", "im", "is", "m", "r", "t", "z"};
  if (std::ranges::find(kStandardFamilies, family) != std::end(kStandardFamilies))
    return spot ? kStandardSpot.code : kStandard.code;
  return "";
}

std::string_view quota_name(std::string_view code) {
  const auto found = std::ranges::find(kAll, code, &Quota::code);
  return found == std::end(kAll) ? "" : found->name;
}

Result<double> service_quota(Client& client, const std::string& code, const CallOptions& options) {
  const auto answer =
      TRY(client.json(kServiceQuotas, "GetServiceQuota", of_quota(code), {CallKind::kRead, Repeat::kSafe}, options));
  const codec::Json* value = codec::find(answer, "Quota.Value");
  if (!value || !value->is_number())
    return fail(Code::kCorrupt, fmt::format("AWS's answer about quota {} holds no value", code));
  return number(value);
}

Result<QuotaRequest> request_quota_increase(Client& client, const std::string& code, double value,
                                            const CallOptions& options) {
  codec::JsonObject ask = of_quota(code);
  ask["DesiredValue"] = value;
  const auto answer = TRY(client.json(kServiceQuotas, "RequestServiceQuotaIncrease", ask,
                                      {CallKind::kCreate, Repeat::kLookFirst}, options));
  const codec::Json* request = codec::find(answer, "RequestedQuota");
  if (!request) return fail(Code::kCorrupt, "AWS's answer to RequestServiceQuotaIncrease names no request");
  return request_of(*request);
}

Result<std::vector<QuotaRequest>> quota_requests(Client& client, const std::string& code, const CallOptions& options) {
  const auto answer = TRY(client.json(kServiceQuotas, "ListRequestedServiceQuotaChangeHistoryByQuota", of_quota(code),
                                      {CallKind::kRead, Repeat::kSafe}, options));
  std::vector<QuotaRequest> out;
  if (const codec::Json* list = codec::find(answer, "RequestedQuotas"); list && list->is_array())
    for (const codec::Json& one : list->get_array()) out.push_back(request_of(one));
  return out;
}

std::string quota_command(std::string_view code, double value, std::string_view region) {
  return fmt::format(
      "aws service-quotas request-service-quota-increase --service-code {} --quota-code {} --desired-value {:g} "
      "--region {}",
      kService, code, value, region);
}

}  // namespace tombolo::aws
