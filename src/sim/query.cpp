#include "sim/query.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "codec/url.hpp"

namespace tombolo::sim {
namespace {

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Numbers in names decide the order of lists: "Value.10" comes after "Value.2".
std::optional<std::int64_t> index_of(std::string_view text) {
  std::int64_t value = 0;
  if (!all_digits(text) || text.size() > 9) return std::nullopt;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

Outcome<Query> Query::parse(std::string_view form) {
  auto fields = codec::decode_form(form);
  if (!fields) return refuse("MalformedQueryString", "The query string contains a syntax error", 404);
  std::map<std::string, std::string> values;
  for (auto& [name, value] : *fields) {
    if (!values.emplace(name, std::move(value)).second) {
      return refuse("InvalidParameterCombination", fmt::format("The parameter {} may only be given once", name));
    }
  }
  return Query(std::move(values));
}

std::string Query::text(const std::string& name, std::string_view fallback) const {
  auto it = values_.find(name);
  return it == values_.end() ? std::string(fallback) : it->second;
}

Outcome<std::string> Query::required(const std::string& name) const {
  auto it = values_.find(name);
  if (it == values_.end() || it->second.empty()) return missing(name);
  return it->second;
}

Outcome<std::int64_t> Query::number(const std::string& name, std::int64_t fallback) const {
  auto it = values_.find(name);
  if (it == values_.end()) return fallback;
  std::int64_t value = 0;
  const auto& text = it->second;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  bool whole = problem == std::errc() && end == text.data() + text.size();
  if (!whole || value < INT32_MIN || value > INT32_MAX) return invalid_value(name, text);  // EC2's Integer
  return value;
}

Outcome<bool> Query::flag(const std::string& name, bool fallback) const {
  auto it = values_.find(name);
  if (it == values_.end()) return fallback;
  if (it->second == "true" || it->second == "True") return true;
  if (it->second == "false" || it->second == "False") return false;
  return invalid_value(name, it->second);
}

std::vector<std::string> Query::list(std::string_view prefix) const {
  std::map<std::int64_t, std::string> found;
  for (const auto& [name, value] : values_) {
    if (name.size() <= prefix.size() + 1 || !name.starts_with(prefix) || name[prefix.size()] != '.') continue;
    if (auto index = index_of(std::string_view(name).substr(prefix.size() + 1))) found[*index] = value;
  }
  std::vector<std::string> out;
  for (auto& [_, value] : found) out.push_back(std::move(value));
  return out;
}

std::vector<Query> Query::items(std::string_view prefix) const {
  std::map<std::int64_t, std::map<std::string, std::string>> found;
  for (const auto& [name, value] : values_) {
    if (name.size() <= prefix.size() + 1 || !name.starts_with(prefix) || name[prefix.size()] != '.') continue;
    auto rest = std::string_view(name).substr(prefix.size() + 1);
    auto dot = rest.find('.');
    if (dot == std::string_view::npos) continue;
    if (auto index = index_of(rest.substr(0, dot))) found[*index].emplace(rest.substr(dot + 1), value);
  }
  std::vector<Query> out;
  for (auto& [_, values] : found) out.emplace_back(std::move(values));
  return out;
}

Query Query::under(std::string_view prefix) const {
  std::map<std::string, std::string> found;
  for (const auto& [name, value] : values_) {
    if (name.size() > prefix.size() + 1 && name.starts_with(prefix) && name[prefix.size()] == '.') {
      found.emplace(name.substr(prefix.size() + 1), value);
    }
  }
  return Query(std::move(found));
}

std::string Query::generic(std::string_view name) {
  std::string out;
  while (true) {
    auto dot = std::min(name.find('.'), name.size());
    auto part = name.substr(0, dot);
    out += all_digits(part) ? std::string_view("N") : part;
    if (dot == name.size()) return out;
    out += '.';
    name.remove_prefix(dot + 1);
  }
}

}  // namespace tombolo::sim
