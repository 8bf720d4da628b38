// The commented cluster file that `init` writes: every field of the table with its meaning and its value.
#pragma once
#include <string>
#include <string_view>

#include "codec/json.hpp"
#include "spec/cluster.hpp"

namespace tombolo::spec {

// The recipe's own cluster, ready to be changed: defaults and one GPU worker pool that costs nothing while idle.
Cluster recipe();

// Moves the mesh: member addresses and the worker range keep their place inside it. For a smaller mesh that cannot hold
// them, kBadInput.
Result<> move_mesh(Mesh& mesh, const codec::Cidr& to);

// load(template_text(c)) gives c again. Fields without a value stand there as comments with an example.
// `schema_path` goes into the editor hint: where the schema lies, as seen from the file.
std::string template_text(const Cluster& cluster, std::string_view schema_path);

// docs/cluster-file.md: every field with type, default and meaning.
std::string reference_page();

// The cluster as JSON with the keys of the file, defaults filled in: for -o json and for comparing.
codec::Json to_json(const Cluster& cluster);

}  // namespace tombolo::spec
