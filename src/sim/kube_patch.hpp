// Merge patches (RFC 7396) and JSON patches (RFC 6902). Pure.
#pragma once
#include "codec/json.hpp"
#include "sim/kube_refusal.hpp"

namespace tombolo::sim {

codec::Json merge_patch(codec::Json value, const codec::Json& patch);
// 400 when the patch is none, 422 when an operation finds nothing at its path or a test does not hold.
KubeOutcome<codec::Json> json_patch(codec::Json value, const codec::Json& patch);

}  // namespace tombolo::sim
