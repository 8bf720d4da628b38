// The parameters of a Query-protocol call (EC2, STS): dotted names and texts, lists as Name.1, Name.2.
// Source: EC2 API reference, "Query API"; a form body or the query string of a GET.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/refusal.hpp"

namespace tombolo::sim {

class Query {
 public:
  Query() = default;
  explicit Query(std::map<std::string, std::string> values) : values_(std::move(values)) {}
  // Decodes a=b&c=d with percent escapes and '+'. Refuses broken escapes and doubled names.
  static Outcome<Query> parse(std::string_view form);

  bool has(const std::string& name) const { return values_.contains(name); }
  std::string text(const std::string& name, std::string_view fallback = "") const;
  Outcome<std::string> required(const std::string& name) const;            // MissingParameter
  Outcome<std::int64_t> number(const std::string& name, std::int64_t fallback) const;
  Outcome<bool> flag(const std::string& name, bool fallback) const;
  std::vector<std::string> list(std::string_view prefix) const;            // prefix.1, prefix.2, ... by number
  std::vector<Query> items(std::string_view prefix) const;  // prefix.1.*, prefix.2.*, ... without the prefix
  Query under(std::string_view prefix) const;  // prefix.* without the prefix

  const std::map<std::string, std::string>& values() const { return values_; }
  // "Filter.2.Value.1" -> "Filter.N.Value.N": the name as the documentation has it.
  static std::string generic(std::string_view name);

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace tombolo::sim
