#include "kube/manifests.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kube/discovery.hpp"
#include "kube/yaml_json.hpp"

namespace tombolo::kube {
namespace {

using codec::Json;

constexpr int kLevels = 100;  // definitions hold schemas of pods
constexpr Duration kServed = std::chrono::seconds(30);  // until a definition that was applied is served

bool is_definition(const Json& object) { return kind_of(object) == "CustomResourceDefinition"; }

// Lower is applied earlier.
int rank(const Json& object) {
  const auto kind = kind_of(object);
  static const std::map<std::string, int, std::less<>> kRanks{{"Namespace", 0},
                                                              {"CustomResourceDefinition", 1},
                                                              {"PriorityClass", 2},
                                                              {"ServiceAccount", 3},
                                                              {"Secret", 3},
                                                              {"ConfigMap", 3},
                                                              {"ClusterRole", 4},
                                                              {"Role", 4},
                                                              {"ClusterRoleBinding", 5},
                                                              {"RoleBinding", 5},
                                                              {"Service", 6},
                                                              {"DaemonSet", 7},
                                                              {"Deployment", 7},
                                                              {"StatefulSet", 7},
                                                              {"Job", 7},
                                                              {"CronJob", 7},
                                                              {"MutatingWebhookConfiguration", 9},
                                                              {"ValidatingWebhookConfiguration", 9}};
  const auto it = kRanks.find(kind);
  return it == kRanks.end() ? 8 : it->second;
}

Result<ObjectName> name_in(Catalogue& catalogue, const Json& object, const std::stop_token& stop) {
  auto resource = TRY(catalogue.find(api_version_of(object), kind_of(object), stop));
  const auto name_space = resource.namespaced ? namespace_of(object) : "";
  if (resource.namespaced && name_space.empty())
    return fail(Code::kBadInput, fmt::format("{} {} names no namespace", kind_of(object), name_of(object)));
  return ObjectName{std::move(resource), name_space, name_of(object)};
}

Result<> wait_until_served(Client& client, const ObjectName& definition, const std::stop_token& stop) {
  const auto until = client.clock().now() + kServed;
  for (;;) {
    const auto object = TRY(get(client, definition, stop));
    const auto established = condition_of(object, "Established");
    if (established && established->holds()) return {};
    if (client.clock().now() >= until)
      return fail(Code::kTimeout, fmt::format("{} is not served", definition.text()),
                  established ? established->message : "The API server has not taken it up.");
    if (!client.clock().sleep_for(std::chrono::milliseconds(100), stop)) return fail(Code::kCancelled, "stopped");
  }
}

bool needs_quotes(const std::string& key) { return codec::yaml_scalar(key) != key; }

void write(const Json& value, int indent, bool in_list, std::string& out) {
  const std::string pad(static_cast<std::size_t>(indent), ' ');
  if (const auto* map = value.if_object(); map && !map->empty()) {
    bool first = in_list;
    for (const auto& [key, each] : *map) {
      const std::string word(key);
      out += (first ? "" : pad) + (needs_quotes(word) ? codec::to_text(Json(word)) : word) + ":";
      first = false;
      const bool nested =
          (each.is_object() && !each.get_object().empty()) || (each.is_array() && !each.get_array().empty());
      out += nested ? "\n" : " ";
      write(each, each.is_array() ? indent : indent + 2, false, out);
    }
    return;
  }
  if (const auto* list = value.if_array(); list && !list->empty()) {
    bool first = in_list;
    for (const auto& each : *list) {
      out += (first ? "" : pad) + "- ";
      first = false;
      write(each, indent + 2, true, out);
    }
    return;
  }
  if (const auto* text = value.if_string()) {
    const std::string plain(*text);
    if (plain.find('\n') != std::string::npos && plain.find_first_of("\t\r") == std::string::npos &&
        plain.front() != ' ' && plain.front() != '\n') {
      // A literal block, as people write configuration files.
      const bool ends = plain.ends_with('\n');
      const bool several = plain.ends_with("\n\n");
      out += several ? "|+\n" : ends ? "|\n" : "|-\n";
      std::string_view rest = plain;
      while (!rest.empty()) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        if (!line.empty()) out += pad + std::string(line);
        out += '\n';
      }
      return;
    }
    out += codec::yaml_scalar(plain) + "\n";
    return;
  }
  out += codec::to_text(value) + "\n";
}

}  // namespace

