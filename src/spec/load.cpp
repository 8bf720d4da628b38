#include "spec/load.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "codec/yaml.hpp"
#include "spec/address_plan.hpp"
#include "spec/checks.hpp"
#include "spec/fields.hpp"
#include "spec/template.hpp"

namespace tombolo::spec {
namespace {

using codec::ScalarType;
using codec::YamlEntry;
using codec::YamlNode;

std::string joined(const std::string& path, const std::string& key) { return path.empty() ? key : path + '.' + key; }

// Every path of the table that ends with this key: where a misplaced key could belong.
void find_key(const Field& field, const std::string& key, const std::string& path, std::vector<std::string>& found) {
  for (const auto& inner : field.fields) {
    const auto inner_path = joined(path, inner.key);
    if (inner.key == key) found.push_back(inner_path);
    find_key(inner, key, inner.type == Type::kList ? inner_path + "[]" : inner_path, found);
  }
}

// The value as the user wrote it, short enough for a sentence.
std::string shown(const YamlNode& node) {
  constexpr std::size_t kLongest = 60;
  if (node.kind != YamlNode::Kind::kScalar || node.text.empty()) return std::string(describe(node));
  const auto text = node.text.size() > kLongest ? node.text.substr(0, kLongest) + "..." : node.text;
  return node.plain ? text : fmt::format("\"{}\"", text);
}

std::string bounds(const Field& field, std::string (*form)(std::int64_t)) {
  if (field.minimum && field.maximum) return fmt::format(" from {} to {}", form(*field.minimum), form(*field.maximum));
  return "";
}

std::string as_number(std::int64_t value) { return std::to_string(value); }
std::string as_duration(std::int64_t seconds) { return duration_text(std::chrono::seconds(seconds)); }

bool outside(const Field& field, std::int64_t value) {
  return (field.minimum && value < *field.minimum) || (field.maximum && value > *field.maximum);
}

class Loader {
 public:
  Loader(std::string_view file, Source& source, Diagnostics& diagnostics) : source_(source), diagnostics_(diagnostics) {
    source_.file = file;
  }

  void block(const Field& field, const YamlNode& node, Field::Owner owner, const std::string& path) {
    if (node.refused) return;
    const bool nothing = node.kind == YamlNode::Kind::kScalar && scalar_type(node) == ScalarType::kNull;
    if (node.kind != YamlNode::Kind::kMapping && !nothing) {
      fault(node.at, node.length, path,
            fmt::format("{} must be a block of keys, not {}", path.empty() ? "the file" : path, describe(node)),
            fmt::format("Write the keys on lines of their own, indented by two blanks: {}.", field.fields.front().key));
      return;
    }
    for (const auto& entry : node.entries) {
      const auto known =
          std::find_if(field.fields.begin(), field.fields.end(), [&](const Field& f) { return f.key == entry.key; });
      if (known == field.fields.end()) {
        unknown(field, entry, path);
      } else {
        const auto inner = joined(path, entry.key);
        source_.places[inner] = {entry.value.at, entry.value.length};
        value(*known, entry.value, owner, inner);
      }
    }
    for (const auto& inner : field.fields) {
      if (inner.required && !node.find(inner.key) && !misspelt(field, inner, node)) missing(inner, node, path);
    }
    // A block that holds something required is itself required.
    for (const auto& inner : field.fields) {
      const bool needed =
          std::any_of(inner.fields.begin(), inner.fields.end(), [](const Field& f) { return f.required; });
      if (inner.type == Type::kBlock && needed && !node.find(inner.key))
        block(inner, YamlNode{}, owner, joined(path, inner.key));
    }
  }

 private:
  void fault(Position at, int length, const std::string& path, std::string message, std::string hint = "") {
    Diagnostic d;
    d.file = source_.file;
    d.at = at;
    d.length = length;
    d.path = path;
    d.message = std::move(message);
    d.hint = std::move(hint);
    diagnostics_.add(std::move(d));
  }

  static std::vector<std::string> keys_of(const Field& field) {
    std::vector<std::string> keys(field.fields.size());
    std::transform(field.fields.begin(), field.fields.end(), keys.begin(), [](const Field& f) { return f.key; });
    return keys;
  }

  static std::string nearest_key(const Field& field, const std::string& key) { return nearest(key, keys_of(field)); }

