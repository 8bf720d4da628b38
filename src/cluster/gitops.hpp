// home.manage: gitops. What `up` waits for at home instead of applying it: said at once and again every half minute, until
// home.gitopsWait is over.
#pragma once
#include <string>

#include "engine/resource.hpp"
#include "kube/object.hpp"
#include "spec/cluster.hpp"

namespace tombolo::cluster {

// What an object of the exported tree was made from, as its maker wrote it down (kInputsAnnotation); an empty object when
// nothing is written there, as in trees of somebody's own.
engine::Json made_from(const engine::Json& object);
// Whether the object is from an export of what is wished for now.
bool is_from(const engine::Json& object, const engine::Json& inputs);

// `missing` is a sentence without its end: "DaemonSet nebula-system/nebula is not applied yet". `hint`: instead of the usual one.
engine::Step wait_for_gitops(const spec::Cluster& cluster, const std::string& missing, const engine::Call& call,
                             const std::string& hint = "");

}  // namespace tombolo::cluster
