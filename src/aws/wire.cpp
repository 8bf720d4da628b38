#include "aws/wire.hpp"

#include <fmt/format.h>

#include <charconv>

namespace tombolo::aws {

void add_filters(Parameters& parameters, const Filters& filters) {
  for (std::size_t i = 0; i < filters.size(); ++i) {
    parameters.emplace_back(fmt::format("Filter.{}.Name", i + 1), filters[i].name);
    add_list(parameters, fmt::format("Filter.{}.Value", i + 1), filters[i].values);
  }
}

void add_list(Parameters& parameters, std::string_view name, const std::vector<std::string>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) parameters.emplace_back(fmt::format("{}.{}", name, i + 1), values[i]);
}

void add_tags(Parameters& parameters, int n, std::string_view resource_type, const Tags& tags) {
  if (tags.empty()) return;
  parameters.emplace_back(fmt::format("TagSpecification.{}.ResourceType", n), std::string(resource_type));
  int i = 0;
  for (const auto& [key, value] : tags) {
    ++i;
    parameters.emplace_back(fmt::format("TagSpecification.{}.Tag.{}.Key", n, i), key);
    parameters.emplace_back(fmt::format("TagSpecification.{}.Tag.{}.Value", n, i), value);
  }
}

Parameters with_filters(const Filters& filters, int per_page) {
  Parameters parameters;
  add_filters(parameters, filters);
  if (per_page > 0) parameters.emplace_back("MaxResults", std::to_string(per_page));
  return parameters;
}

Tags tags_of(const codec::XmlElement& element) {
  Tags tags;
  for (const codec::XmlElement* tag : element.all("tagSet/item")) tags[tag->text_at("key")] = tag->text_at("value");
  return tags;
}

int number_at(const codec::XmlElement& element, std::string_view path, int fallback) {
  const std::string text = element.text_at(path);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && error == std::errc() && end == text.data() + text.size() ? value : fallback;
}

std::optional<Time> time_at(const codec::XmlElement& element, std::string_view path) {
  const auto time = parse_time(element.text_at(path));
  if (!time) return std::nullopt;
  return *time;
}

Result<std::string> required(const codec::XmlElement& element, std::string_view path, std::string_view action) {
  std::string text = element.text_at(path);
  if (text.empty()) return fail(Code::kCorrupt, fmt::format("AWS's answer to {} has no {}", action, path));
  return text;
}

}  // namespace tombolo::aws
