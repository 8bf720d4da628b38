// Collects the evidence: AWS, the machine, the mesh and this computer, all at once and within bounded time.
#pragma once
#include "cluster/session.hpp"
#include "doctor/evidence.hpp"

namespace tombolo::doctor {

// Never fails because one source does: what could not be had is listed with the reason. Errors: kCancelled.
Result<Evidence> gather(cluster::Session& session, const std::stop_token& stop);

}  // namespace tombolo::doctor
