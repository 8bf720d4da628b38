// Limits of the account, and the Service Quotas service that shows and raises them (JSON 1.1).
// Codes and first values: a new account's (aws.amazon.com/service-quotas; GPU quotas begin at 0).
#pragma once
#include <string_view>

#include "codec/json.hpp"
#include "sim/world.hpp"

namespace tombolo::sim {

inline constexpr std::string_view kAddressQuota = "L-0263D0A3";
inline constexpr std::string_view kGroupsQuota = "L-E79EC296";
inline constexpr std::size_t kRulesPerGroup = 60;
inline constexpr std::size_t kKeyPairs = 5000;

double quota_value(const Region& region, std::string_view code);
// Requests that have waited long enough are approved.
void decide_quota_requests(World& world, Region& region, Time now);

Outcome<codec::Json> get_service_quota(Call& call, const codec::Json& in);
Outcome<codec::Json> get_default_quota(Call& call, const codec::Json& in);
Outcome<codec::Json> list_service_quotas(Call& call, const codec::Json& in);
Outcome<codec::Json> list_default_quotas(Call& call, const codec::Json& in);
Outcome<codec::Json> request_quota_increase(Call& call, const codec::Json& in);
Outcome<codec::Json> get_quota_request(Call& call, const codec::Json& in);
Outcome<codec::Json> list_quota_requests(Call& call, const codec::Json& in);

}  // namespace tombolo::sim
