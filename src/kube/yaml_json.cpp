#include "kube/yaml_json.hpp"

namespace tombolo::kube {
namespace {

codec::Json number(const std::string& text) {
  // JSON's reader knows numbers best; what only YAML knows ("0x1f", ".5", ".inf") is rare enough to stay text.
  auto parsed = codec::parse_json(text);
  return parsed && parsed->is_number() ? *parsed : codec::Json(text);
}

codec::Json scalar(const codec::YamlNode& node) {
  switch (scalar_type(node)) {
    case codec::ScalarType::kNull: return nullptr;
    case codec::ScalarType::kBool: return node.text.front() == 't' || node.text.front() == 'T';
    case codec::ScalarType::kInteger:
    case codec::ScalarType::kFloat: return number(node.text);
    case codec::ScalarType::kText: break;
  }
  return codec::Json(node.text);
}

}  // namespace

codec::Json to_json(const codec::YamlNode& node) {
  if (node.refused) return nullptr;
  if (node.kind == codec::YamlNode::Kind::kSequence) {
    codec::JsonArray out;
    for (const auto& item : node.items) out.push_back(to_json(item));
    return out;
  }
  if (node.kind == codec::YamlNode::Kind::kMapping) {
    codec::JsonObject out;
    for (const auto& entry : node.entries) out[entry.key] = to_json(entry.value);
    return out;
  }
  return scalar(node);
}

}  // namespace tombolo::kube
