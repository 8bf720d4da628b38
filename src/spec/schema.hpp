// The JSON Schema (2020-12) of the cluster file, generated from the table of fields. Kept as schema/tombolo.schema.json for editors.
#pragma once
#include <string>
#include <string_view>

#include "codec/json.hpp"

namespace tombolo::spec {

codec::Json schema();
std::string schema_text();  // pretty, final newline: the file's exact content

// First line of a cluster file: tells editors (yaml-language-server) which schema it has.
std::string_view editor_hint();

}  // namespace tombolo::spec