Result<std::optional<Json>> parse_manifest(std::string_view yaml) {
  Diagnostics diagnostics;
  const auto tree = codec::parse_yaml(yaml, "manifest", diagnostics, kLevels);
  if (!tree || diagnostics.has_errors())
    return fail(Code::kCorrupt, "a manifest cannot be read: " + diagnostics.render(yaml).substr(0, 400));
  auto object = to_json(*tree);
  if (object.is_null()) return std::nullopt;
  if (!object.is_object() || kind_of(object).empty() || api_version_of(object).empty() || name_of(object).empty())
    return fail(Code::kCorrupt, "a manifest is no object of a Kubernetes API");
  return object;
}

std::string manifest_yaml(const Json& object) {
  std::string out;
  write(object, 0, false, out);
  return out;
}

std::string reference_text(const Json& object) {
  const auto name_space = namespace_of(object);
  return fmt::format("{} {} {}{}", api_version_of(object), kind_of(object), name_space.empty() ? "" : name_space + "/",
                     name_of(object));
}

void sort_for_apply(std::vector<Json>& objects) {
  std::vector<std::pair<int, std::size_t>> order;
  for (std::size_t i = 0; i < objects.size(); ++i) order.emplace_back(rank(objects[i]), i);
  std::sort(order.begin(), order.end());
  std::vector<Json> sorted;
  for (const auto& [unused, i] : order) sorted.push_back(std::move(objects[i]));
  objects = std::move(sorted);
}

Result<Applied> apply_all(Client& client, std::vector<Json> objects, const IsOurs& is_ours,
                          const std::stop_token& stop) {
  sort_for_apply(objects);
  Catalogue catalogue(client);
  Applied out;
  std::vector<ObjectName> definitions;
  for (const auto& object : objects) {
    if (!definitions.empty() && !is_definition(object)) {
      for (const auto& definition : definitions) TRY(wait_until_served(client, definition, stop));
      definitions.clear();
      catalogue.forget();
    }
    const auto name = TRY(name_in(catalogue, object, stop));
    const auto before = TRY(find(client, name, stop));
    const auto after = TRY(apply(client, name, object, stop, {before && is_ours(*before), false}));
    ++out.objects;
    if (!before || resource_version_of(*before) != resource_version_of(after)) ++out.changed;
    if (is_definition(object)) definitions.push_back(name);
  }
  for (const auto& definition : definitions) TRY(wait_until_served(client, definition, stop));
  return out;
}

namespace {

struct Reference {
  std::string api_version, kind, name_space, name;
};

Reference parse_reference(std::string_view text) {
  const auto word = [&text](char end) {
    const auto taken = text.substr(0, text.find(end));
    text.remove_prefix(std::min(taken.size() + 1, text.size()));
    return std::string(taken);
  };
  Reference out{word(' '), word(' '), "", ""};
  if (text.find('/') != std::string_view::npos) out.name_space = word('/');
  out.name = std::string(text);
  return out;
}

}  // namespace

Result<int> remove_all(Client& client, const std::vector<std::string>& references, Duration patience,
                       const std::stop_token& stop) {
  Catalogue catalogue(client);
  int removed = 0;
  for (auto it = references.rbegin(); it != references.rend();) {
    // Neighbours of one kind do not depend on each other: all of them go, then all are waited for.
    const auto kind = parse_reference(*it).kind;
    std::vector<ObjectName> going;
    for (; it != references.rend() && parse_reference(*it).kind == kind; ++it) {
      const auto reference = parse_reference(*it);
      auto resource = catalogue.find(reference.api_version, reference.kind, stop);
      if (!resource && resource.error().code() == Code::kNotFound) continue;
      const ObjectName object{TRY(std::move(resource)), reference.name_space, reference.name};
      if (!TRY(remove(client, object, stop))) continue;
      going.push_back(object);
      ++removed;
    }
    if (kind != kNamespaces.kind)
      for (const auto& object : going) TRY(wait_until_gone(client, object, "", patience, stop));
  }
  return removed;
}

}  // namespace tombolo::kube
