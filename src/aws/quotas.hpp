// Service Quotas of EC2: how many vCPUs and addresses the account may have, and asking for more.
#pragma once
#include "aws/client.hpp"

namespace tombolo::aws {

inline constexpr std::string_view kQuotaAddresses = "L-0263D0A3";  // EC2-VPC elastic IPs, a count; the others are vCPUs

// The quota that counts the vCPUs of an instance type ("g6.xlarge"), or "" for a family we have no code of.
std::string_view vcpu_quota_code(std::string_view instance_type, bool spot);
std::string_view quota_name(std::string_view code);  // as the console shows it; "" when unknown

struct QuotaRequest {
  std::string id;
  std::string status;  // PENDING, CASE_OPENED, APPROVED, DENIED, CASE_CLOSED, NOT_APPROVED, INVALID_REQUEST
  double desired = 0;
};

Result<double> service_quota(Client& client, const std::string& code, const CallOptions& options);
// Look first: AWS refuses a second open request with kDuplicate.
Result<QuotaRequest> request_quota_increase(Client& client, const std::string& code, double value,
                                            const CallOptions& options);
Result<std::vector<QuotaRequest>> quota_requests(Client& client, const std::string& code, const CallOptions& options);

// The command that asks for more, for messages.
std::string quota_command(std::string_view code, double value, std::string_view region);

}  // namespace tombolo::aws
