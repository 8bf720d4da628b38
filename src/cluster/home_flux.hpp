// Liqo at home by Flux: what Flux is told, and how that is taken back. Source: source.toolkit.fluxcd.io/v1,
// helm.toolkit.fluxcd.io/v2 and helm-controller's own ways: it uninstalls only what is not suspended, and never definitions.
#pragma once
#include <vector>

#include "kube/client.hpp"
#include "spec/cluster.hpp"

namespace tombolo::cluster {

inline constexpr std::string_view kFluxName = "liqo";  // of release and source, in Liqo's namespace

// Whether both kinds that we write are served. Whether anybody acts upon them, their status will tell.
Result<bool> has_flux(kube::Client& client, const std::stop_token& stop);

// Namespace, source and release. `inputs` becomes the release's annotation. Pure.
std::vector<codec::Json> flux_manifests(const spec::Cluster& cluster, const codec::Json& values,
                                        const codec::Json& inputs);

// So that Flux uninstalls what it has installed when the release is removed: one that is suspended it would only forget. A
// release that is gone, or a Flux that is, is fine.
Result<> resume_release(kube::Client& home, const spec::Cluster& cluster, const std::stop_token& stop);

// Definitions that our release has brought ("apiextensions.k8s.io/v1 CustomResourceDefinition x"), for Helm leaves them.
Result<std::vector<std::string>> definitions_of_release(kube::Client& home, const spec::Cluster& cluster,
                                                        const std::stop_token& stop);

}  // namespace tombolo::cluster
