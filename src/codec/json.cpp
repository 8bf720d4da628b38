#include "codec/json.hpp"

#include <fmt/format.h>
#include <boost/json/serialize.hpp>
#include <boost/json/stream_parser.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

namespace tombolo::codec {
namespace {

constexpr std::size_t kLongestJson = 32u << 20;
constexpr std::size_t kDeepestJson = 100;

std::string quoted(std::string_view text) {
  return boost::json::serialize(boost::json::string_view(text.data(), text.size()));
}

std::string_view view(boost::json::string_view text) { return {text.data(), text.size()}; }

void append_canonical(std::string& out, const Json& value) {
  if (const auto* array = value.if_array()) {
    out += '[';
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (i) out += ',';
      append_canonical(out, (*array)[i]);
    }
    out += ']';
  } else if (const auto* object = value.if_object()) {
    std::vector<std::string_view> keys;
    for (const auto& [key, ignored] : *object) keys.push_back(view(key));
    std::sort(keys.begin(), keys.end());
    out += '{';
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (i) out += ',';
      out += quoted(keys[i]) + ':';
      append_canonical(out, object->at({keys[i].data(), keys[i].size()}));
    }
    out += '}';
  } else {
    out += boost::json::serialize(value);
  }
}

void append_pretty(std::string& out, const Json& value, std::size_t depth) {
  const std::string inner(2 * (depth + 1), ' ');
  const std::string outer(2 * depth, ' ');
  if (const auto* array = value.if_array(); array && !array->empty()) {
    out += '[';
    for (std::size_t i = 0; i < array->size(); ++i) {
      out += (i ? ",\n" : "\n") + inner;
      append_pretty(out, (*array)[i], depth + 1);
    }
    out += '\n' + outer + ']';
  } else if (const auto* object = value.if_object(); object && !object->empty()) {
    out += '{';
    bool first = true;
    for (const auto& [key, member] : *object) {
      out += (first ? "\n" : ",\n") + inner + quoted(view(key)) + ": ";
      append_pretty(out, member, depth + 1);
      first = false;
    }
    out += '\n' + outer + '}';
  } else {
    out += boost::json::serialize(value);
  }
}

// Numbers too large for a double become infinite, which no JSON text can say again.
bool all_finite(const Json& value) {
  if (const auto* number = value.if_double()) return std::isfinite(*number);
  if (const auto* array = value.if_array()) return std::all_of(array->begin(), array->end(), all_finite);
  if (const auto* object = value.if_object()) {
    return std::all_of(object->begin(), object->end(), [](const auto& member) { return all_finite(member.value()); });
  }
  return true;
}

}  // namespace

Result<Json> parse_json(std::string_view text) {
  if (text.size() > kLongestJson) {
    return fail(Code::kCorrupt,
                fmt::format("JSON of {} bytes is more than the {} accepted", text.size(), kLongestJson));
  }
  boost::json::parse_options options;
  options.max_depth = kDeepestJson;
  boost::json::stream_parser parser({}, options);
  boost::json::error_code error;
  const std::size_t read = parser.write_some(text.data(), text.size(), error);
  if (!error && read < text.size()) {
    return fail(Code::kCorrupt, fmt::format("not JSON: something stands behind the value, at byte {}", read));
  }
  if (!error) parser.finish(error);
  if (error) return fail(Code::kCorrupt, fmt::format("not JSON at byte {}: {}", read, error.message()));
  auto value = parser.release();
  if (!all_finite(value)) return fail(Code::kCorrupt, "not usable JSON: a number in it is too large");
  return value;
}

std::string to_text(const Json& value) { return boost::json::serialize(value); }

std::string to_pretty_text(const Json& value) {
  std::string out;
  append_pretty(out, value, 0);
  return out + '\n';
}

std::string to_canonical_text(const Json& value) {
  std::string out;
  append_canonical(out, value);
  return out;
}

const Json* find(const Json& value, std::string_view path) {
  const Json* at = &value;
  while (!path.empty() && at) {
    const auto dot = path.find('.');
    const auto part = path.substr(0, dot);
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    if (const auto* object = at->if_object()) {
      at = object->if_contains({part.data(), part.size()});
    } else if (const auto* array = at->if_array()) {
      std::size_t index = array->size();
      const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
      const bool number = error == std::errc() && end == part.data() + part.size();
      at = number && index < array->size() ? &(*array)[index] : nullptr;
    } else {
      at = nullptr;
    }
  }
  return at;
}

std::string text_at(const Json& value, std::string_view path, std::string_view fallback) {
  const Json* found = find(value, path);
  const auto* text = found ? found->if_string() : nullptr;
  return text ? std::string(text->data(), text->size()) : std::string(fallback);
}

std::int64_t number_at(const Json& value, std::string_view path, std::int64_t fallback) {
  const Json* found = find(value, path);
  if (!found) return fallback;
  boost::json::error_code error;
  const auto number = found->to_number<std::int64_t>(error);  // takes 3.0 too, not 3.5 and nothing out of range
  return error ? fallback : number;
}

bool bool_at(const Json& value, std::string_view path, bool fallback) {
  const Json* found = find(value, path);
  const auto* flag = found ? found->if_bool() : nullptr;
  return flag ? *flag : fallback;
}

const JsonArray& array_at(const Json& value, std::string_view path) {
  static const JsonArray none;
  const Json* found = find(value, path);
  const auto* array = found ? found->if_array() : nullptr;
  return array ? *array : none;
}

const JsonObject& object_at(const Json& value, std::string_view path) {
  static const JsonObject none;
  const Json* found = find(value, path);
  const auto* object = found ? found->if_object() : nullptr;
  return object ? *object : none;
}

}  // namespace tombolo::codec
