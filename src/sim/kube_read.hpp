// Reading from a simulated API server: objects, pages of lists, watches, and what it serves at all.
#pragma once
#include <string>

#include "sim/kube_write.hpp"

namespace tombolo::sim {

KubeOutcome<codec::Json> read(const KubeStore& store, const KubeRequest& request);
KubeOutcome<codec::Json> list(const KubeStore& store, const KubeRequest& request);

// The events since the request's resourceVersion that are known now, a JSON object a line; "" when there is none yet.
// 410 when that version is forgotten. Without a version, everything that is there comes first.
KubeOutcome<std::string> watch_events(const KubeStore& store, const KubeRequest& request);
// The last line of a watch that ends: where to go on from. "" unless bookmarks were asked for.
std::string bookmark(const KubeStore& store, const KubeRequest& request);

// /api, /apis, /api/v1, /apis/G, /apis/G/V. 404 for what is not served. `path` begins with a slash.
KubeOutcome<codec::Json> discover(const KubeStore& store, const std::string& path);

}  // namespace tombolo::sim
