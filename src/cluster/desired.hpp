// From the cluster file to wishes: everything `up` makes for it, each with what it needs first.
#pragma once
#include <optional>
#include <vector>

#include "cluster/facts.hpp"
#include "engine/resource.hpp"

namespace tombolo::cluster {

struct DesiredOptions {
  bool wait_for_bootstrap = true;  // false (--no-wait): nothing that needs the machine to have booted
  bool clusters = true;  // false: nothing in either Kubernetes cluster
  bool peering = true;   // false: the two stay two
};

// Without facts (`plan --offline`) the values that only AWS knows are unknowns.
std::vector<engine::Wish> desired(const spec::Cluster& cluster, const std::optional<Facts>& facts,
                                  const DesiredOptions& options = {});

// The wish for one member's certificate under the home authority; its key is made here unless a publicKey is added.
engine::Wish member_certificate(const spec::Cluster& cluster, const spec::Member& member);

// kBadInput when what would run all month is estimated to cost more than limits.dollars.
Result<> check_limits(const spec::Cluster& cluster);

// Members whose certificates the operator's machine issues: all but the workers', which the worker authority makes.
std::vector<std::string> issued_members(const spec::Cluster& cluster);

// USD an hour while nothing but the lighthouse runs; nothing when the type is not in the price table.
std::optional<double> standing_cost(const spec::Cluster& cluster);

}  // namespace tombolo::cluster
