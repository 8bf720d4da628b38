// From the cluster file to wishes: everything `up` makes for it, each with what it needs first. Pure, but for the key file
// that lighthouse_user_data() reads in the recipe's embedded form.
#pragma once
#include <optional>
#include <vector>

#include "cluster/facts.hpp"
#include "engine/resource.hpp"

namespace tombolo::cluster {

struct DesiredOptions {
  bool wait_for_bootstrap = true;  // false (--no-wait): nothing that needs the machine to have booted
};

// Without facts (`plan --offline`) the values that only AWS knows are unknowns.
std::vector<engine::Wish> desired(const spec::Cluster& cluster, const std::optional<Facts>& facts,
                                  const DesiredOptions& options = {});

// The lighthouse's user-data from its wish's resolved inputs (authorities, and the embedded identity when the file asks for it).
Result<std::string> lighthouse_user_data(const spec::Cluster& cluster, const engine::Json& inputs);

// kBadInput when what would run all month is estimated to cost more than limits.dollars.
Result<> check_limits(const spec::Cluster& cluster);

// Members whose certificates the operator's machine issues: all but the workers', which the worker authority makes.
std::vector<std::string> issued_members(const spec::Cluster& cluster);

// USD an hour while nothing but the lighthouse runs; nothing when the type is not in the price table.
std::optional<double> standing_cost(const spec::Cluster& cluster);

}  // namespace tombolo::cluster
