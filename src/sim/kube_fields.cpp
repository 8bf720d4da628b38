#include "sim/kube_fields.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/kube_paths.hpp"

namespace tombolo::sim {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

struct Entry {
  KubeWriter writer;
  FieldSet fields;
  bool same(const KubeWriter& w) const {
    return writer.manager == w.manager && writer.applies == w.applies && writer.subresource == w.subresource &&
           (w.applies || writer.api_version == w.api_version);
  }
};

void read_fields(const JsonObject& object, FieldPath& path, FieldSet& out) {
  for (const auto& [key, value] : object) {
    if (key == ".") continue;
    path.emplace_back(key);
    const auto* below = value.if_object();
    if (!below || below->empty()) out.insert(path);
    if (below) read_fields(*below, path, out);
    path.pop_back();
  }
}

Json write_fields(const FieldSet& fields) {
  JsonObject out;
  for (const auto& path : fields) {
    JsonObject* at = &out;
    for (const auto& step : path) {
      at = &child(*at, step);
      if (step.starts_with("k:") && &step != &path.back()) child(*at, ".");
    }
  }
  return out;
}

std::vector<Entry> read_entries(const Json& object) {
  std::vector<Entry> out;
  const auto* list = codec::find(object, "metadata.managedFields");
  if (!list || !list->is_array()) return out;
  for (const auto& item : list->get_array()) {
    Entry entry{{codec::text_at(item, "manager"), codec::text_at(item, "operation") == "Apply",
                 codec::text_at(item, "apiVersion"), codec::text_at(item, "subresource"), codec::text_at(item, "time")},
                {}};
    FieldPath path;
    if (const auto* fields = codec::find(item, "fieldsV1"); fields && fields->is_object())
      read_fields(fields->get_object(), path, entry.fields);
    out.push_back(std::move(entry));
  }
  return out;
}

void write_entries(Json& object, const std::vector<Entry>& entries) {
  JsonArray list;
  for (const auto& e : entries) {
    if (e.fields.empty()) continue;
    JsonObject item{{"manager", e.writer.manager},        {"operation", e.writer.applies ? "Apply" : "Update"},
                    {"apiVersion", e.writer.api_version}, {"time", e.writer.time},
                    {"fieldsType", "FieldsV1"},           {"fieldsV1", write_fields(e.fields)}};
    if (!e.writer.subresource.empty()) item["subresource"] = e.writer.subresource;
    list.emplace_back(std::move(item));
  }
  auto& meta = metadata_of(object);
  meta.erase("managedFields");
  if (!list.empty()) meta["managedFields"] = std::move(list);
}

bool starts_with(const FieldPath& path, const FieldPath& beginning) {
  return path.size() >= beginning.size() && std::equal(beginning.begin(), beginning.end(), path.begin());
}

// Whether the set holds the path, or something within it.
bool touches(const FieldSet& set, const FieldPath& path) {
  const auto it = set.lower_bound(path);
  return it != set.end() && starts_with(*it, path);
}

bool is_value(const Json* value) { return value && !value->is_object(); }

// As touches, or a value that the path would make something else of: ".a" of old for ".a.b".
bool owns(const FieldSet& set, const FieldPath& path, const Json& live) {
  if (touches(set, path)) return true;
  for (FieldPath above(path); above.size() > 1;) {
    above.pop_back();
    if (set.contains(above) && is_value(find_field(live, above))) return true;
  }
  return false;
}

void drop(FieldSet& set, const FieldPath& path) {
  for (auto it = set.lower_bound(path); it != set.end() && starts_with(*it, path);) it = set.erase(it);
  for (FieldPath above(path); above.size() > 1;) {
    above.pop_back();
    set.erase(above);
  }
}

std::string name_of(const KubeWriter& w) {
  std::string out = fmt::format("\"{}\"", w.manager);
  if (!w.subresource.empty()) out += fmt::format(" with subresource \"{}\"", w.subresource);
  if (!w.applies) out += fmt::format(" using {} at {}", w.api_version, w.time);
  return out;
}

KubeNo conflicts(const std::vector<std::pair<std::string, std::string>>& found) {  // whose, which
  std::map<std::string, std::vector<std::string>> by_owner;
  KubeRefusal no{409, "Conflict", "", "", "", "", {}};
  for (const auto& [whose, which] : found) {
    by_owner[whose].push_back(which);
    no.causes.push_back({"FieldManagerConflict", "conflict with " + whose, which});
  }
  std::string list;
  for (const auto& [whose, which] : by_owner) {
    if (!list.empty()) list += "\n";
    if (which.size() == 1)
      list += fmt::format("conflict with {}: {}", whose, which[0]);
    else
      list += fmt::format("conflicts with {}:\n- {}", whose, fmt::join(which, "\n- "));
  }
  no.message = fmt::format("Apply failed with {} conflict{}: {}", found.size(), found.size() == 1 ? "" : "s", list);
  return KubeNo(std::move(no));
}

}  // namespace

