#include "kube/ownership.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "crypto/hash.hpp"

namespace tombolo::kube {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

using Steps = std::vector<std::string>;  // as FieldsV1 has them: "f:spec", "k:{\"name\":\"nebula\"}", "v:\"a\""

const Json* entry_of(const Json& live, std::string_view manager) {
  for (const auto& entry : codec::array_at(live, "metadata.managedFields"))
    if (codec::text_at(entry, "manager") == manager && codec::text_at(entry, "operation") == "Apply" &&
        codec::text_at(entry, "subresource").empty())
      return codec::find(entry, "fieldsV1");
  return nullptr;
}

const Json* below(const Json* fields, std::string_view step) {
  const auto* object = fields ? fields->if_object() : nullptr;
  return object ? object->if_contains(step) : nullptr;
}

bool is_whole(const Json& fields) { return !fields.is_object() || fields.get_object().empty(); }

// Whether the list item has these keys. One that the item leaves out has the server's default (a port's protocol).
bool has_keys(const Json& item, std::string_view text) {
  const auto keys = codec::parse_json(text);
  if (!item.is_object() || !keys || !keys->is_object()) return false;
  return std::ranges::all_of(keys->get_object(), [&](const auto& key) {
    const auto* value = item.get_object().if_contains(key.key());
    return !value || codec::to_canonical_text(*value) == codec::to_canonical_text(key.value());
  });
}

// The step that leads to a list's item; "" when the account has none for it.
std::string step_to(const Json& fields, const Json& item) {
  if (!item.is_object()) {
    const auto step = "v:" + codec::to_text(item);
    return below(&fields, step) ? step : "";
  }
  for (const auto& [key, unused] : fields.as_object())
    if (const std::string_view step(key); step.starts_with("k:") && has_keys(item, step.substr(2)))
      return std::string(step);
  return "";
}

std::string path_text(const Steps& steps) {
  std::string out;
  for (const auto& step : steps) {
    const auto inner = step.substr(2);
    if (step.starts_with("f:")) {
      out += "." + inner;
      continue;
    }
    std::string keys = step.starts_with("v:") ? "=" + inner : "";
    if (const auto parsed = codec::parse_json(inner); step.starts_with("k:") && parsed && parsed->is_object())
      for (const auto& [key, value] : parsed->get_object())
        keys += fmt::format("{}{}={}", keys.empty() ? "" : ",", std::string(key), codec::to_text(value));
    out += fmt::format("[{}]", keys);
  }
  return out;
}

// Who has the field, or one within or around it.
std::string holder_of(const Json& live, const Steps& steps, std::string_view not_this) {
  std::string around;
  for (const auto& entry : codec::array_at(live, "metadata.managedFields")) {
    const auto manager = codec::text_at(entry, "manager");
    if (manager == not_this || !codec::text_at(entry, "subresource").empty()) continue;
    const Json* at = codec::find(entry, "fieldsV1");
    for (const auto& step : steps) {
      if (at && !steps.empty() && step != steps.front() && is_whole(*at)) around = manager;
      at = below(at, step);
    }
    if (at) return manager;
  }
  return around;
}

class Walk {
 public:
  Walk(const Json& live, std::string_view manager) : live_(live), manager_(manager) {}

  void through(const Json& value, const Json& fields) {
    if (is_whole(fields)) return;
    if (const auto* object = value.if_object())
      for (const auto& [key, each] : *object) step("f:" + std::string(key), each, fields);
    if (const auto* list = value.if_array())
      for (const auto& item : *list) {
        const auto to = step_to(fields, item);
        if (to.empty())
          lost(item.is_object() ? Steps{} : Steps{"v:" + codec::to_text(item)});
        else
          step(to, item, fields);
      }
  }

  std::vector<LostField> found;

 private:
  void step(const std::string& to, const Json& value, const Json& fields) {
    if (value.is_null() || is_name(to)) return;
    const auto* next = below(&fields, to);
    if (!next) return lost({to});
    steps_.push_back(to);
    through(value, *next);
    steps_.pop_back();
  }
  // What no account holds: an object is these.
  bool is_name(const std::string& to) const {
    if (steps_.empty()) return to == "f:apiVersion" || to == "f:kind";
    return steps_ == Steps{"f:metadata"} && (to == "f:name" || to == "f:namespace");
  }
  void lost(const Steps& last) {
    auto steps = steps_;
    steps.insert(steps.end(), last.begin(), last.end());
    LostField field{path_text(steps), holder_of(live_, steps, manager_)};
    if (std::ranges::find(found, field) == found.end()) found.push_back(std::move(field));
  }

  const Json& live_;
  std::string_view manager_;
  Steps steps_;
};

}  // namespace

std::vector<LostField> lost_fields(const Json& live, const Json& applied, std::string_view manager) {
  if (codec::array_at(live, "metadata.managedFields").empty()) return {};
  const auto* ours = entry_of(live, manager);
  if (!ours) return {{"", holder_of(live, {}, manager)}};
  Walk walk(live, manager);
  walk.through(applied, *ours);
  return std::move(walk.found);
}

std::string ownership_mark(const Json& live, std::string_view manager) {
  const auto* ours = entry_of(live, manager);
  return ours ? to_hex(crypto::sha256(codec::to_canonical_text(*ours))).substr(0, 16) : "";
}

std::string other_writers(const Json& live, std::string_view manager) {
  std::vector<std::string> names;
  for (const auto& entry : codec::array_at(live, "metadata.managedFields")) {
    const auto name = codec::text_at(entry, "manager");
    if (name != manager && codec::text_at(entry, "subresource").empty() &&
        std::ranges::find(names, name) == names.end())
      names.push_back(name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

bool has_applied(const Json& live, std::string_view manager) { return entry_of(live, manager) != nullptr; }

}  // namespace tombolo::kube
