// What machines, home's nodes, Liqo's chart and the probe are told: texts and requests from the cluster file, for which
// certificates and keys are read from the state folder.
#pragma once
#include <optional>
#include <string>

#include "cloudinit/lighthouse.hpp"
#include "cluster/home_manifests.hpp"
#include "engine/resource.hpp"
#include "liqo/values.hpp"
#include "mesh/prober.hpp"
#include "nebula/config.hpp"
#include "store/state_folder.hpp"

namespace tombolo::cluster {

class Session;

// What the lighthouse should be made into now, without an identity. kNotFound before the authorities are made.
Result<cloudinit::LighthouseBootstrap> lighthouse_bootstrap(const spec::Cluster& cluster,
                                                            const store::StateFolder& state, Time now);

// The lighthouse's user-data from its wish's resolved inputs (which hold the embedded identity when the file asks for one).
Result<std::string> lighthouse_user_data(const spec::Cluster& cluster, const store::StateFolder& state,
                                         const engine::Json& inputs, std::int64_t generation, Time now);

// How the program itself asks the lighthouse for a packet over the mesh. `underlay`: the elastic address.
Result<mesh::ProbeRequest> probe_request(const spec::Cluster& cluster, const store::StateFolder& state,
                                         const std::string& underlay, Time now);

// Values of Liqo's chart for one side: ours, with those of the file that the cluster file names. Errors: kBadInput, with the
// file and the line; kNotFound and kIo.
Result<codec::Json> liqo_values(const spec::Cluster& cluster, liqo::Side side);

// Home's members with certificates and keys; issues certificates that are missing. `lighthouse`: its address on the Internet.
Result<HomeMesh> home_mesh(Session& session, const std::string& lighthouse);
nebula::PkiPaths home_pki();  // where home's pods have their files
// A hash of whom home must trust and whom no more; 16 hex characters.
Result<std::string> home_trust(const store::StateFolder& state, Time now);

}  // namespace tombolo::cluster
