// The JSON Schema (2020-12) of the cluster file, generated from the table of fields. Kept as schema/tombolo.schema.json for editors.
#pragma once
#include <string>
#include <string_view>

#include "codec/json.hpp"

namespace tombolo::spec {

codec::Json schema();
std::string schema_text();  // pretty, final newline: the file's exact content

// First line of a cluster file: tells editors (yaml-language-server) where its schema lies.
std::string editor_hint(std::string_view schema_path);

}  // namespace tombolo::spec
