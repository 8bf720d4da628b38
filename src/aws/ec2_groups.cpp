#include <fmt/format.h>

#include "aws/ec2.hpp"
#include "aws/wire.hpp"

namespace tombolo::aws {
namespace {

constexpr int kGroupsPerPage = 1000;

// EC2 gives a permission with lists of ranges; we want one rule for each range.
std::vector<Rule> rules_of(const codec::XmlElement& group, std::string_view list) {
  std::vector<Rule> out;
  for (const auto* permission : group.all(fmt::format("{}/item", list))) {
    Rule rule;
    rule.protocol = permission->text_at("ipProtocol");
    rule.from_port = number_at(*permission, "fromPort", -1);
    rule.to_port = number_at(*permission, "toPort", -1);
    struct {
      const char* items;
      const char* name;
    } const ranges[] = {{"ipRanges/item", "cidrIp"},
                        {"ipv6Ranges/item", "cidrIpv6"},
                        {"groups/item", "groupId"},
                        {"prefixListIds/item", "prefixListId"}};
    for (const auto& kind : ranges)
      for (const auto* range : permission->all(kind.items)) {
        rule.cidr = range->text_at(kind.name);
        rule.description = range->text_at("description");
        out.push_back(rule);
      }
  }
  return out;
}

Parameters rule_parameters(const GroupId& group, const std::vector<Rule>& rules, bool with_description) {
  Parameters parameters{{"GroupId", group.text()}};
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Rule& rule = rules[i];
    const std::string prefix = fmt::format("IpPermissions.{}.", i + 1);
    const bool v6 = rule.cidr.find(':') != std::string::npos;
    const bool to_group = rule.cidr.starts_with("sg-");
    const std::string range = prefix + (to_group ? "Groups.1." : v6 ? "Ipv6Ranges.1." : "IpRanges.1.");
    parameters.emplace_back(prefix + "IpProtocol", rule.protocol);
    if (rule.protocol != "-1") {
      parameters.emplace_back(prefix + "FromPort", std::to_string(rule.from_port));
      parameters.emplace_back(prefix + "ToPort", std::to_string(rule.to_port));
    }
    parameters.emplace_back(range + (to_group ? "GroupId" : v6 ? "CidrIpv6" : "CidrIp"), rule.cidr);
    if (with_description && !rule.description.empty()) parameters.emplace_back(range + "Description", rule.description);
  }
  return parameters;
}

}  // namespace

Result<std::vector<SecurityGroup>> Ec2::security_groups(const Filters& filters, const CallOptions& options) {
  std::vector<SecurityGroup> out;
  TRY(client_.pages(kEc2, "DescribeSecurityGroups", with_filters(filters, kGroupsPerPage), options,
                    [&](const codec::XmlElement& page) -> Result<> {
                      for (const auto* item : page.all("securityGroupInfo/item")) {
                        SecurityGroup group;
                        group.id = GroupId(item->text_at("groupId"));
                        group.name = item->text_at("groupName");
                        group.description = item->text_at("groupDescription");
                        group.vpc = VpcId(item->text_at("vpcId"));
                        group.ingress = rules_of(*item, "ipPermissions");
                        group.egress = rules_of(*item, "ipPermissionsEgress");
                        group.tags = tags_of(*item);
                        out.push_back(std::move(group));
                      }
                      return {};
                    }));
  return out;
}

Result<GroupId> Ec2::create_security_group(const std::string& name, const std::string& description, const VpcId& vpc,
                                           const Tags& tags, const CallOptions& options) {
  // On the wire the description is GroupDescription; "Description", which the documentation of other calls suggests, is refused.
  Parameters parameters{{"GroupName", name}, {"GroupDescription", description}, {"VpcId", vpc.text()}};
  add_tags(parameters, 1, "security-group", tags);
  const auto root =
      TRY(client_.query(kEc2, "CreateSecurityGroup", parameters, {CallKind::kCreate, Repeat::kLookFirst}, options));
  return GroupId(TRY(required(root, "groupId", "CreateSecurityGroup")));
}

Result<> Ec2::authorize_ingress(const GroupId& group, const std::vector<Rule>& rules, const CallOptions& options) {
  if (rules.empty()) return {};
  // A lost answer shows as kDuplicate in the repetition, which means done: safe to repeat.
  (void)TRY(client_.query(kEc2, "AuthorizeSecurityGroupIngress", rule_parameters(group, rules, true),
                          {CallKind::kChange, Repeat::kSafe}, options));
  return {};
}

Result<> Ec2::revoke_ingress(const GroupId& group, const std::vector<Rule>& rules, const CallOptions& options) {
  if (rules.empty()) return {};
  (void)TRY(client_.query(kEc2, "RevokeSecurityGroupIngress", rule_parameters(group, rules, false),
                          {CallKind::kDelete, Repeat::kSafe}, options));
  return {};
}

Result<> Ec2::delete_security_group(const GroupId& group, const CallOptions& options) {
  (void)TRY(client_.query(kEc2, "DeleteSecurityGroup", {{"GroupId", group.text()}}, {CallKind::kDelete, Repeat::kSafe},
                          options));
  return {};
}

}  // namespace tombolo::aws
