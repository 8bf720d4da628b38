// How we know our own again: the tags on everything we make, and the client tokens of launches.
#pragma once
#include <string>

#include "aws/ec2_types.hpp"
#include "engine/resource.hpp"

namespace tombolo::cluster {

inline constexpr std::string_view kTagCluster = "tombolo:cluster";        // metadata.name
inline constexpr std::string_view kTagAddress = "tombolo:address";        // "aws.instance/lighthouse"
inline constexpr std::string_view kTagGeneration = "tombolo:generation";  // 1, 2, ...

aws::Tags our_tags(const std::string& cluster, const engine::Address& address, std::int64_t generation);
aws::Filters ours(const std::string& cluster);  // a filter for all of one cluster's resources
bool is_ours(const aws::Tags& tags, const std::string& cluster);

// Address and generation from our tags; nothing when they are not there or were tampered with.
struct Mark {
  engine::Address address;
  std::int64_t generation = 1;
};
std::optional<Mark> mark_of(const aws::Tags& tags);

std::string tag(const aws::Tags& tags, std::string_view key);  // "" when absent

// The token of one launch: the same (cluster, address, generation, zone) asks for the same machine, however often we ask.
// 64 characters, [0-9a-f]. Another zone is another token: EC2's tokens are zonal ("Ensuring idempotency", EC2 API).
aws::ClientToken launch_token(const std::string& cluster, const engine::Address& address, std::int64_t generation,
                              const aws::Zone& zone);

}  // namespace tombolo::cluster
