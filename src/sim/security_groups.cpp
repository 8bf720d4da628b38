#include "sim/security_groups.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/filters.hpp"
#include "sim/group_rules.hpp"
#include "sim/quotas.hpp"
#include "sim/tags.hpp"

namespace tombolo::sim {
namespace {

// a-zA-Z0-9 and the punctuation that EC2 allows in names and descriptions of groups in a VPC.
bool is_group_text(std::string_view text) {
  constexpr std::string_view kAllowed = " ._-:/()#,@[]+=&;{}!$*";
  return text.size() <= 255 && std::all_of(text.begin(), text.end(), [&](unsigned char c) {
           return (c < 0x80 && std::isalnum(c)) || kAllowed.find(static_cast<char>(c)) != std::string_view::npos;
         });
}

std::string arn(const Call& call, const SecurityGroup& group) {
  return fmt::format("arn:aws:ec2:{}:{}:security-group/{}", call.region.name, kAccount, group.id);
}

// Whether something still uses the group: an interface, or an instance that ended only just now.
bool in_use(const Region& region, const SecurityGroup& group) {
  auto uses = [&](const std::vector<std::string>& groups) {
    return std::find(groups.begin(), groups.end(), group.id) != groups.end();
  };
  return std::any_of(region.interfaces.begin(), region.interfaces.end(),
                     [&](const Interface& i) { return uses(i.groups); }) ||
         std::any_of(region.instances.begin(), region.instances.end(),
                     [&](const Instance& i) { return i.holds_groups && uses(i.groups); }) ||
         std::any_of(region.groups.begin(), region.groups.end(), [&](const SecurityGroup& other) {
           return other.id != group.id &&
                  std::any_of(other.rules.begin(), other.rules.end(),
                              [&](const GroupRule& rule) { return rule.peer_group == group.id; });
         });
}

template <class Pick>
Values of_rules(const SecurityGroup& group, bool egress, Pick pick) {
  Values out;
  for (const auto& rule : group.rules) {
    if (rule.egress == egress) out.push_back(pick(rule));
  }
  return out;
}

const std::vector<FilterField<SecurityGroup>>& group_fields() {
  static const std::vector<FilterField<SecurityGroup>> table = {
      {"group-id", [](const SecurityGroup& g) { return Values{g.id}; }},
      {"group-name", [](const SecurityGroup& g) { return Values{g.name}; }},
      {"description", [](const SecurityGroup& g) { return Values{g.description}; }},
      {"vpc-id", [](const SecurityGroup& g) { return Values{g.vpc_id}; }},
      {"owner-id", [](const SecurityGroup&) { return Values{std::string(kAccount)}; }},
      {"ip-permission.cidr", [](const SecurityGroup& g) { return of_rules(g, false, [](auto& r) { return r.cidr; }); }},
      {"ip-permission.protocol",
       [](const SecurityGroup& g) { return of_rules(g, false, [](auto& r) { return r.protocol; }); }},
      {"ip-permission.from-port",
       [](const SecurityGroup& g) { return of_rules(g, false, [](auto& r) { return std::to_string(r.from); }); }},
      {"ip-permission.to-port",
       [](const SecurityGroup& g) { return of_rules(g, false, [](auto& r) { return std::to_string(r.to); }); }},
      {"ip-permission.group-id",
       [](const SecurityGroup& g) { return of_rules(g, false, [](auto& r) { return r.peer_group; }); }},
  };
  return table;
}

Outcome<> authorize(Call& call, XmlOut& out, bool egress) {
  auto* group = GRANTED(named_group(call));
  auto rules = GRANTED(read_rules(call.q, egress));
  auto specifications = GRANTED(read_tag_specifications(call.q, {"security-group-rule"}));
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!rules[i].peer_group.empty()) GRANTED(find_group(call, rules[i].peer_group));
    auto same = [&](const GroupRule& other) { return same_rule(rules[i], other); };
    if (std::any_of(group->rules.begin(), group->rules.end(), same)) {
      return refuse("InvalidPermission.Duplicate",
                    fmt::format("the specified rule \"{}\" already exists", describe(rules[i])));
    }
    if (std::any_of(rules.begin(), rules.begin() + static_cast<long>(i), same)) {
      return refuse("InvalidParameterValue", "The same permission must not appear multiple times");
    }
  }
  auto of_direction =
      std::count_if(group->rules.begin(), group->rules.end(), [&](const GroupRule& r) { return r.egress == egress; });
  if (static_cast<std::size_t>(of_direction) + rules.size() > kRulesPerGroup) {
    return refuse("RulesPerSecurityGroupLimitExceeded",
                  "The maximum number of rules per security group has been reached.");
  }
  for (auto& rule : rules) {
    rule.id = call.world.random.id("sgr-");
    rule.tags = tags_for(specifications, "security-group-rule");
    group->rules.push_back(rule);
  }
  out.leaf("return", true);
  out.list("securityGroupRuleSet", rules, [&](const GroupRule& rule) { show_rule(out, call, *group, rule); });
  return {};
}

