// The one table of the cluster file's fields: name, type, default, meaning, limits, and where the value lies in the model.
// The loader, the JSON Schema, the template of `init` and docs/cluster-file.md are all made from it.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codec/json.hpp"
#include "spec/cluster.hpp"

namespace tombolo::spec {

enum class Type {
  kText,
  kInteger,
  kNumber,
  kDuration,  // "87600h", "10m", "30s"; limits in seconds
  kNetwork,  // IPv4, no host bits
  kAddress,  // IPv4
  kTextList,
  kBlock,  // keys of its own
  kList,  // of blocks
};

struct Field {
  std::string key;
  Type type = Type::kText;
  std::string doc;  // sentences for the user
  std::string example;  // shown where there is no value
  bool required = false;
  std::vector<std::string> choices;  // when not empty, nothing else is accepted
  std::string pattern;  // ECMAScript, whole text (each item of a list)
  std::string pattern_words;  // what the pattern wants: "an instance type such as t3.small"
  std::function<bool(const std::string&)> matches;  // the pattern, compiled
  std::optional<std::int64_t> minimum;  // of numbers; of a duration in seconds; of a list's length
  std::optional<std::int64_t> maximum;
  std::vector<Field> fields;  // of a block, or of each item of a list

  // The way into the model. `owner` is the structure that the field is part of.
  using Owner = void*;
  // Scalars and text lists: takes the words as written; returns what is wrong with them, or "".
  std::function<std::string(Owner, const std::vector<std::string>&)> set;
  // The same as JSON; null when the model holds no value.
  std::function<codec::Json(Owner)> get;
  std::function<Owner(Owner)> block;  // the structure of a block
  std::function<std::vector<Owner>(Owner)> items;  // of a list
  std::function<void(Owner)> clear;  // a list, before the file's own items are added
  std::function<Owner(Owner)> add;  // a new last item
  std::function<std::shared_ptr<void>()>
      example_item;  // one that is in no list: holds the defaults of an item's fields

  Field&& with_example(std::string text) && {
    example = std::move(text);
    return std::move(*this);
  }
  Field&& must_be_written() && {
    required = true;
    return std::move(*this);
  }
  Field&& one_of(std::vector<std::string> words) && {
    choices = std::move(words);
    return std::move(*this);
  }
  Field&& between(std::int64_t low, std::int64_t high) && {
    minimum = low;
    maximum = high;
    return std::move(*this);
  }
  Field&& looks_like(std::string regex, std::string words) &&;
};

// The block that is the whole file; its owner is a Cluster.
const Field& cluster_file();

// What is wrong with a text by the field's choices and pattern, as "<path> <what>"; "" when nothing is. Sets `hint`.
std::string wrong_text(const Field& field, const std::string& path, const std::string& text, std::string& hint);

// "10m", "87600h": the largest unit that divides it.
std::string duration_text(std::chrono::seconds duration);
std::optional<std::chrono::seconds> parse_duration(const std::string& text);  // nullopt: not that form

inline constexpr const char* kDurationPattern = "^[0-9]{1,7}[hms]$";
inline constexpr const char* kAddressPattern = "^[0-9]{1,3}(\\.[0-9]{1,3}){3}$";
inline constexpr const char* kNetworkPattern = "^[0-9]{1,3}(\\.[0-9]{1,3}){3}/[0-9]{1,2}$";

}  // namespace tombolo::spec
