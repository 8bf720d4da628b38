#include "kube/object.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codec/url.hpp"

namespace tombolo::kube {
namespace {

std::string entry(const codec::Json& object, std::string_view map, std::string_view key) {
  const auto* found = codec::find(object, map);
  const auto* entries = found ? found->if_object() : nullptr;
  const auto* value = entries ? entries->if_contains({key.data(), key.size()}) : nullptr;
  return value && value->is_string() ? std::string(value->get_string()) : "";
}

Condition read_condition(const codec::Json& value) {
  return {codec::text_at(value, "type"), codec::text_at(value, "status"), codec::text_at(value, "reason"),
          codec::text_at(value, "message")};
}

}  // namespace

std::string ObjectName::text() const {
  const std::string& what = resource.kind.empty() ? resource.plural : resource.kind;
  if (name.empty()) return name_space.empty() ? resource.text() : fmt::format("{} in {}", resource.text(), name_space);
  return name_space.empty() ? fmt::format("{} {}", what, name) : fmt::format("{} {}/{}", what, name_space, name);
}

std::string ObjectName::path(std::string_view subresource) const {
  std::string out = resource.group.empty() ? "/api/" + resource.version
                                           : fmt::format("/apis/{}/{}", resource.group, resource.version);
  if (resource.namespaced && !name_space.empty()) out += "/namespaces/" + codec::percent_encode(name_space);
  out += "/" + resource.plural;
  if (!name.empty()) out += "/" + codec::percent_encode(name);
  if (!subresource.empty()) out += fmt::format("/{}", subresource);
  return out;
}

std::string kind_of(const codec::Json& object) { return codec::text_at(object, "kind"); }
std::string api_version_of(const codec::Json& object) { return codec::text_at(object, "apiVersion"); }
std::string name_of(const codec::Json& object) { return codec::text_at(object, "metadata.name"); }
std::string namespace_of(const codec::Json& object) { return codec::text_at(object, "metadata.namespace"); }
std::string uid_of(const codec::Json& object) { return codec::text_at(object, "metadata.uid"); }
std::string resource_version_of(const codec::Json& object) {
  return codec::text_at(object, "metadata.resourceVersion");
}
bool is_being_deleted(const codec::Json& object) {
  return !codec::text_at(object, "metadata.deletionTimestamp").empty();
}

std::vector<std::string> finalizers_of(const codec::Json& object) {
  std::vector<std::string> out;
  // A namespace keeps its own in spec.
  for (const auto* path : {"metadata.finalizers", "spec.finalizers"})
    if (const auto* list = codec::find(object, path); list && list->is_array())
      for (const auto& item : list->get_array())
        if (item.is_string()) out.emplace_back(item.get_string());
  return out;
}

std::string label_of(const codec::Json& object, std::string_view key) { return entry(object, "metadata.labels", key); }
std::string annotation_of(const codec::Json& object, std::string_view key) {
  return entry(object, "metadata.annotations", key);
}

bool has_controller(const codec::Json& object) {
  return std::ranges::any_of(codec::array_at(object, "metadata.ownerReferences"),
                             [](const auto& owner) { return codec::bool_at(owner, "controller"); });
}

std::vector<Condition> conditions_of(const codec::Json& object) {
  std::vector<Condition> out;
  if (const auto* list = codec::find(object, "status.conditions"); list && list->is_array())
    for (const auto& item : list->get_array()) out.push_back(read_condition(item));
  return out;
}

std::optional<Condition> condition_of(const codec::Json& object, std::string_view type) {
  const auto all = conditions_of(object);
  const auto found = std::ranges::find(all, type, &Condition::type);
  return found == all.end() ? std::nullopt : std::optional(*found);
}

}  // namespace tombolo::kube
