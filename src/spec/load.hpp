// From the text of tombolo.yaml to the model, with every fault of the file found in one go.
#pragma once
#include <string_view>

#include "base/diagnostics.hpp"
#include "spec/cluster.hpp"

namespace tombolo::spec {

// Fills `diagnostics` (errors and warnings, sorted by position; render() shows them). kBadInput when there is an error;
// its sentence counts them. `file_name` is what the messages call the file.
Result<Cluster> load(std::string_view text, std::string_view file_name, Diagnostics& diagnostics);

}  // namespace tombolo::spec