std::string text(const FieldPath& path) {
  std::string out;
  for (const auto& step : path) {
    if (step.starts_with("f:")) {
      out += "." + step.substr(2);
      continue;
    }
    const auto inner = step.substr(2);
    const auto keys = step.starts_with("k:") ? codec::parse_json(inner) : Result<Json>(Json(nullptr));
    std::string list;
    if (keys && keys->is_object())
      for (const auto& [key, value] : keys->get_object())
        list += fmt::format("{}{}={}", list.empty() ? "" : ",", std::string(key), codec::to_text(value));
    out += fmt::format("[{}]", list.empty() ? "=" + inner : list);
  }
  return out;
}

KubeOutcome<Json> apply_fields(const Json& live, const Json& applied, const KubeWriter& writer, bool built_in,
                               bool force) {
  auto entries = read_entries(live);
  const auto wanted = fields_of(applied, built_in);
  auto own = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.same(writer); });
  if (own == entries.end()) own = entries.insert(entries.end(), {writer, {}});

  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& path : wanted) {
    const auto* now = find_field(live, path);
    const auto* then = find_field(applied, path);
    if (now && then && (*now == *then || (then->is_object() && now->is_object()))) continue;
    for (auto& e : entries) {
      if (&e == &*own || !owns(e.fields, path, live)) continue;
      if (force)
        drop(e.fields, path);
      else
        found.emplace_back(name_of(e.writer), text(path));
    }
  }
  if (!found.empty()) return conflicts(found);

  Json out = live.is_object() ? live : Json(JsonObject());
  merge_fields(out, applied, built_in);
  const auto given_up = std::exchange(own->fields, wanted);
  for (const auto& path : given_up) {
    const bool kept =
        std::any_of(entries.begin(), entries.end(), [&](const Entry& e) { return touches(e.fields, path); });
    if (!kept) erase_field(out, path);
  }
  if (own->fields != given_up || own->writer.api_version != writer.api_version) own->writer = writer;
  write_entries(out, entries);
  // A forced take-over or a changed value is news too; put() compares the rest.
  return out;
}

void track_fields(const Json& before, Json& now, const KubeWriter& writer, bool built_in) {
  auto entries = read_entries(before);
  const auto old_fields = fields_of(before, built_in), new_fields = fields_of(now, built_in);
  FieldSet changed;
  for (const auto& path : new_fields) {
    const auto* was = find_field(before, path);
    if (!was || *was != *find_field(now, path)) changed.insert(path);
  }
  bool news = !changed.empty();
  for (const auto& path : old_fields) {
    if (new_fields.contains(path)) continue;
    news = true;
    for (auto& e : entries) e.fields.erase(path);
  }
  for (const auto& path : changed)
    for (auto& e : entries) drop(e.fields, path);
  if (!changed.empty()) {
    auto own = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.same(writer); });
    if (own == entries.end()) own = entries.insert(entries.end(), {writer, {}});
    own->writer = writer;
    own->fields.insert(changed.begin(), changed.end());
  }
  if (news || codec::find(before, "metadata.managedFields")) write_entries(now, entries);
}

}  // namespace tombolo::sim
