#include "liqo/resources.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace tombolo::liqo {

std::optional<double> quantity(std::string_view text) {
  static constexpr std::pair<std::string_view, double> kSuffixes[] = {
      {"", 1},        {"n", 1e-9},    {"u", 1e-6},    {"m", 1e-3},   {"k", 1e3},     {"M", 1e6},
      {"G", 1e9},     {"T", 1e12},    {"P", 1e15},    {"E", 1e18},   {"Ki", 0x1p10}, {"Mi", 0x1p20},
      {"Gi", 0x1p30}, {"Ti", 0x1p40}, {"Pi", 0x1p50}, {"Ei", 0x1p60}};
  double amount = 0;
  // "1E" is one exa, not the beginning of an exponent: fixed notation first.
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), amount, std::chars_format::fixed);
  if (error != std::errc()) return std::nullopt;
  const auto suffix = text.substr(static_cast<std::size_t>(at - text.data()));
  for (const auto& [word, factor] : kSuffixes)
    if (suffix == word) return amount * factor;
  int exponent = 0;
  if (suffix.size() < 2 || (suffix[0] != 'e' && suffix[0] != 'E')) return std::nullopt;
  const auto [end, wrong] = std::from_chars(suffix.data() + 1, suffix.data() + suffix.size(), exponent);
  if (wrong != std::errc() || end != suffix.data() + suffix.size()) return std::nullopt;
  return amount * std::pow(10, exponent);
}

bool same_quantity(std::string_view one, std::string_view other) {
  if (one == other) return true;
  const auto a = quantity(one), b = quantity(other);
  return a && b && *a == *b;
}

codec::Json to_json(const Resources& resources) {
  codec::JsonObject out;
  for (const auto& [name, amount] : resources) out[name] = amount;
  return out;
}

Resources resources_at(const codec::Json& value, std::string_view path) {
  Resources out;
  for (const auto& [name, amount] : codec::object_at(value, path))
    if (amount.is_string()) out[std::string(name)] = std::string(amount.get_string());
  return out;
}

bool same_resources(const Resources& one, const Resources& other) {
  return std::ranges::equal(
      one, other, [](const auto& a, const auto& b) { return a.first == b.first && same_quantity(a.second, b.second); });
}

}  // namespace tombolo::liqo
