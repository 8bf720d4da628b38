// A plan as people read it: what will be made, changed and removed, with the fields that differ and what it costs.
#pragma once
#include <string>

#include "cluster/operate.hpp"

namespace tombolo::cli {

// Lines of changes, or "nothing to do" when there are none. Unchanged resources are left out.
std::string plan_text(const engine::Plan& plan, bool colour);
// "Plan: 3 to create, 1 to replace." with the words that apply.
std::string plan_summary(const engine::Plan& plan);
// "About $0.028 an hour ...", or "" for a type without a known price.
std::string cost_text(const spec::Cluster& cluster);

}  // namespace tombolo::cli
