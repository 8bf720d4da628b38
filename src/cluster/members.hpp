// The members of the mesh as they are right now: who answers, how fast, and since when. For `status` and `ping`.
#pragma once
#include "cluster/session.hpp"

namespace tombolo::cluster {

struct MemberStatus {
  std::string name;
  spec::Role role = spec::Role::kHome;
  codec::Address address;                 // in the mesh
  std::string seen_from;                  // "here", or "lighthouse": where the packet was sent from
  std::optional<Duration> round_trip;     // of a packet over the mesh; nothing: no answer
  std::optional<Duration> handshake_age;  // since the newest handshake with the lighthouse that its log remembers
  std::string trouble;                    // why there is no round trip; "" when there is one
};

struct MeshStatus {
  std::vector<MemberStatus> members;  // the cluster file's, in its order
  std::optional<cloudinit::MachineReport> report;  // the lighthouse's, when it could be asked
};

// The lighthouse is asked over the mesh from here, the others by the lighthouse, which also knows the handshakes. Members
// nobody can ask are listed with the reason. Errors: kCancelled.
Result<MeshStatus> look_at_members(Session& session, const std::stop_token& stop);

}  // namespace tombolo::cluster
