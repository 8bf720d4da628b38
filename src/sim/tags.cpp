#include "sim/tags.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/filters.hpp"

namespace tombolo::sim {
namespace {

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

Outcome<> check_tag(const std::string& key, const std::string& value) {
  if (key.empty()) return refuse("InvalidParameterValue", "Tag key cannot be empty");
  if (key.starts_with("aws:")) {
    return refuse("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use");
  }
  if (characters(key) > 128) {
    return refuse("InvalidParameterValue",
                  fmt::format("Tag key exceeds the maximum length of 128 characters: '{}'", key));
  }
  if (characters(value) > 256) {
    return refuse("InvalidParameterValue",
                  fmt::format("Tag value exceeds the maximum length of 256 characters: '{}'", value));
  }
  return {};
}

Outcome<Tags> read_tags(const Query& q) {
  Tags tags;
  for (const auto& item : q.items("Tag")) {
    auto key = item.text("Key"), value = item.text("Value");
    GRANTED(check_tag(key, value));
    if (!tags.emplace(key, value).second) {
      return refuse("InvalidParameterValue", fmt::format("Duplicate tag key '{}' specified.", key));
    }
  }
  if (tags.size() > 50) return refuse("TagLimitExceeded", "More than 50 tags specified");
  return tags;
}

struct Tagged {
  Tags* tags = nullptr;
  std::string type;
};

template <class List, class IdOf>
Tags* look_in(List& list, const std::string& id, IdOf id_of) {
  for (auto& each : list) {
    if (id_of(each) == id) return &each.tags;
  }
  return nullptr;
}

// The type of a resource, and what EC2 says when there is none of that id.
struct Kind {
  std::string_view prefix;
  std::string_view type;
  std::string_view missing_code;
  Tags* (*find)(Region&, const std::string&);
};
constexpr auto id_of = [](const auto& each) -> const std::string& { return each.id; };

const Kind kTaggedKinds[] = {
    {"i-", "instance", "InvalidInstanceID.NotFound",
     [](Region& r, const std::string& id) { return look_in(r.instances, id, id_of); }},
    {"vol-", "volume", "InvalidVolume.NotFound",
     [](Region& r, const std::string& id) { return look_in(r.volumes, id, id_of); }},
    {"sg-", "security-group", "InvalidGroup.NotFound",
     [](Region& r, const std::string& id) { return look_in(r.groups, id, id_of); }},
    {"key-", "key-pair", "InvalidKeyPair.NotFound",
     [](Region& r, const std::string& id) { return look_in(r.keys, id, id_of); }},
    {"eni-", "network-interface", "InvalidNetworkInterfaceID.NotFound",
     [](Region& r, const std::string& id) { return look_in(r.interfaces, id, id_of); }},
    {"eipalloc-", "elastic-ip", "InvalidAllocationID.NotFound",
     [](Region& r, const std::string& id) {
       return look_in(r.addresses, id, [](const ElasticAddress& a) -> const std::string& { return a.allocation_id; });
     }},
    {"sir-", "spot-instances-request", "InvalidSpotInstanceRequestID.NotFound",
     [](Region& r, const std::string& id) { return look_in(r.spot_requests, id, id_of); }},
    {"vpc-", "vpc", "InvalidVpcID.NotFound",
     [](Region& r, const std::string& id) { return look_in(r.vpcs, id, id_of); }},
    {"subnet-", "subnet", "InvalidSubnetID.NotFound",
     [](Region& r, const std::string& id) { return look_in(r.subnets, id, id_of); }},
    {"sgr-", "security-group-rule", "InvalidSecurityGroupRuleId.NotFound",
     [](Region& r, const std::string& id) -> Tags* {
       for (auto& group : r.groups) {
         if (auto* tags = look_in(group.rules, id, id_of)) return tags;
       }
       return nullptr;
     }},
};

Outcome<Tagged> find_tagged(Region& region, const std::string& id) {
  for (const auto& kind : kTaggedKinds) {
    if (!id.starts_with(kind.prefix)) continue;
    if (auto* tags = kind.find(region, id)) return Tagged{tags, std::string(kind.type)};
    return refuse(std::string(kind.missing_code), fmt::format("The ID '{}' does not exist", id));
  }
  return refuse("InvalidID", fmt::format("The ID '{}' is not valid", id));
}

void note_fresh(Call& call, const std::string& id, const std::string& key) {
  auto visible = call.visible_from();
  if (visible > call.now) call.region.fresh_tags.push_back({id, key, visible});
}

}  // namespace

Outcome<TagsByType> read_tag_specifications(const Query& q, std::initializer_list<std::string_view> types) {
  TagsByType all;
  for (const auto& item : q.items("TagSpecification")) {
    auto type = item.text("ResourceType");
    if (type.empty()) return refuse("MissingParameter", "Tag specification resource type must have a value");
    if (std::find(types.begin(), types.end(), type) == types.end()) {
      return refuse("InvalidParameterValue",
                    fmt::format("'{}' is not a valid taggable resource type for this operation.", type));
    }
    auto tags = GRANTED(read_tags(item));
    if (tags.empty()) return refuse("InvalidParameterValue", "Tag specification must have at least one tag");
    if (!all.emplace(type, tags).second) {
      return refuse("InvalidParameterValue",
                    fmt::format("The same resource type may not be specified more than once in tag "
                                "specifications: '{}'",
                                type));
    }
  }
  return all;
}

Tags tags_for(const TagsByType& specifications, const std::string& type) {
  auto it = specifications.find(type);
  return it == specifications.end() ? Tags{} : it->second;
}

void show_tags(XmlOut& out, const Call& call, const std::string& id, const Tags& tags) {
  auto shown = visible_tags(call, id, tags);
  if (shown.empty()) return;
  out.list("tagSet", shown, [&](const auto& tag) { out.leaf("key", tag.first).leaf("value", tag.second); });
}

Outcome<> create_tags(Call& call, XmlOut& out) {
  auto resources = call.q.list("ResourceId");
  if (resources.empty()) return missing("resourceIdSet");
  auto tags = GRANTED(read_tags(call.q));
  if (tags.empty()) return missing("tagSet");
  for (const auto& id : resources) {
    auto merged = *GRANTED(find_tagged(call.region, id)).tags;
    for (const auto& [key, value] : tags) merged[key] = value;
    if (merged.size() > 50)
      return refuse("TagLimitExceeded", fmt::format("The tag limit of 50 is reached for '{}'", id));
  }
  for (const auto& id : resources) {
    auto& present = *GRANTED(find_tagged(call.region, id)).tags;
    for (const auto& [key, value] : tags) {
      if (!present.contains(key)) note_fresh(call, id, key);
      present[key] = value;
    }
  }
  out.leaf("return", true);
  return {};
}

Outcome<> delete_tags(Call& call, XmlOut& out) {
  auto resources = call.q.list("ResourceId");
  if (resources.empty()) return missing("resourceIdSet");
  auto items = call.q.items("Tag");
  for (const auto& id : resources) GRANTED(find_tagged(call.region, id));
  for (const auto& id : resources) {
    auto& present = *GRANTED(find_tagged(call.region, id)).tags;
    if (items.empty()) present.clear();
    for (const auto& item : items) {
      auto it = present.find(item.text("Key"));
      if (it != present.end() && (!item.has("Value") || item.text("Value") == it->second)) present.erase(it);
    }
  }
  out.leaf("return", true);
  return {};
}

Outcome<> describe_tags(Call& call, XmlOut& out) {
  struct Row {
    std::string resource, type, key, value;
  };
  std::vector<Row> rows;
  auto add = [&](const std::string& id, std::string_view type, const Tags& tags) {
    for (const auto& [key, value] : visible_tags(call, id, tags)) rows.push_back({id, std::string(type), key, value});
  };
  const auto& r = call.region;
  for (const auto& each : r.instances) add(each.id, "instance", each.tags);
  for (const auto& each : r.volumes) add(each.id, "volume", each.tags);
  for (const auto& each : r.groups) add(each.id, "security-group", each.tags);
  for (const auto& each : r.keys) add(each.id, "key-pair", each.tags);
  for (const auto& each : r.interfaces) add(each.id, "network-interface", each.tags);
  for (const auto& each : r.addresses) add(each.allocation_id, "elastic-ip", each.tags);
  for (const auto& each : r.spot_requests) add(each.id, "spot-instances-request", each.tags);
  for (const auto& each : r.vpcs) add(each.id, "vpc", each.tags);
  for (const auto& each : r.subnets) add(each.id, "subnet", each.tags);
  static const std::vector<FilterField<Row>> fields = {
      {"resource-id", [](const Row& row) { return Values{row.resource}; }},
      {"resource-type", [](const Row& row) { return Values{row.type}; }},
      {"key", [](const Row& row) { return Values{row.key}; }},
      {"value", [](const Row& row) { return Values{row.value}; }},
  };
  // Here "tag:<key>" asks for tags of that key.
  static const std::function<std::string(const Row&)> no_tags;
  auto passing = GRANTED(filtered<Row>(call, rows, fields, no_tags));
  auto page = GRANTED(page_of(call.q, passing.size(), 5, 1000));
  out.list("tagSet", slice(passing, page), [&](const Row* row) {
    out.leaf("resourceId", row->resource)
        .leaf("resourceType", row->type)
        .leaf("key", row->key)
        .leaf("value", row->value);
  });
  out.leaf_if("nextToken", page.next_token);
  return {};
}

}  // namespace tombolo::sim
