#include "sim/filters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace tombolo::sim {

// Greedy with one step back: linear for one '*', and never more than |pattern| * |text|.
bool matches_pattern(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool Filter::admits(const std::vector<std::string>& present) const {
  return std::any_of(values.begin(), values.end(), [&](const std::string& pattern) {
    return std::any_of(present.begin(), present.end(),
                       [&](const auto& text) { return matches_pattern(pattern, text); });
  });
}

Outcome<std::vector<Filter>> read_filters(const Query& q, const std::function<bool(std::string_view)>& known,
                                          bool tagged) {
  std::vector<Filter> filters;
  for (const auto& item : q.items("Filter")) {
    Filter filter{item.text("Name"), item.list("Value")};
    if (filter.name.empty()) return refuse("InvalidParameterValue", "The filter name cannot be empty");
    bool about_tags = tagged && (filter.name.starts_with("tag:") || filter.name == "tag-key");
    if (!about_tags && !known(filter.name)) {
      return refuse("InvalidParameterValue", fmt::format("The filter '{}' is invalid", filter.name));
    }
    if (filter.values.empty()) {
      return refuse("InvalidParameterValue", fmt::format("The filter '{}' must have at least one value", filter.name));
    }
    if (filter.values.size() > 200) {
      return refuse("FilterLimitExceeded", "The maximum number of filter values specified on a single call is 200");
    }
    filters.push_back(std::move(filter));
  }
  return filters;
}

Tags visible_tags(const Call& call, const std::string& id, const Tags& tags) {
  Tags shown = tags;
  for (const auto& fresh : call.region.fresh_tags) {
    if (fresh.resource == id && fresh.visible > call.now) shown.erase(fresh.key);
  }
  return shown;
}

std::vector<std::string> tag_values(const Tags& tags, std::string_view filter_name) {
  std::vector<std::string> values;
  for (const auto& [key, value] : tags) {
    if (filter_name == "tag-key")
      values.push_back(key);
    else if (filter_name.substr(4) == key)
      values.push_back(value);
  }
  return values;
}

Outcome<Page> page_of(const Query& q, std::size_t count, std::int64_t least, std::int64_t most) {
  Page page{0, count, ""};
  if (auto token = q.text("NextToken"); !token.empty()) {
    std::string_view digits = token;
    auto refused = refuse("InvalidNextToken", "The token is not valid.");  // opaque to the caller, an offset to us
    if (!digits.starts_with("page-")) return refused;
    digits.remove_prefix(5);
    auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), page.first);
    if (problem != std::errc() || end != digits.data() + digits.size()) return refused;
    page.first = std::min(page.first, count);
  }
  if (!q.has("MaxResults")) return page;
  auto limit = GRANTED(q.number("MaxResults", most));
  if (limit < least || limit > most) {
    return refuse("InvalidParameterValue",
                  fmt::format("Value ( {} ) for parameter maxResults is invalid. Expecting a value between {} and {}.",
                              limit, least, most));
  }
  page.end = std::min(count, page.first + static_cast<std::size_t>(limit));
  if (page.end < count) page.next_token = fmt::format("page-{}", page.end);
  return page;
}

}  // namespace tombolo::sim