  // The key is there, but for a slip that is told already.
  static bool misspelt(const Field& field, const Field& inner, const YamlNode& node) {
    return std::any_of(node.entries.begin(), node.entries.end(),
                       [&](const YamlEntry& e) { return nearest_key(field, e.key) == inner.key; });
  }

  void unknown(const Field& field, const YamlEntry& entry, const std::string& path) {
    std::vector<std::string> elsewhere;
    find_key(cluster_file(), entry.key, "", elsewhere);
    std::string hint = fmt::format("Known here: {}.", fmt::join(keys_of(field), ", "));
    const auto near = nearest_key(field, entry.key);
    if (!near.empty())
      hint = fmt::format("Did you mean {}?", near);
    else if (!elsewhere.empty())
      hint = fmt::format("That key belongs elsewhere: {}.", fmt::join(elsewhere, ", "));
    // The fault counts for the field that was meant: its default must not be checked in its place.
    fault(entry.at, entry.length, joined(path, near.empty() ? entry.key : near),
          fmt::format("unknown key \"{}\"{}", entry.key, path.empty() ? "" : " in " + path), hint);
  }

  void missing(const Field& field, const YamlNode& node, const std::string& path) {
    const auto full = joined(path, field.key);
    const auto example = field.choices.size() == 1 ? field.choices.front() : field.example;
    const auto place = source_.places.find(path);
    const Position at = place != source_.places.end() ? place->second.at : node.at.known() ? node.at : Position{1, 1};
    fault(at, 1, full, fmt::format("{} is missing", full),
          example.empty() ? field.doc : fmt::format("Write {}: {}", field.key, example));
  }

  void value(const Field& field, const YamlNode& node, Field::Owner owner, const std::string& path) {
    if (node.refused) return;
    switch (field.type) {
      case Type::kBlock: return block(field, node, field.block(owner), path);
      case Type::kList: return list(field, node, owner, path);
      case Type::kTextList: return texts(field, node, owner, path);
      default: return scalar(field, node, owner, path);
    }
  }

  // True, with a fault told, when the node is no sequence; an empty value is an empty list.
  bool no_sequence(const Field& field, const YamlNode& node, const std::string& path) {
    if (node.kind == YamlNode::Kind::kSequence) return false;
    if (node.kind == YamlNode::Kind::kScalar && scalar_type(node) == ScalarType::kNull) return false;
    const bool words = field.type == Type::kTextList;
    fault(node.at, node.length, path, fmt::format("{} must be a list, not {}", path, describe(node)),
          words && node.kind == YamlNode::Kind::kScalar ? fmt::format("Write {}: [{}]", field.key, node.text)
                                                        : "Begin each item with \"- \".");
    return true;
  }

  void list(const Field& field, const YamlNode& node, Field::Owner owner, const std::string& path) {
    if (no_sequence(field, node, path)) return;
    field.clear(owner);
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const auto item = fmt::format("{}[{}]", path, i);
      source_.places[item] = {node.items[i].at, 1};
      block(field, node.items[i], field.add(owner), item);
    }
  }

  void texts(const Field& field, const YamlNode& node, Field::Owner owner, const std::string& path) {
    if (no_sequence(field, node, path)) return;
    std::vector<std::string> words;
    std::set<std::string> seen;
    bool good = true;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const auto& item = node.items[i];
      const auto item_path = fmt::format("{}[{}]", path, i);
      source_.places[item_path] = {item.at, item.length};
      if (!text(field, item, item_path)) {
        good = false;
      } else if (!seen.insert(item.text).second) {
        fault(item.at, item.length, item_path, fmt::format("{} names {} twice", path, item.text),
              "Remove one of them.");
        good = false;
      }
      words.push_back(item.text);
    }
    const auto count = static_cast<std::int64_t>(words.size());
    if (good && outside(field, count)) {
      fault(node.at, node.length, path, fmt::format("{} needs{} items, not {}", path, bounds(field, as_number), count));
      good = false;
    }
    if (good) field.set(owner, words);
  }

