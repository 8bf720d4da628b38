// docs/cluster-file.md, made from the table of fields.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "spec/fields.hpp"
#include "spec/template.hpp"

namespace tombolo::spec {
namespace {

std::string type_words(const Field& field) {
  if (!field.choices.empty()) return fmt::format("`{}`", fmt::join(field.choices, "`, `"));
  std::string out;
  switch (field.type) {
    case Type::kText: out = "text"; break;
    case Type::kInteger: out = "whole number"; break;
    case Type::kNumber: out = "number"; break;
    case Type::kDuration: out = "duration"; break;
    case Type::kNetwork: out = "IPv4 network"; break;
    case Type::kAddress: out = "IPv4 address"; break;
    case Type::kTextList: out = "list of text"; break;
    case Type::kBlock: out = "block"; break;
    case Type::kList: out = "list of blocks"; break;
  }
  if (field.minimum && field.type == Type::kDuration) {
    out += fmt::format(", {} to {}", duration_text(std::chrono::seconds(*field.minimum)),
                       duration_text(std::chrono::seconds(*field.maximum)));
  } else if (field.minimum) {
    out += fmt::format(", {} to {}", *field.minimum, *field.maximum);
  }
  return out;
}

std::string default_words(const Field& field, Field::Owner owner) {
  if (field.required) return "required";
  const auto value = field.get(owner);
  if (value.is_null()) return "none";
  if (const auto* text = value.if_string()) return fmt::format("`{}`", std::string_view(text->data(), text->size()));
  if (const auto* array = value.if_array()) {
    std::vector<std::string> words;
    for (const auto& item : *array) words.emplace_back(item.as_string().c_str());
    return words.empty() ? "none" : fmt::format("`[{}]`", fmt::join(words, ", "));
  }
  return fmt::format("`{}`", codec::to_text(value));
}

// `owner` holds the defaults.
void append_rows(const Field& field, Field::Owner owner, const std::string& path, std::string& out) {
  for (const auto& inner : field.fields) {
    const auto full = path.empty() ? inner.key : path + '.' + inner.key;
    if (inner.type == Type::kBlock) {
      append_rows(inner, inner.block(owner), full, out);
    } else if (inner.type == Type::kList) {
      out += fmt::format("| `{}` | {} | | {} |\n", full, type_words(inner), inner.doc);
      append_rows(inner, inner.example_item().get(), full + "[]", out);
    } else {
      out += fmt::format("| `{}` | {} | {} | {} |\n", full, type_words(inner), default_words(inner, owner), inner.doc);
    }
  }
}

}  // namespace

std::string reference_page() {
  Cluster defaults;
  std::string out =
      "<!-- Made from the table of fields in src/spec/fields.cpp; do not edit. -->\n"
      "# The cluster file\n\n"
      "`tombolo.yaml` says what you want; `tombolo init` writes one with every field explained, `tombolo validate` "
      "checks it, and\n"
      "`tombolo schema` prints its JSON Schema for editors. Only `apiVersion`, `kind` and `metadata.name` must be "
      "written:\n\n"
      "```yaml\napiVersion: tombolo/v1\nkind: HybridCluster\nmetadata:\n  name: homelab\n```\n\n"
      "Durations are a number and one of `h`, `m`, `s`. Networks are IPv4 in CIDR form without host bits. Unknown and "
      "duplicate\n"
      "keys are errors; anchors, aliases and tags are not used. No two networks may overlap, the VPC's included.\n";
  std::string loose;
  for (const auto& field : cluster_file().fields) {
    if (field.type != Type::kBlock && field.type != Type::kList) {
      loose += fmt::format("| `{}` | {} | {} | {} |\n", field.key, type_words(field), default_words(field, &defaults),
                           field.doc);
    }
  }
  const std::string head = "| field | type | default | meaning |\n| --- | --- | --- | --- |\n";
  out += "\n## Top level\n\n" + head + loose;
  for (const auto& field : cluster_file().fields) {
    if (field.type != Type::kBlock && field.type != Type::kList) continue;
    out += fmt::format("\n## {}\n\n{}\n\n{}", field.key, field.doc, head);
    if (field.type == Type::kBlock) {
      append_rows(field, field.block(&defaults), field.key, out);
    } else {
      append_rows(field, field.example_item().get(), field.key + "[]", out);
    }
  }
  return out;
}

}  // namespace tombolo::spec
