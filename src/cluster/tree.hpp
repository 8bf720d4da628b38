// What `up` would lay at home, as a GitOps tree: files with stable bytes, without secrets.
#pragma once
#include <map>
#include <string>

#include "cluster/session.hpp"

namespace tombolo::cluster {

enum class TreeKind { kKustomize, kFlux };

// Path within the tree -> content. Errors: kNotFound before the authorities and the lighthouse's address are there.
Result<std::map<std::string, std::string>> gitops_tree(Session& session, TreeKind kind);

}  // namespace tombolo::cluster
