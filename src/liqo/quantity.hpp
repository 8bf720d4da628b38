// Kubernetes' quantities ("500m", "8Gi", "2"), as far as comparing two of them needs. Pure.
// Source: k8s.io/apimachinery/pkg/api/resource, Quantity.
#pragma once
#include <optional>
#include <string_view>

namespace tombolo::liqo {

// The amount; nothing for what is no quantity. Exact up to 2^63 with three decimal places.
std::optional<double> quantity(std::string_view text);
bool same_quantity(std::string_view one, std::string_view other);

}  // namespace tombolo::liqo
