// What only AWS can tell and a wish needs: which VPC, image and zones there are, who we are, where we call from.
#pragma once
#include "aws/image.hpp"
#include "cluster/cloud.hpp"
#include "spec/cluster.hpp"

namespace tombolo::cluster {

struct Facts {
  std::string account;             // 12 digits
  std::string caller;              // ARN
  aws::Vpc vpc;                    // the region's default one
  aws::Image image;
  std::vector<aws::Zone> zones;    // that offer the instance type, in the order to be tried
  std::string caller_address;      // as checkip.amazonaws.com sees it; "" when the file names a CIDR
};

// All lookups at once. Errors: kNotFound for no default VPC, no such image, a type that no zone offers; kBadInput for a VPC
// that overlaps the plan; and whatever AWS says.
Result<Facts> look_up(const spec::Cluster& cluster, Cloud& cloud, net::Transport& transport, Clock& clock,
                      const std::stop_token& stop);

// As checkip.amazonaws.com sees this computer. kNotFound with the way out when it does not say.
Result<std::string> caller_address(net::Transport& transport, const std::stop_token& stop);

// Whether the account may run what the plan launches, asked before anything is made. kQuota names the quota, its value and
// the command that raises it. Quotas that cannot be read are no obstacle.
Result<> check_quota(const spec::Cluster& cluster, Cloud& cloud, const std::stop_token& stop);

}  // namespace tombolo::cluster
