// What a slice of the cloud has, and what is asked of it: amounts by Kubernetes' names of resources. Pure.
// Source: k8s.io/apimachinery/pkg/api/resource, Quantity; ResourceSlice, spec.resources.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "codec/json.hpp"

namespace tombolo::liqo {

// The amount of a quantity ("500m", "8Gi", "2"); nothing for what is none. Exact up to 2^53.
std::optional<double> quantity(std::string_view text);
bool same_quantity(std::string_view one, std::string_view other);

using Resources = std::map<std::string, std::string>;  // "cpu" -> "8", "nvidia.com/gpu" -> "2"
codec::Json to_json(const Resources& resources);
Resources resources_at(const codec::Json& value, std::string_view path);  // empty when there are none
// The same names with the same amounts, however they are written.
bool same_resources(const Resources& one, const Resources& other);

}  // namespace tombolo::liqo