  // The node is text, and the text is good for the field; tells what is not.
  bool text(const Field& field, const YamlNode& node, const std::string& path) {
    if (node.refused) return false;
    if (node.kind != YamlNode::Kind::kScalar) {
      fault(node.at, node.length, path, fmt::format("{} must be text, not {}", path, describe(node)));
      return false;
    }
    const auto type = scalar_type(node);
    if (type == ScalarType::kNull) {
      fault(node.at, node.length, path, fmt::format("{} has no value", path),
            field.required ? "" : "Leave the line out to get the default.");
      return false;
    }
    // 10 is no network and 600 no duration; what they must be is said when they are read.
    const bool has_form = field.type == Type::kNetwork || field.type == Type::kAddress || field.type == Type::kDuration;
    if (type != ScalarType::kText && !has_form) {
      fault(node.at, node.length, path, fmt::format("{} must be text, not {}", path, describe(node)),
            fmt::format("Put it in quotes: \"{}\"", node.text));
      return false;
    }
    std::string hint;
    auto wrong = wrong_text(field, path, node.text, hint);
    if (wrong.empty()) return true;
    fault(node.at, node.length, path, std::move(wrong), std::move(hint));
    return false;
  }

  bool number(const Field& field, const YamlNode& node, const std::string& path) {
    const auto type = node.kind == YamlNode::Kind::kScalar ? scalar_type(node) : ScalarType::kNull;
    const bool fits = type == ScalarType::kInteger || (type == ScalarType::kFloat && field.type == Type::kNumber);
    const std::string_view kind = field.type == Type::kInteger ? "a whole number" : "a number";
    double value = 0;
    const auto* first = node.text.data();
    const auto [end, error] = std::from_chars(first, first + node.text.size(), value);
    const bool read = error == std::errc() && end == first + node.text.size();
    const bool small = read && ((field.minimum && value < static_cast<double>(*field.minimum)) ||
                                (field.maximum && value > static_cast<double>(*field.maximum)));
    if (fits && read && !small) return true;
    std::string hint;
    if (node.kind == YamlNode::Kind::kScalar && !node.plain)
      hint = "Write the number without quotes.";
    else if (fits && !read)
      hint = "Write it in plain decimal digits.";
    fault(node.at, node.length, path,
          fmt::format("{} must be {}{}, not {}", path, kind, bounds(field, as_number), shown(node)), hint);
    return false;
  }

  void scalar(const Field& field, const YamlNode& node, Field::Owner owner, const std::string& path) {
    const bool numeric = field.type == Type::kInteger || field.type == Type::kNumber;
    if (numeric ? !number(field, node, path) : !text(field, node, path)) return;
    if (field.type == Type::kDuration) {
      const auto duration = parse_duration(node.text);
      if (duration && outside(field, duration->count())) {
        fault(node.at, node.length, path,
              fmt::format("{} must be a duration{}, not {}", path, bounds(field, as_duration), node.text));
        return;
      }
    }
    if (const auto wrong = field.set(owner, {node.text}); !wrong.empty()) {
      fault(node.at, node.length, path, fmt::format("{} {} {}", path, shown(node), wrong));
    }
  }

  Source& source_;
  Diagnostics& diagnostics_;
};

// What follows from what is written.
void derive(Cluster& cluster, const Diagnostics& diagnostics) {
  const auto written = [&](std::string_view path) { return cluster.source.places.contains(path); };
  // Defaults lie in the recipe's mesh; when only the mesh is moved, they move along.
  if (cluster.mesh.cidr != Mesh{}.cidr && is_sound(diagnostics, "mesh.cidr")) {
    Mesh moved;
    if (move_mesh(moved, cluster.mesh.cidr)) {
      if (!written("mesh.members")) cluster.mesh.members = moved.members;
      if (!written("mesh.workers.range")) cluster.mesh.worker_range = moved.worker_range;
    }
  }
  cluster.lighthouse.architecture = architecture_of(cluster.lighthouse.instance_type);
  cluster.addresses = plan_mtus(cluster.mesh.mtu);
}

}  // namespace

Result<Cluster> load(std::string_view text, std::string_view file_name, Diagnostics& diagnostics) {
  Cluster cluster;
  if (const auto tree = codec::parse_yaml(text, file_name, diagnostics)) {
    Loader(file_name, cluster.source, diagnostics).block(cluster_file(), *tree, &cluster, "");
    derive(cluster, diagnostics);
    check(cluster, diagnostics);
  }
  diagnostics.sort();
  const auto errors = std::count_if(diagnostics.list().begin(), diagnostics.list().end(),
                                    [](const Diagnostic& d) { return d.severity == Severity::kError; });
  if (errors == 0) return cluster;
  return fail(Code::kBadInput, fmt::format("{} has {} fault{}", file_name, errors, errors == 1 ? "" : "s"),
              "Nothing was changed. Correct the file and run the command again.");
}

}  // namespace tombolo::spec
