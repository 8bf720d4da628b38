#include "spec/edit.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "spec/fields.hpp"

namespace tombolo::spec {
namespace {

struct Found {
  const Field* field = nullptr;  // nullptr: no such path
  Field::Owner owner = nullptr;
};

// "workers[0]" -> "workers", 0.
std::pair<std::string_view, std::size_t> key_and_index(std::string_view part) {
  const auto bracket = part.find('[');
  if (bracket == std::string_view::npos) return {part, 0};
  std::size_t index = 0;
  std::from_chars(part.data() + bracket + 1, part.data() + part.size(), index);
  return {part.substr(0, bracket), index};
}

Found find(Cluster& cluster, std::string_view path) {
  const Field* field = &cluster_file();
  Field::Owner owner = &cluster;
  while (!path.empty()) {
    const auto dot = path.find('.');
    const auto [key, index] = key_and_index(path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    const auto next =
        std::find_if(field->fields.begin(), field->fields.end(), [&](const Field& f) { return f.key == key; });
    if (next == field->fields.end()) return {};
    field = &*next;
    if (field->type == Type::kBlock) {
      owner = field->block(owner);
    } else if (field->type == Type::kList) {
      const auto items = field->items(owner);
      if (index >= items.size()) return {};
      owner = items[index];
    }
  }
  return field->set ? Found{field, owner} : Found{};
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    auto word = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    words.emplace_back(word);
  }
  return words;
}

std::string word(const codec::Json& value) {
  const auto* text = value.if_string();
  return text ? std::string(text->data(), text->size()) : codec::to_text(value);
}

}  // namespace

std::string field_doc(std::string_view path) {
  Cluster scratch;
  scratch.workers.emplace_back();
  const auto found = find(scratch, path);
  return found.field ? found.field->doc : "";
}

std::string field_text(const Cluster& cluster, std::string_view path) {
  const auto found = find(const_cast<Cluster&>(cluster), path);  // nothing is written
  const auto value = found.field ? found.field->get(found.owner) : codec::Json();
  if (value.is_null()) return "";
  const auto* array = value.if_array();
  if (!array) return word(value);
  std::vector<std::string> words;
  for (const auto& item : *array) words.push_back(word(item));
  return fmt::format("{}", fmt::join(words, ","));
}

Result<> set_field(Cluster& cluster, std::string_view path, const std::string& text) {
  const auto [field, owner] = find(cluster, path);
  if (!field) return fail(Code::kInternal, fmt::format("the cluster file has no field {}", path));
  const bool list = field->type == Type::kTextList;
  const auto words = list ? split(text) : std::vector<std::string>{text};
  if (field->required && words.empty()) return fail(Code::kBadInput, fmt::format("{} is empty", path));
  const bool numeric = field->type == Type::kInteger || field->type == Type::kNumber;
  for (const auto& one : words) {
    std::string hint;
    auto wrong = numeric ? std::string() : wrong_text(*field, std::string(path), one, hint);
    if (!wrong.empty()) return fail(Code::kBadInput, std::move(wrong), std::move(hint));
  }
  if (const auto wrong = field->set(owner, words); !wrong.empty())
    return fail(Code::kBadInput, fmt::format("{} {} {}", path, text, wrong));
  return {};
}

}  // namespace tombolo::spec
