// Writing to a simulated API server: create, update, patch, server-side apply, delete. Each call is one version of the store, or
// none when it changes nothing.
#pragma once
#include <string>

#include "codec/url.hpp"
#include "sim/kube_refusal.hpp"

namespace tombolo::sim {

// One request, once its path is understood.
struct KubeRequest {
  std::string verb;  // "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"
  KubeKind kind;
  std::string version;  // of the API it was asked in
  KubeKey key;  // name "" for lists
  std::string subresource;
  codec::Form query;
  std::string body;
  std::string content_type;
  std::string user_agent;

  std::string api_version() const { return kind.api_version(version); }
  std::string_view option(std::string_view name) const { return codec::field(query, name); }
};

// 400 when the body is not an object of this kind, name and namespace.
KubeOutcome<codec::Json> object_in(const KubeRequest& request);

KubeOutcome<codec::Json> create(KubeStore& store, const KubeRequest& request, Time now);
KubeOutcome<codec::Json> update(KubeStore& store, const KubeRequest& request, Time now);
// `created` becomes true when an apply made it.
KubeOutcome<codec::Json> patch(KubeStore& store, const KubeRequest& request, Time now, bool& created);
// The object when something holds it yet, else a Status of success.
KubeOutcome<codec::Json> remove(KubeStore& store, const KubeRequest& request, Time now);

// As a deletion without any condition does it: marks what is held by finalizers or still runs, and erases what is not.
void begin_deletion(KubeStore& store, const KubeKey& key, Time now, std::int64_t grace_seconds,
                    bool foreground = false);

}  // namespace tombolo::sim
