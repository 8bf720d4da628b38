#include "sim/quotas.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tombolo::sim {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

struct QuotaRow {
  std::string_view code;
  std::string_view name;
  std::string_view service;
  double value;
};
constexpr std::array kQuotas = {
    QuotaRow{"L-1216C47A", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", "ec2", 32},
    QuotaRow{"L-34B43A08", "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests", "ec2", 5},
    QuotaRow{"L-DB2E81BA", "Running On-Demand G and VT instances", "ec2", 0},
    QuotaRow{"L-3819A6DF", "All G and VT Spot Instance Requests", "ec2", 0},
    QuotaRow{"L-417A185B", "Running On-Demand P instances", "ec2", 0},
    QuotaRow{"L-7212CCBC", "All P4, P3 and P2 Spot Instance Requests", "ec2", 0},
    QuotaRow{kAddressQuota, "EC2-VPC Elastic IPs", "ec2", 5},
    QuotaRow{kGroupsQuota, "VPC security groups per Region", "vpc", 2500},
    QuotaRow{"L-0EA8095F", "Inbound or outbound rules per security group", "vpc", 60},
};

const QuotaRow* row_of(std::string_view code) {
  auto it = std::find_if(kQuotas.begin(), kQuotas.end(), [&](const QuotaRow& row) { return row.code == code; });
  return it == kQuotas.end() ? nullptr : &*it;
}

JsonObject show(const Region& region, const QuotaRow& row, double value) {
  return {{"ServiceCode", row.service},
          {"ServiceName", row.service == "ec2" ? "Amazon Elastic Compute Cloud (Amazon EC2)"
                                               : "Amazon Virtual Private Cloud (Amazon VPC)"},
          {"QuotaArn", fmt::format("arn:aws:servicequotas:{}:{}:{}/{}", region.name, kAccount, row.service, row.code)},
          {"QuotaCode", row.code},
          {"QuotaName", row.name},
          {"Value", value},
          {"Unit", "None"},
          {"Adjustable", true},
          {"GlobalQuota", false},
          {"QuotaAppliedAtLevel", "ACCOUNT"}};
}

JsonObject show(const Region& region, const QuotaRequest& request) {
  const auto& row = *row_of(request.code);
  auto shown = show(region, row, 0);
  for (auto key : {"Value", "Adjustable"}) shown.erase(key);
  shown["Id"] = request.id;
  shown["CaseId"] = "";
  shown["DesiredValue"] = request.desired;
  shown["Status"] = request.status;
  shown["Created"] = std::chrono::duration<double>(request.created.time_since_epoch()).count();
  shown["Requester"] = R"({"accountId":"123456789012"})";
  return shown;
}

Outcome<const QuotaRow*> wanted_row(const Json& in) {
  auto service = codec::text_at(in, "ServiceCode");
  auto code = codec::text_at(in, "QuotaCode");
  if (service.empty() || code.empty())
    return refuse("ValidationException", "ServiceCode and QuotaCode must not be null");
  const auto* row = row_of(code);
  if (!row || row->service != service) {
    return refuse("NoSuchResourceException", "The request failed because the specified resource does not exist.");
  }
  return row;
}

template <class Value>
Outcome<Json> list_all(const Json& in, const Region& region, Value value) {
  auto service = codec::text_at(in, "ServiceCode");
  JsonArray all;
  for (const auto& row : kQuotas) {
    if (row.service == service) all.push_back(show(region, row, value(row)));
  }
  if (all.empty())
    return refuse("NoSuchResourceException", "The request failed because the specified service does not exist.");
  return Json(JsonObject{{"Quotas", all}});
}

}  // namespace

double quota_value(const Region& region, std::string_view code) {
  auto it = region.quotas.find(std::string(code));
  if (it != region.quotas.end()) return it->second;
  const auto* row = row_of(code);
  return row ? row->value : 0;
}

void decide_quota_requests(World& world, Region& region, Time now) {
  for (auto& request : region.quota_requests) {
    if (request.status == "APPROVED") continue;
    if (now >= request.created + world.options.times.quota_decision) {
      request.status = "APPROVED";
      region.quotas[request.code] = request.desired;
    } else if (now >= request.created + world.options.times.quota_decision / 2) {
      request.status = "CASE_OPENED";
    }
  }
}

Outcome<Json> get_service_quota(Call& call, const Json& in) {
  const auto* row = GRANTED(wanted_row(in));
  return Json(JsonObject{{"Quota", show(call.region, *row, quota_value(call.region, row->code))}});
}

Outcome<Json> get_default_quota(Call& call, const Json& in) {
  const auto* row = GRANTED(wanted_row(in));
  return Json(JsonObject{{"Quota", show(call.region, *row, row->value)}});
}

Outcome<Json> list_service_quotas(Call& call, const Json& in) {
  return list_all(in, call.region, [&](const QuotaRow& row) { return quota_value(call.region, row.code); });
}

Outcome<Json> list_default_quotas(Call& call, const Json& in) {
  return list_all(in, call.region, [](const QuotaRow& row) { return row.value; });
}

Outcome<Json> request_quota_increase(Call& call, const Json& in) {
  const auto* row = GRANTED(wanted_row(in));
  const auto* desired = codec::find(in, "DesiredValue");
  if (!desired || !desired->is_number()) return refuse("ValidationException", "DesiredValue must not be null");
  double value = desired->to_number<double>();
  if (value < 0 || value > 1e10) return refuse("ValidationException", "DesiredValue must be between 0 and 10000000000");
  if (value <= quota_value(call.region, row->code)) {
    return refuse("IllegalArgumentException", "You must provide a quota value greater than the current quota value.");
  }
  for (const auto& request : call.region.quota_requests) {
    if (request.code == row->code && request.status != "APPROVED") {
      return refuse("ResourceAlreadyExistsException",
                    "Only one open service quota increase request is allowed per quota.");
    }
  }
  QuotaRequest request{call.world.random.uuid(), std::string(row->code), value, "PENDING", call.now};
  call.region.quota_requests.push_back(request);
  return Json(JsonObject{{"RequestedQuota", show(call.region, request)}});
}

Outcome<Json> get_quota_request(Call& call, const Json& in) {
  const auto* request = by_id(call.region.quota_requests, codec::text_at(in, "RequestId"));
  if (!request)
    return refuse("NoSuchResourceException", "The request failed because the specified resource does not exist.");
  return Json(JsonObject{{"RequestedQuota", show(call.region, *request)}});
}

Outcome<Json> list_quota_requests(Call& call, const Json& in) {
  auto code = codec::text_at(in, "QuotaCode"), status = codec::text_at(in, "Status");
  JsonArray all;
  for (const auto& request : call.region.quota_requests) {
    if ((code.empty() || request.code == code) && (status.empty() || request.status == status)) {
      all.push_back(show(call.region, request));
    }
  }
  return Json(JsonObject{{"RequestedQuotas", all}});
}

}  // namespace tombolo::sim
