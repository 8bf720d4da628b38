// The weather controls of site.hpp over HTTP, for test programs in other languages: JSON in, JSON out, not signed.
//   POST /_sim/fault     {"action", "kind": error|error_after|html|cut_before|cut_after|slow, "code", "status", "message",
//                         "match": {parameter: value}, "skip", "times", "delay_ms"}
//   POST /_sim/shortage  {"type", "zone", "market"}     POST /_sim/clear   faults and shortages
//   POST /_sim/doom      {"code", "message", "after_ms", "times"}
//   POST /_sim/quota     {"region", "code", "value"}    POST /_sim/deny, /_sim/allow   {"action"}
//   POST /_sim/options   {"stale_reads_ms", "throttling", "clock_skew_s", "failing_phase", "caller_address"}
//   POST /_sim/reset     everything as at the start     GET  /_sim/log     the calls so far
//   GET  /_sim/billable  what costs money now
#pragma once
#include <optional>

#include "net/transport.hpp"
#include "sim/site.hpp"

namespace tombolo::sim {

// Nothing for a request that is not for /_sim/. 404 for an unknown control, 400 for a body that is not an object.
std::optional<net::Response> control(Site& site, const net::Request& request);

}  // namespace tombolo::sim
