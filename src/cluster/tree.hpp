// What `up` would lay at home, as a GitOps tree: files with stable bytes, without secrets.
#pragma once
#include <map>
#include <string>

#include "cluster/session.hpp"

namespace tombolo::cluster {

enum class TreeKind { kKustomize, kFlux };

// Path within the tree -> content. `place`: where the tree lies in its repository ("./clusters/home/homelab"), for Flux.
// Errors: kNotFound before the authorities and the lighthouse's address are there.
Result<std::map<std::string, std::string>> gitops_tree(Session& session, TreeKind kind, const std::string& place);

// The place of a folder in the git repository around it; without one: as it is written, when that is below where we are.
std::string place_in_repository(const std::string& folder);

}  // namespace tombolo::cluster
