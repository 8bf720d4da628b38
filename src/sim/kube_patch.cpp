#include "sim/kube_patch.hpp"

#include <fmt/format.h>

#include <charconv>

namespace tombolo::sim {
namespace {

using codec::Json;

KubeNo unfit(std::string_view operation, std::string_view path, std::string_view why) {
  return kube_no(422, "Invalid",
                 fmt::format("the server rejected our request due to an error in our request: "
                             "{} operation does not apply at \"{}\": {}",
                             operation, path, why));
}

KubeOutcome<std::vector<std::string>> steps_of(std::string_view pointer) {
  std::vector<std::string> out;
  if (!pointer.empty() && pointer[0] != '/') return kube_bad_request("a JSON pointer begins with /");
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    auto step = std::string(pointer.substr(0, pointer.find('/')));
    pointer.remove_prefix(step.size());
    for (std::size_t at = 0; (at = step.find('~', at)) != std::string::npos; ++at) {
      if (at + 1 == step.size() || (step[at + 1] != '0' && step[at + 1] != '1'))
        return kube_bad_request("a JSON pointer with a lone ~");
      step.replace(at, 2, step[at + 1] == '1' ? "/" : "~");
    }
    out.push_back(std::move(step));
  }
  return out;
}

// The place of an item in a list; `most` is the first that is too high.
std::optional<std::size_t> index_of(const std::string& step, std::size_t most) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
  if (step.empty() || error != std::errc() || end != step.data() + step.size() || index >= most) return std::nullopt;
  return index;
}

Json* go(Json& root, const std::vector<std::string>& steps, std::size_t count) {
  Json* at = &root;
  for (std::size_t i = 0; at && i < count; ++i) {
    if (auto* object = at->if_object()) {
      at = object->if_contains(steps[i]);
    } else if (auto* list = at->if_array()) {
      const auto index = index_of(steps[i], list->size());
      at = index ? &(*list)[*index] : nullptr;
    } else {
      at = nullptr;
    }
  }
  return at;
}

bool add(Json& root, const std::vector<std::string>& steps, Json value) {
  if (steps.empty()) {
    root = std::move(value);
    return true;
  }
  auto* parent = go(root, steps, steps.size() - 1);
  if (auto* object = parent ? parent->if_object() : nullptr) {
    (*object)[steps.back()] = std::move(value);
    return true;
  }
  auto* list = parent ? parent->if_array() : nullptr;
  if (!list) return false;
  const auto index = steps.back() == "-" ? std::optional(list->size()) : index_of(steps.back(), list->size() + 1);
  if (index) list->insert(list->begin() + *index, std::move(value));
  return index.has_value();
}

bool remove(Json& root, const std::vector<std::string>& steps) {
  auto* parent = steps.empty() ? nullptr : go(root, steps, steps.size() - 1);
  if (auto* object = parent ? parent->if_object() : nullptr) return object->erase(steps.back()) == 1;
  auto* list = parent ? parent->if_array() : nullptr;
  const auto index = list ? index_of(steps.back(), list->size()) : std::nullopt;
  if (index) list->erase(list->begin() + *index);
  return index.has_value();
}

}  // namespace

Json merge_patch(Json value, const Json& patch) {
  if (!patch.is_object()) return patch;
  if (!value.is_object()) value = codec::JsonObject();
  auto& object = value.get_object();
  for (const auto& [key, change] : patch.get_object()) {
    if (change.is_null())
      object.erase(key);
    else
      object[key] = merge_patch(object.contains(key) ? object[key] : Json(nullptr), change);
  }
  return value;
}

KubeOutcome<Json> json_patch(Json value, const Json& patch) {
  if (!patch.is_array()) return kube_bad_request("a JSON patch is a list of operations");
  for (const auto& step : patch.get_array()) {
    const auto operation = codec::text_at(step, "op"), path = codec::text_at(step, "path");
    const auto to = ALLOWED(steps_of(path));
    const auto* operand = codec::find(step, "value");
    const bool takes = operation == "move" || operation == "copy";
    const auto from = ALLOWED(steps_of(takes ? codec::text_at(step, "from") : ""));
    if ((operation == "add" || operation == "replace" || operation == "test") && !operand)
      return kube_bad_request(fmt::format("operation {} needs a value", operation));
    Json given = operand ? *operand : Json(nullptr);
    if (takes) {
      const auto* there = go(value, from, from.size());
      if (!there) return unfit(operation, path, "its source does not exist");
      given = *there;
    }
    const auto* present = go(value, to, to.size());
    if (operation == "test") {
      if (!present || *present != given) return unfit(operation, path, "testing value failed");
    } else if (operation == "replace") {
      if (!present) return unfit(operation, path, "missing value");
      *go(value, to, to.size()) = std::move(given);
    } else if (operation == "remove") {
      if (!remove(value, to)) return unfit(operation, path, "missing value");
    } else if (operation == "add" || takes) {
      if (operation == "move") (void)remove(value, from);
      if (!add(value, to, std::move(given))) return unfit(operation, path, "missing container");
    } else {
      return kube_bad_request(fmt::format("unknown operation \"{}\" of a JSON patch", operation));
    }
  }
  return value;
}

}  // namespace tombolo::sim