Outcome<> revoke(Call& call, XmlOut& out, bool egress) {
  auto* group = GRANTED(named_group(call));
  auto& rules = group->rules;
  std::vector<std::string> ids = call.q.list("SecurityGroupRuleId");
  if (ids.empty()) {
    for (const auto& wanted : GRANTED(read_rules(call.q, egress))) {
      auto it =
          std::find_if(rules.begin(), rules.end(), [&](const GroupRule& rule) { return same_rule(rule, wanted); });
      if (it == rules.end()) {
        return refuse("InvalidPermission.NotFound", "The specified rule does not exist in this security group.");
      }
      ids.push_back(it->id);
    }
  }
  for (const auto& id : ids) {
    const auto* rule = by_id(rules, id);
    if (!rule || rule->egress != egress) {
      return not_there("InvalidSecurityGroupRuleId.NotFound", "security group rule ID", id);
    }
  }
  std::erase_if(rules, [&](const GroupRule& rule) { return std::find(ids.begin(), ids.end(), rule.id) != ids.end(); });
  out.leaf("return", true);
  return {};
}

}  // namespace

Outcome<SecurityGroup*> find_group(Call& call, const std::string& id) {
  if (!id.starts_with("sg-")) {
    return refuse("InvalidGroupId.Malformed", fmt::format("Invalid id: \"{}\" (expecting \"sg-...\")", id));
  }
  auto* group = by_id(call.region.groups, id);
  if (!group || !call.sees(group->visible)) return not_there("InvalidGroup.NotFound", "security group", id);
  return group;
}

Outcome<SecurityGroup*> named_group(Call& call) {
  if (call.q.has("GroupId")) return find_group(call, call.q.text("GroupId"));
  auto name = call.q.text("GroupName");
  if (name.empty()) return refuse("MissingParameter", "The request must contain the parameter groupName or groupId");
  for (auto& group : call.region.groups) {
    bool in_default = std::any_of(call.region.vpcs.begin(), call.region.vpcs.end(),
                                  [&](const Vpc& vpc) { return vpc.is_default && vpc.id == group.vpc_id; });
    if (in_default && group.name == name && call.sees(group.visible)) return &group;
  }
  return refuse("InvalidGroup.NotFound", fmt::format("The security group '{}' does not exist in default VPC", name));
}

Outcome<> create_security_group(Call& call, XmlOut& out) {
  auto name = GRANTED(call.q.required("GroupName"));
  auto description = GRANTED(call.q.required("GroupDescription"));
  if (name.starts_with("sg-") || !is_group_text(name)) {
    return invalid_value("groupName", name,
                         name.starts_with("sg-")
                             ? "Group names may not be in the format sg-*."
                             : "Character sets beyond ASCII are not supported; at most 255 characters.");
  }
  if (!is_group_text(description)) {
    return invalid_value("GroupDescription", description, "Character sets beyond ASCII are not supported.");
  }
  auto specifications = GRANTED(read_tag_specifications(call.q, {"security-group"}));
  auto vpc_id = call.q.text("VpcId");
  if (vpc_id.empty()) {
    for (const auto& vpc : call.region.vpcs) {
      if (vpc.is_default) vpc_id = vpc.id;
    }
    if (vpc_id.empty()) return refuse("VPCIdNotSpecified", "No default VPC for this user");
  } else if (!by_id(call.region.vpcs, vpc_id)) {
    return not_there("InvalidVpcID.NotFound", "vpc ID", vpc_id);
  }
  auto& groups = call.region.groups;
  if (std::any_of(groups.begin(), groups.end(), [&](const auto& g) { return g.vpc_id == vpc_id && g.name == name; })) {
    return refuse("InvalidGroup.Duplicate",
                  fmt::format("The security group '{}' already exists for VPC '{}'", name, vpc_id));
  }
  if (name == "default") return refuse("InvalidGroup.Reserved", "The security group 'default' is reserved");
  if (groups.size() >= quota_value(call.region, kGroupsQuota)) {
    return refuse("SecurityGroupLimitExceeded", "The maximum number of security groups has been reached.");
  }
  SecurityGroup group{
      call.world.random.id("sg-"), name, description, vpc_id, {}, tags_for(specifications, "security-group"),
      call.visible_from()};
  GroupRule everywhere;
  everywhere.id = call.world.random.id("sgr-");
  everywhere.egress = true;
  everywhere.protocol = "-1";
  everywhere.cidr = "0.0.0.0/0";
  group.rules.push_back(everywhere);
  groups.push_back(group);
  out.leaf("return", true).leaf("groupId", group.id);
  show_tags(out, call, group.id, group.tags);
  out.leaf("securityGroupArn", arn(call, group));
  return {};
}

