#include "sim/kube_paths.hpp"

#include <algorithm>
#include <array>

namespace tombolo::sim {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

struct MapList {
  std::string_view field;
  std::string_view key;
};
// Of the built-in kinds' OpenAPI: x-kubernetes-list-map-keys.
constexpr std::array kMapLists = {
    MapList{"containers", "name"},        MapList{"initContainers", "name"},
    MapList{"volumes", "name"},           MapList{"env", "name"},
    MapList{"imagePullSecrets", "name"},  MapList{"webhooks", "name"},
    MapList{"volumeMounts", "mountPath"}, MapList{"conditions", "type"},
    MapList{"hostAliases", "ip"},         MapList{"ownerReferences", "uid"},
};

boost::json::string_view word(std::string_view text) { return {text.data(), text.size()}; }

// The key of one item, as FieldsV1 writes it: {"name":"nebula"}; "" when the list is no map or the item has no key.
std::string key_of_item(std::string_view field, const Json& item, bool is_map) {
  const auto* object = item.if_object();
  if (!object || !is_map) return "";
  if (field == "ports") {
    for (const auto* number : {"containerPort", "port"})
      if (const auto* value = object->if_contains(number)) {
        const auto* protocol = object->if_contains("protocol");
        return codec::to_text(JsonObject{{number, *value}, {"protocol", protocol ? *protocol : Json("TCP")}});
      }
    return "";
  }
  for (const auto& row : kMapLists)
    if (row.field == field)
      if (const auto* value = object->if_contains(word(row.key)))
        return codec::to_text(JsonObject{{word(row.key), *value}});
  return "";
}

bool is_map_list(std::string_view field, const JsonArray& list, bool typed) {
  return typed && !list.empty() &&
         std::all_of(list.begin(), list.end(), [&](const Json& i) { return !key_of_item(field, i, true).empty(); });
}

// Does an item answer to a key such as {"name":"nebula"}? A protocol that is not written is TCP.
bool answers(const Json& item, std::string_view key) {
  const auto* object = item.if_object();
  const auto wanted = codec::parse_json(key);
  if (!object || !wanted || !wanted->is_object()) return false;
  return std::all_of(wanted->get_object().begin(), wanted->get_object().end(), [&](const auto& each) {
    const auto* value = object->if_contains(each.key());
    return value ? *value == each.value() : each.key() == "protocol" && each.value() == Json("TCP");
  });
}

// The value one step below; nullptr when it is not there.
template <class Value>
Value* step_into(Value& at, const std::string& step) {
  const auto rest = std::string_view(step).substr(2);
  if (step.starts_with("f:")) {
    auto* object = at.if_object();
    return object ? object->if_contains(word(rest)) : nullptr;
  }
  auto* list = at.if_array();
  if (!list) return nullptr;
  const auto found = std::find_if(list->begin(), list->end(), [&](const Json& item) {
    return step.starts_with("v:") ? codec::to_text(item) == rest : answers(item, rest);
  });
  return found == list->end() ? nullptr : &*found;
}

bool is_empty(const Json& value) {
  return (value.is_object() && value.get_object().empty()) || (value.is_array() && value.get_array().empty());
}

void remove_step(Json& from, const std::string& step) {
  if (auto* object = from.if_object()) {
    object->erase(word(std::string_view(step).substr(2)));
  } else if (auto* list = from.if_array()) {
    if (auto* item = step_into(from, step)) list->erase(list->begin() + (item - list->data()));
  }
}

// True when the field was there.
bool erase_below(Json& at, const FieldPath& path, std::size_t depth) {
  auto* next = step_into(at, path[depth]);
  if (!next) return false;
  if (depth + 1 < path.size()) {
    if (!erase_below(*next, path, depth + 1)) return false;
    if (!is_empty(*next)) return true;
  }
  remove_step(at, path[depth]);
  return true;
}

void collect(const Json& value, std::string_view field, bool typed, FieldPath& path, FieldSet& out) {
  const auto deeper = [&](std::string step, const Json& next, std::string_view name) {
    path.push_back(std::move(step));
    collect(next, name, typed, path, out);
    path.pop_back();
  };
  if (const auto* object = value.if_object(); object && !object->empty()) {
    for (const auto& [key, next] : *object) deeper("f:" + std::string(key), next, {key.data(), key.size()});
    return;
  }
  if (const auto* list = value.if_array(); list && is_map_list(field, *list, typed)) {
    for (const auto& item : *list) deeper("k:" + key_of_item(field, item, true), item, "");
    return;
  }
  if (const auto* list = value.if_array(); list && !list->empty() && field == "finalizers") {
    for (const auto& item : *list) deeper("v:" + codec::to_text(item), item, "");
    return;
  }
  out.insert(path);
}

void merge_value(Json& into, const Json& applied, std::string_view field, bool typed) {
  if (const auto* object = applied.if_object()) {
    if (!into.is_object()) into = JsonObject();
    auto& target = into.get_object();
    for (const auto& [key, value] : *object) {
      const bool fresh = !target.contains(key);
      auto& slot = target[key];
      if (fresh && !value.is_object())
        slot = value;
      else
        merge_value(slot, value, {key.data(), key.size()}, typed);
    }
    return;
  }
  const auto* list = applied.if_array();
  const bool is_map = list && is_map_list(field, *list, typed);
  if (!list || !into.is_array() || (!is_map && field != "finalizers")) {
    into = applied;
    return;
  }
  for (const auto& item : *list) {
    const auto step = is_map ? "k:" + key_of_item(field, item, true) : "v:" + codec::to_text(item);
    if (auto* there = step_into(into, step))
      merge_value(*there, item, "", typed);
    else
      into.get_array().push_back(item);
  }
}

// Of metadata only these have owners.
constexpr std::array kOwnedMetadata = {"labels", "annotations", "finalizers", "ownerReferences"};

}  // namespace

