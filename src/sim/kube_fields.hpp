// Whose field is whose: server-side apply, and what every other write means for the owners. Pure.
// Source: Kubernetes "Server-Side Apply"; structured-merge-diff. Lists that are maps or sets there are so here when they belong
// to built-in kinds (containers, env, ports, …); lists of custom resources are taken whole.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "codec/json.hpp"
#include "sim/kube_refusal.hpp"

namespace tombolo::sim {

// As in FieldsV1: "f:spec", "k:{\"name\":\"nebula\"}", "v:\"a-finalizer\"".
using FieldPath = std::vector<std::string>;
using FieldSet = std::set<FieldPath>;

std::string text(const FieldPath& path);  // ".spec.containers[name=\"nebula\"].image"

// The fields of an object that have owners: leaves only; not those that the server fills in.
FieldSet fields_of(const codec::Json& object, bool built_in);

// Who writes.
struct KubeWriter {
  std::string manager;
  bool applies = false;  // by server-side apply
  std::string api_version;
  std::string subresource;
  std::string time;
};

// `live` as it is when `applied` is applied to it, with managedFields. `live` is null for a new object.
// 409 with one cause for each field that somebody else owns and that would change.
KubeOutcome<codec::Json> apply_fields(const codec::Json& live, const codec::Json& applied, const KubeWriter& writer,
                                      bool built_in, bool force);

// managedFields of `now`, which `writer` made from `before` (null: nothing) by another kind of write.
void track_fields(const codec::Json& before, codec::Json& now, const KubeWriter& writer, bool built_in);

}  // namespace tombolo::sim
