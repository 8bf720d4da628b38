// Where AWS's services answer, and how they are spoken to. Pure.
// Sources: AWS General Reference "Service endpoints"; "SDKs and Tools Reference Guide", Service-specific endpoints.
#pragma once
#include <string>
#include <string_view>

#include "aws/config_file.hpp"

namespace tombolo::aws {

struct Service {
  std::string_view name;          // of the endpoint's host and of the signature: "ec2"
  std::string_view version;       // Query API version; empty for JSON services
  std::string_view target;        // X-Amz-Target prefix; empty for Query services
  std::string_view override_key;  // "EC2" in AWS_ENDPOINT_URL_EC2; in lower case the key in the config file
};

inline constexpr Service kEc2{"ec2", "2016-11-15", "", "EC2"};
inline constexpr Service kSts{"sts", "2011-06-15", "", "STS"};
inline constexpr Service kSsm{"ssm", "", "AmazonSSM", "SSM"};
inline constexpr Service kServiceQuotas{"servicequotas", "", "ServiceQuotasV20190624", "SERVICE_QUOTAS"};

// The URL with its final slash: AWS_ENDPOINT_URL_<KEY>, AWS_ENDPOINT_URL, the profile's `services` section, its endpoint_url,
// else the region's own. AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true leaves only the last.
std::string endpoint_url(const Environment& environment, const ConfigFile& files, const std::string& profile,
                         const Service& service, std::string_view region);
std::string regional_endpoint(const Service& service, std::string_view region);

}  // namespace tombolo::aws
