// Tags: their rules, tags at creation (TagSpecification.N), CreateTags, DeleteTags, DescribeTags.
// Source: EC2 user guide, "Tag restrictions": 50 a resource, keys of 128, values of 256 characters, no "aws:" keys.
#pragma once
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

#include "sim/world.hpp"
#include "sim/xml_out.hpp"

namespace tombolo::sim {

using TagsByType = std::map<std::string, Tags>;

// Reads TagSpecification.N; refuses resource types that the action does not create.
Outcome<TagsByType> read_tag_specifications(const Query& q, std::initializer_list<std::string_view> types);
// Tags of a new resource: those of its type in the specifications.
Tags tags_for(const TagsByType& specifications, const std::string& type);
void show_tags(XmlOut& out, const Call& call, const std::string& id, const Tags& tags);

Outcome<> create_tags(Call& call, XmlOut& out);
Outcome<> delete_tags(Call& call, XmlOut& out);
Outcome<> describe_tags(Call& call, XmlOut& out);

}  // namespace tombolo::sim
