// One cluster's AWS, as its resource kinds use it.
#pragma once
#include "aws/ec2.hpp"
#include "cluster/identity.hpp"
#include "engine/resource.hpp"
#include "store/state_folder.hpp"

namespace tombolo::cluster {

struct Cloud {
  aws::Client& client;
  aws::Ec2 ec2;
  std::string cluster;  // value of the tag tombolo:cluster

  Cloud(aws::Client& c, std::string name) : client(c), ec2(c), cluster(std::move(name)) {}
};

// For calls that only read or wait: a stop cuts them short.
inline aws::CallOptions reading(const engine::Call& call) { return {call.stop, call.clock.now() - call.since}; }
// For calls that change something: finished once begun, so that the journal learns how they ended.
inline aws::CallOptions changing(const engine::Call& call) { return {{}, call.clock.now() - call.since}; }

// For deletes: the age of what is deleted decides whether "not found" means gone.
inline aws::CallOptions removing(const engine::Current& current, const engine::Call& call) {
  if (!current.made_at) return {{}, {}};
  return {{}, call.clock.now() - *current.made_at};
}

// The pause before the next look at something that AWS is working on: once a second for two minutes, then more rarely.
// One look a second draws a twentieth of what EC2's bucket for Describe calls refills.
Duration poll_pause(const engine::Call& call);

}  // namespace tombolo::cluster