const Json* find_field(const Json& object, const FieldPath& path) {
  const Json* at = &object;
  for (const auto& step : path)
    if (!(at = step_into(*at, step))) return nullptr;
  return at;
}

void erase_field(Json& object, const FieldPath& path) {
  if (!path.empty()) (void)erase_below(object, path, 0);
}

FieldSet fields_of(const Json& object, bool built_in) {
  FieldSet out;
  const auto* root = object.if_object();
  if (!root) return out;
  for (const auto& [key, value] : *root) {
    if (key == "apiVersion" || key == "kind" || key == "metadata") continue;
    FieldPath path{"f:" + std::string(key)};
    collect(value, {key.data(), key.size()}, built_in, path, out);
  }
  const auto* meta = codec::find(object, "metadata");
  if (!meta || !meta->is_object()) return out;
  for (const auto* name : kOwnedMetadata) {
    const auto* value = meta->get_object().if_contains(name);
    FieldPath path{"f:metadata", std::string("f:") + name};
    if (value) collect(*value, name, true, path, out);
  }
  return out;
}

void merge_fields(Json& into, const Json& applied, bool built_in) {
  auto& target = into.as_object();
  for (const auto& [key, value] : applied.as_object()) {
    if (key != "metadata") {
      merge_value(target[key], value, {key.data(), key.size()}, built_in);
      continue;
    }
    auto& meta = metadata_of(into);
    for (const auto* name : kOwnedMetadata)
      if (const auto* part = value.is_object() ? value.get_object().if_contains(name) : nullptr)
        merge_value(meta[name], *part, name, true);
  }
}

void drop_nulls(Json& value) {
  if (auto* object = value.if_object()) {
    for (auto it = object->begin(); it != object->end();) {
      drop_nulls(it->value());
      it = it->value().is_null() ? object->erase(it) : it + 1;
    }
  } else if (auto* list = value.if_array()) {
    for (auto& item : *list) drop_nulls(item);
  }
}

}  // namespace tombolo::sim
