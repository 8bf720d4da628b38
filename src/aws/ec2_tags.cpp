#include <fmt/format.h>

#include "aws/ec2.hpp"
#include "aws/wire.hpp"

namespace tombolo::aws {

Result<> Ec2::create_tags(const std::vector<std::string>& ids, const Tags& tags, const CallOptions& options) {
  Parameters parameters;
  add_list(parameters, "ResourceId", ids);
  int i = 0;
  for (const auto& [key, value] : tags) {
    ++i;
    parameters.emplace_back(fmt::format("Tag.{}.Key", i), key);
    parameters.emplace_back(fmt::format("Tag.{}.Value", i), value);
  }
  (void)TRY(client_.query(kEc2, "CreateTags", parameters, {CallKind::kChange, Repeat::kSafe}, options));
  return {};
}

Result<std::vector<Ec2::TaggedResource>> Ec2::tagged(const Filters& filters, const CallOptions& options) {
  std::vector<TaggedResource> out;
  TRY(client_.pages(kEc2, "DescribeTags", with_filters(filters, 1000), options,
                    [&](const codec::XmlElement& page) -> Result<> {
                      for (const auto* item : page.all("tagSet/item"))
                        out.push_back({item->text_at("resourceType"), item->text_at("resourceId"), item->text_at("key"),
                                       item->text_at("value")});
                      return {};
                    }));
  return out;
}

}  // namespace tombolo::aws
