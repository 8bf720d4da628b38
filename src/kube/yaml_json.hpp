// YAML as the JSON value that Kubernetes takes it for. Pure.
#pragma once
#include "codec/json.hpp"
#include "codec/yaml.hpp"

namespace tombolo::kube {

// Scalars become what the core schema says they are; numbers that no 64 bits hold become text. A refused alias is null.
codec::Json to_json(const codec::YamlNode& node);

}  // namespace tombolo::kube
