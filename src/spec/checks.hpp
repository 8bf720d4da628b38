// What must hold between the fields of a cluster file, after each of them is good by itself.
#pragma once
#include <string>
#include <string_view>

#include "base/diagnostics.hpp"
#include "spec/cluster.hpp"

namespace tombolo::spec {

// Adds errors and warnings at the places the cluster remembers. What rests on a field that is already faulty is not
// checked, so that one slip gives one message.
void check(const Cluster& cluster, Diagnostics& diagnostics);

// No error so far about this field, a part of it, or the block it is in.
bool is_sound(const Diagnostics& diagnostics, std::string_view path);

// A diagnostic about a field: at its value, or, when it is not written, at the nearest written block around it.
Diagnostic about(const Cluster& cluster, std::string path, std::string message, std::string hint);

// "mesh.cidr 10.42.0.0/16 (line 6)" or "... (the default)".
std::string named(const Cluster& cluster, std::string_view path, std::string_view value);

}  // namespace tombolo::spec
