// The simulated clusters' API servers: from an HTTP request to an HTTP answer. The order is a real server's: who you are, what the
// path means, whether you may, what the body says, what the object's kind demands.
// Whoever comes without "Authorization: Bearer refused" is KubeBehaviour::user, who may do everything but KubeBehaviour::forbidden.
// Faults (Fault::action) are named by verb and resource: "patch daemonsets.apps", with the parameters cluster, namespace and name.
#pragma once
#include <optional>
#include <stop_token>

#include "net/transport.hpp"
#include "sim/kube_read.hpp"
#include "sim/site.hpp"
#include "sim/world.hpp"

namespace tombolo::sim {

bool is_kube(const net::Request& request);  // by the URL's host
// At the clock's present time; a watch is answered with what is known. Nothing when no API server is there.
// The caller holds the world's mutex.
std::optional<Reply> serve_kube(World& world, const net::Request& request);
// The in-process mount: with latency, and watches that wait. Errors: Transport's.
Result<net::Response> send_kube(World& world, const net::Request& request, const std::stop_token& stop);

// What a container has printed (kube_logs.cpp); 400 while it has not started.
KubeOutcome<std::string> pod_log(World& world, const KubeStore& store, const KubeRequest& request, Time now);
// Whether KubeBehaviour::forbidden says no, for the server and for reviews.
bool is_forbidden(const World& world, std::string_view cluster, std::string_view verb, const std::string& resource);
// The two reviews, answered.
KubeOutcome<codec::Json> review(const World& world, std::string_view cluster, const std::string& plural,
                                const std::string& body);

}  // namespace tombolo::sim
