// JSON: Boost.JSON's value, and the few accessors that turn "not there" into an Error instead of a crash.
// Format: RFC 8259. Limits: 32 MiB of text, 100 levels.
#pragma once
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tombolo::codec {

using Json = boost::json::value;
using JsonObject = boost::json::object;
using JsonArray = boost::json::array;

// kCorrupt, naming the byte where it stops to be JSON. Of two equal keys the last one counts. Whole numbers of 64 bits are
// exact; others become doubles, which Boost 1.81 may read one binary digit off.
Result<Json> parse_json(std::string_view text);

// One line, keys in the order they were put in.
std::string to_text(const Json& value);
// Indented by two blanks, final newline: for people and golden files.
std::string to_pretty_text(const Json& value);
// Keys sorted, one line: equal values give equal bytes (for hashes and comparisons).
std::string to_canonical_text(const Json& value);

// Walks "a.b.2.c" ("" is the value itself; keys with a dot in them cannot be reached); nullptr when any part is absent or has another shape.
const Json* find(const Json& value, std::string_view path);
// The text/number/bool/array at `path`, or the fallback when it is absent or of another type.
std::string text_at(const Json& value, std::string_view path, std::string_view fallback = "");
std::int64_t number_at(const Json& value, std::string_view path, std::int64_t fallback = 0);
bool bool_at(const Json& value, std::string_view path, bool fallback = false);
// As text_at; empty when there is none.
const JsonArray& array_at(const Json& value, std::string_view path);
const JsonObject& object_at(const Json& value, std::string_view path);

}  // namespace tombolo::codec
