// From the cluster file to wishes: everything `up` makes for it, each with what it needs first; and what the machines and the
// probe are told, for which the certificates and keys are read from the state folder.
#pragma once
#include <optional>
#include <vector>

#include "cloudinit/lighthouse.hpp"
#include "cluster/facts.hpp"
#include "engine/resource.hpp"
#include "mesh/prober.hpp"
#include "store/state_folder.hpp"

namespace tombolo::cluster {

struct DesiredOptions {
  bool wait_for_bootstrap = true;  // false (--no-wait): nothing that needs the machine to have booted
};

// Without facts (`plan --offline`) the values that only AWS knows are unknowns.
std::vector<engine::Wish> desired(const spec::Cluster& cluster, const std::optional<Facts>& facts,
                                  const DesiredOptions& options = {});

// What the lighthouse should be made into now, without an identity. kNotFound before the authorities are made.
Result<cloudinit::LighthouseBootstrap> lighthouse_bootstrap(const spec::Cluster& cluster,
                                                            const store::StateFolder& state, Time now);

// The lighthouse's user-data from its wish's resolved inputs (which hold the embedded identity when the file asks for one).
Result<std::string> lighthouse_user_data(const spec::Cluster& cluster, const store::StateFolder& state,
                                         const engine::Json& inputs, std::int64_t generation, Time now);

// How the program itself asks the lighthouse for a packet over the mesh. `underlay`: the elastic address.
Result<mesh::ProbeRequest> probe_request(const spec::Cluster& cluster, const store::StateFolder& state,
                                         const std::string& underlay, Time now);

// The wish for one member's certificate under the home authority; its key is made here unless a publicKey is added.
engine::Wish member_certificate(const spec::Cluster& cluster, const spec::Member& member);

// kBadInput when what would run all month is estimated to cost more than limits.dollars.
Result<> check_limits(const spec::Cluster& cluster);

// Members whose certificates the operator's machine issues: all but the workers', which the worker authority makes.
std::vector<std::string> issued_members(const spec::Cluster& cluster);

// USD an hour while nothing but the lighthouse runs; nothing when the type is not in the price table.
std::optional<double> standing_cost(const spec::Cluster& cluster);

}  // namespace tombolo::cluster