Outcome<> delete_security_group(Call& call, XmlOut& out) {
  auto* group = GRANTED(named_group(call));
  if (group->name == "default")
    return refuse("CannotDelete",
                  fmt::format("the specified group: \"{}\" name: \"default\" cannot be deleted by a user", group->id));
  if (in_use(call.region, *group)) {
    return refuse("DependencyViolation", fmt::format("resource {} has a dependent object", group->id));
  }
  auto id = group->id;
  std::erase_if(call.region.groups, [&](const SecurityGroup& each) { return each.id == id; });
  out.leaf("return", true).leaf("groupId", id);
  return {};
}

Outcome<> describe_security_groups(Call& call, XmlOut& out) {
  auto ids = call.q.list("GroupId"), names = call.q.list("GroupName");
  for (const auto& id : ids) GRANTED(find_group(call, id));
  for (const auto& name : names) {
    bool there = std::any_of(call.region.groups.begin(), call.region.groups.end(),
                             [&](const auto& g) { return g.name == name && call.sees(g.visible); });
    if (!there) return not_there("InvalidGroup.NotFound", "security group", name);
  }
  auto passing =
      GRANTED(filtered<SecurityGroup>(call, call.region.groups, group_fields(), [](const auto& g) { return g.id; }));
  std::erase_if(passing, [&](const SecurityGroup* g) {
    bool asked = (ids.empty() || std::find(ids.begin(), ids.end(), g->id) != ids.end()) &&
                 (names.empty() || std::find(names.begin(), names.end(), g->name) != names.end());
    return !asked || !call.sees(g->visible);
  });
  auto page = GRANTED(page_of(call.q, passing.size(), 5, 1000));
  out.list("securityGroupInfo", slice(passing, page), [&](const SecurityGroup* g) {
    out.leaf("ownerId", kAccount).leaf("groupId", g->id).leaf("groupName", g->name);
    out.leaf("groupDescription", g->description).leaf("vpcId", g->vpc_id).leaf("securityGroupArn", arn(call, *g));
    show_permissions(out, *g, false);
    show_permissions(out, *g, true);
    show_tags(out, call, g->id, g->tags);
  });
  out.leaf_if("nextToken", page.next_token);
  return {};
}

Outcome<> describe_security_group_rules(Call& call, XmlOut& out) {
  struct Row {
    const SecurityGroup* group;
    const GroupRule* rule;
    Tags tags;
  };
  std::vector<Row> rows;
  auto ids = call.q.list("SecurityGroupRuleId");
  for (const auto& group : call.region.groups) {
    if (!call.sees(group.visible)) continue;
    for (const auto& rule : group.rules) {
      if (ids.empty() || std::find(ids.begin(), ids.end(), rule.id) != ids.end())
        rows.push_back({&group, &rule, rule.tags});
    }
  }
  if (!ids.empty() && rows.size() != ids.size()) {
    return not_there("InvalidSecurityGroupRuleId.NotFound", "security group rule ID", ids.front());
  }
  static const std::vector<FilterField<Row>> fields = {
      {"group-id", [](const Row& row) { return Values{row.group->id}; }},
      {"security-group-rule-id", [](const Row& row) { return Values{row.rule->id}; }},
  };
  auto passing = GRANTED(filtered<Row>(call, rows, fields, [](const Row& row) { return row.rule->id; }));
  auto page = GRANTED(page_of(call.q, passing.size(), 5, 1000));
  out.list("securityGroupRuleSet", slice(passing, page),
           [&](const Row* row) { show_rule(out, call, *row->group, *row->rule); });
  out.leaf_if("nextToken", page.next_token);
  return {};
}

Outcome<> authorize_ingress(Call& call, XmlOut& out) { return authorize(call, out, false); }
Outcome<> authorize_egress(Call& call, XmlOut& out) { return authorize(call, out, true); }
Outcome<> revoke_ingress(Call& call, XmlOut& out) { return revoke(call, out, false); }
Outcome<> revoke_egress(Call& call, XmlOut& out) { return revoke(call, out, true); }

}  // namespace tombolo::sim
