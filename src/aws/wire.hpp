// The habits of the EC2 Query protocol: numbered lists on the way out, lists of <item> on the way in. For the .cpp files here.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "aws/client.hpp"
#include "aws/ec2_types.hpp"

namespace tombolo::aws {

inline constexpr CallTraits kRead{CallKind::kRead, Repeat::kSafe};

// "Filter.1.Name", "Filter.1.Value.1", ...
void add_filters(Parameters& parameters, const Filters& filters);
// "InstanceId.1", "InstanceId.2", ...
void add_list(Parameters& parameters, std::string_view name, const std::vector<std::string>& values);
// "TagSpecification.<n>.ResourceType" and its tags; nothing when there are no tags.
void add_tags(Parameters& parameters, int n, std::string_view resource_type, const Tags& tags);

Parameters with_filters(const Filters& filters, int per_page = 0);  // 0: the call has no MaxResults

Tags tags_of(const codec::XmlElement& element);  // <tagSet>
int number_at(const codec::XmlElement& element, std::string_view path, int fallback = 0);
std::optional<Time> time_at(const codec::XmlElement& element, std::string_view path);
// kCorrupt when an answer lacks what it must have.
Result<std::string> required(const codec::XmlElement& element, std::string_view path, std::string_view action);

}  // namespace tombolo::aws
