#include "spec/schema.hpp"

#include <fmt/format.h>

#include "spec/fields.hpp"

namespace tombolo::spec {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

Json text(std::string_view value) { return Json(boost::json::string(value)); }

std::string_view json_type(Type type) {
  switch (type) {
    case Type::kInteger: return "integer";
    case Type::kNumber: return "number";
    case Type::kTextList:
    case Type::kList: return "array";
    case Type::kBlock: return "object";
    default: return "string";
  }
}

// A field that holds something required cannot be empty; all others may stand there without a value.
bool may_be_empty(const Field& field) {
  for (const auto& inner : field.fields) {
    if (inner.required || (inner.type == Type::kBlock && !may_be_empty(inner))) return false;
  }
  return true;
}

void restrict_text(const Field& field, JsonObject& out) {
  if (!field.choices.empty()) {
    JsonArray words;
    for (const auto& choice : field.choices) words.push_back(text(choice));
    out["enum"] = words;
    return;
  }
  out["minLength"] = 1;
  std::string_view pattern = field.pattern;
  if (field.type == Type::kDuration) pattern = kDurationPattern;
  if (field.type == Type::kNetwork) pattern = kNetworkPattern;
  if (field.type == Type::kAddress) pattern = kAddressPattern;
  if (!pattern.empty()) out["pattern"] = text(pattern);
}

// `owner` holds the defaults.
JsonObject describe(const Field& field, Field::Owner owner);

JsonObject describe_keys(const Field& field, Field::Owner owner) {
  JsonObject properties;
  JsonArray required;
  for (const auto& inner : field.fields) {
    properties[inner.key] = describe(inner, owner);
    if (inner.required || (inner.type == Type::kBlock && !may_be_empty(inner))) required.push_back(text(inner.key));
  }
  JsonObject out;
  if (may_be_empty(field))
    out["type"] = JsonArray{text("object"), text("null")};
  else
    out["type"] = text("object");
  out["additionalProperties"] = false;
  if (!required.empty()) out["required"] = required;
  out["properties"] = properties;
  return out;
}

JsonObject describe(const Field& field, Field::Owner owner) {
  JsonObject out;
  if (!field.doc.empty()) out["description"] = text(field.doc);
  if (field.type == Type::kBlock) {
    for (auto& [key, value] : describe_keys(field, field.block(owner))) out[key] = value;
    return out;
  }
  if (field.type == Type::kList || field.type == Type::kTextList)
    out["type"] = JsonArray{text(json_type(field.type)), text("null")};
  else
    out["type"] = text(json_type(field.type));
  if (field.type == Type::kList) {
    out["items"] = describe_keys(field, field.example_item().get());
    return out;
  }
  if (field.type == Type::kTextList) {
    if (field.minimum) out["type"] = text("array");
    JsonObject item;
    item["type"] = text("string");
    restrict_text(field, item);
    out["items"] = item;
    out["uniqueItems"] = true;
    if (field.minimum) out["minItems"] = *field.minimum;
    if (field.maximum) out["maxItems"] = *field.maximum;
  } else if (field.type == Type::kInteger || field.type == Type::kNumber) {
    if (field.minimum) out["minimum"] = *field.minimum;
    if (field.maximum) out["maximum"] = *field.maximum;
  } else {
    restrict_text(field, out);
  }
  const Json value = field.required ? Json() : field.get(owner);
  if (!value.is_null()) out["default"] = value;
  return out;
}

}  // namespace

codec::Json schema() {
  Cluster defaults;
  JsonObject out;
  out["$schema"] = text("https://json-schema.org/draft/2020-12/schema");
  out["title"] = text("Tombolo cluster file");
  for (auto& [key, value] : describe(cluster_file(), &defaults)) out[key] = value;
  return out;
}

std::string schema_text() { return codec::to_pretty_text(schema()); }

std::string editor_hint(std::string_view schema_path) {
  return fmt::format("# yaml-language-server: $schema={}", schema_path);
}

}  // namespace tombolo::spec
