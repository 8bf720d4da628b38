// YAML with positions: a tree in which every key and value knows where it stands, for messages that point at it.
// Reads with libyaml's events; scalars resolve by YAML 1.2's core schema ("no" is text). One document.
// Refused: anchors, aliases and tags (a cluster file needs none, and aliases blow up), keys that are not scalars.
// Limits: 1 MiB of text, 100,000 values, 100 faults told, and levels as the caller says.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.hpp"

namespace tombolo::codec {

struct YamlEntry;

struct YamlNode {
  enum class Kind { kScalar, kSequence, kMapping };
  Kind kind = Kind::kScalar;
  Position at;                     // first character of the value
  int length = 1;                  // characters to underline on that line
  std::string text;                // of a scalar
  bool plain = true;               // scalar without quotes and not a block scalar
  bool refused = false;            // an alias: the fault is told, the value is not there
  std::vector<YamlNode> items;     // of a sequence
  std::vector<YamlEntry> entries;  // of a mapping, in the file's order, every key once

  const YamlEntry* find(std::string_view key) const;  // nullptr when absent
};

struct YamlEntry {
  std::string key;
  Position at;
  int length = 1;
  YamlNode value;
};

enum class ScalarType { kNull, kBool, kInteger, kFloat, kText };

// By the core schema; a quoted scalar is text whatever it says. Only for scalars.
ScalarType scalar_type(const YamlNode& scalar);
// "text", "a number", "a list", ...: for messages.
std::string_view describe(const YamlNode& node);

// Adds every fault to `diagnostics`; nullopt when there is no tree to look at (a syntax error, an empty file, a limit).
// A duplicate key is an error, and its first value stays in the tree.
// `levels`: of nesting. 32 are plenty for what people write; definitions of Kubernetes resources have more.
inline constexpr int kYamlLevels = 32;
std::optional<YamlNode> parse_yaml(std::string_view text, std::string_view file, Diagnostics& diagnostics,
                                   int levels = kYamlLevels);

// The text as one YAML scalar that reads back as text: plain where that is safe, else in double quotes.
std::string yaml_scalar(std::string_view text);

}  // namespace tombolo::codec
