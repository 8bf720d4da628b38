// One field of a cluster by its path, as text: for `init`, which asks for some of them.
#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "spec/cluster.hpp"

namespace tombolo::spec {

// Paths are those of the file; of a list, "workers[0].instanceTypes". The items of a text list are joined by commas.
// Asking for a path that the table does not have is a bug: kInternal.

// What the field means, in a sentence or two.
std::string field_doc(std::string_view path);
// "" when it has no value.
std::string field_text(const Cluster& cluster, std::string_view path);
// Errors: kBadInput, saying what the field wants.
Result<> set_field(Cluster& cluster, std::string_view path, const std::string& text);

}  // namespace tombolo::spec
