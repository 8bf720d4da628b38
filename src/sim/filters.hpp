// Filters and pages of the Describe calls: names are checked, values may hold * and ?, several values mean "or".
// Source: EC2 user guide, "List and filter using the CLI and API"; unknown names are InvalidParameterValue.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/world.hpp"
#include "sim/xml_out.hpp"

namespace tombolo::sim {

bool matches_pattern(std::string_view pattern, std::string_view text);

using Values = std::vector<std::string>;

// The values a thing has under a filter name; a filter holds when any of them matches any of the filter's values.
template <class T>
struct FilterField {
  std::string_view name;
  std::function<Values(const T&)> values;
};

struct Filter {
  std::string name;
  std::vector<std::string> values;
  bool admits(const std::vector<std::string>& present) const;
};

// Refuses filters without values and, by `known`, unknown names. tag:<key> and tag-key are known where `tagged`.
Outcome<std::vector<Filter>> read_filters(const Query& q, const std::function<bool(std::string_view)>& known,
                                          bool tagged);
// The tags a read shows: without those that are still too fresh.
Tags visible_tags(const Call& call, const std::string& id, const Tags& tags);
std::vector<std::string> tag_values(const Tags& tags, std::string_view filter_name);

// The things of `list` that pass the call's filters.
template <class T>
Outcome<std::vector<const T*>> filtered(const Call& call, const std::vector<T>& list,
                                        const std::vector<FilterField<T>>& fields,
                                        const std::function<std::string(const T&)>& id_of = nullptr) {
  auto field = [&](std::string_view name) -> const FilterField<T>* {
    for (const auto& each : fields) {
      if (each.name == name) return &each;
    }
    return nullptr;
  };
  auto filters =
      GRANTED(read_filters(call.q, [&](std::string_view name) { return field(name) != nullptr; }, bool(id_of)));
  std::vector<const T*> out;
  for (const auto& each : list) {
    bool passes = true;
    for (const auto& filter : filters) {
      const auto* known = field(filter.name);
      if (known) {
        passes = filter.admits(known->values(each));
      } else if constexpr (requires { each.tags; }) {
        passes = filter.admits(tag_values(visible_tags(call, id_of(each), each.tags), filter.name));
      }
      if (!passes) break;
    }
    if (passes) out.push_back(&each);
  }
  return out;
}

// The page of `all` that MaxResults and NextToken ask for; writes nextToken when more are left.
// `least` and `most` bound MaxResults; without MaxResults everything comes at once, as EC2 does.
struct Page {
  std::size_t first = 0;
  std::size_t end = 0;
  std::string next_token;
};
template <class T>
std::vector<T> slice(const std::vector<T>& all, const Page& page) {
  return {all.begin() + static_cast<long>(page.first), all.begin() + static_cast<long>(page.end)};
}
Outcome<Page> page_of(const Query& q, std::size_t count, std::int64_t least, std::int64_t most);

}  // namespace tombolo::sim
