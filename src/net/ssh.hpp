// SSH to real machines, over libssh: the production side of shell.hpp. Nothing of the user's own is read: no ~/.ssh, no
// ssh_config, no known_hosts, no agent; what is trusted is what Login::judge trusts.
#pragma once
#include <memory>

#include "net/shell.hpp"

namespace tombolo::net {

// `clock` must live as long as the shells and what they opened; it measures patience. Threads: any may open.
// A server whose host keys are all of other types than Login::key_types is kUntrusted; one that shares no cipher or key
// exchange with us is kUnsupported.
std::unique_ptr<Shells> make_ssh_shells(Clock& clock);

}  // namespace tombolo::net
