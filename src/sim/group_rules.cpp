#include "sim/group_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "codec/cidr.hpp"
#include "sim/tags.hpp"

namespace tombolo::sim {
namespace {

Outcome<std::string> normal_protocol(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (text == "6") return std::string("tcp");
  if (text == "17") return std::string("udp");
  if (text == "1") return std::string("icmp");
  if (text == "58") return std::string("icmpv6");
  if (text == "all") return std::string("-1");
  bool number = !text.empty() && text.size() <= 3 &&
                std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (number || text == "tcp" || text == "udp" || text == "icmp" || text == "icmpv6" || text == "-1") return text;
  return invalid_value("ipProtocol", text, "Accepted values are tcp, udp, icmp, icmpv6, -1, or a protocol number");
}

Outcome<> check_ports(const GroupRule& rule) {
  if (rule.protocol != "tcp" && rule.protocol != "udp") return {};
  if (rule.from < 0 || rule.from > 65535 || rule.to < 0 || rule.to > 65535) {
    return refuse("InvalidParameterValue",
                  fmt::format("Invalid value '{}' for port: must be between 0 and 65535", rule.from));
  }
  if (rule.from > rule.to) {
    return refuse("InvalidParameterValue", fmt::format("Invalid TCP/UDP port range ({}:{})", rule.from, rule.to));
  }
  return {};
}

Outcome<std::string> normal_cidr(const std::string& text, bool v4) {
  auto cidr = codec::Cidr::parse(text);
  if (!cidr || cidr->address().is_v4() != v4) {
    return refuse("InvalidParameterValue", fmt::format("CIDR block {} is malformed", text));
  }
  if (cidr->has_host_bits()) {
    return refuse("InvalidParameterValue", fmt::format("CIDR block {} is malformed: it has host bits set", text));
  }
  return cidr->text();
}

Outcome<std::string> checked_description(const std::string& text) {
  constexpr std::string_view kAllowed = " ._-:/()#,@[]+=&;{}!$*";
  bool good = text.size() <= 255 && std::all_of(text.begin(), text.end(), [&](unsigned char c) {
                return (c < 0x80 && std::isalnum(c)) || kAllowed.find(static_cast<char>(c)) != std::string_view::npos;
              });
  if (!good) {
    return refuse("InvalidParameterValue",
                  fmt::format("Invalid rule description '{}'. Valid descriptions are strings less than 256 "
                              "characters from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;{{}}!$*",
                              text));
  }
  return text;
}

}  // namespace

Outcome<std::vector<GroupRule>> read_rules(const Query& q, bool egress) {
  auto permissions = q.items("IpPermissions");
  if (permissions.empty() && q.has("IpProtocol")) {
    auto values = q.values();
    if (q.has("CidrIp")) values["IpRanges.1.CidrIp"] = q.text("CidrIp");
    permissions.emplace_back(values);
  }
  if (permissions.empty()) return missing("ipPermissions");
  std::vector<GroupRule> rules;
  for (const auto& permission : permissions) {
    GroupRule base;
    base.egress = egress;
    base.protocol = GRANTED(normal_protocol(GRANTED(permission.required("IpProtocol"))));
    if (base.protocol != "-1") {
      if (base.protocol == "tcp" || base.protocol == "udp") {
        GRANTED(permission.required("FromPort"));
        GRANTED(permission.required("ToPort"));
      }
      base.from = static_cast<int>(GRANTED(permission.number("FromPort", -1)));
      base.to = static_cast<int>(GRANTED(permission.number("ToPort", -1)));
      GRANTED(check_ports(base));
    }
    auto add = [&](const Query& range, auto set) -> Outcome<> {
      auto rule = base;
      rule.description = GRANTED(checked_description(range.text("Description")));
      GRANTED(set(rule));
      rules.push_back(rule);
      return {};
    };
    for (const auto& range : permission.items("IpRanges")) {
      GRANTED(add(range, [&](GroupRule& rule) -> Outcome<> {
        rule.cidr = GRANTED(normal_cidr(range.text("CidrIp"), true));
        return {};
      }));
    }
    for (const auto& range : permission.items("Ipv6Ranges")) {
      GRANTED(add(range, [&](GroupRule& rule) -> Outcome<> {
        rule.cidr6 = GRANTED(normal_cidr(range.text("CidrIpv6"), false));
        return {};
      }));
    }
    auto peers = permission.items("UserIdGroupPairs");
    if (peers.empty()) peers = permission.items("Groups");
    for (const auto& peer : peers) {
      GRANTED(add(peer, [&](GroupRule& rule) -> Outcome<> {
        rule.peer_group = GRANTED(peer.required("GroupId"));
        return {};
      }));
    }
  }
  if (rules.empty()) {
    return refuse("MissingParameter",
                  "The request must contain at least one of IpRanges, Ipv6Ranges, PrefixListIds, or UserIdGroupPairs");
  }
  return rules;
}

bool same_rule(const GroupRule& a, const GroupRule& b) {
  auto key = [](const GroupRule& r) {
    return std::tie(r.egress, r.protocol, r.from, r.to, r.cidr, r.cidr6, r.peer_group);
  };
  return key(a) == key(b);
}

std::string describe(const GroupRule& rule) {
  auto peer = !rule.cidr.empty() ? rule.cidr : !rule.cidr6.empty() ? rule.cidr6 : rule.peer_group;
  if (rule.protocol == "-1") return fmt::format("peer: {}, ALL, ALLOW", peer);
  std::string protocol = rule.protocol;
  std::transform(protocol.begin(), protocol.end(), protocol.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return fmt::format("peer: {}, {}, from port: {}, to port: {}, ALLOW", peer, protocol, rule.from, rule.to);
}

void show_permissions(XmlOut& out, const SecurityGroup& group, bool egress) {
  std::map<std::tuple<std::string, int, int>, std::vector<const GroupRule*>> sets;
  for (const auto& rule : group.rules) {
    if (rule.egress == egress) sets[{rule.protocol, rule.from, rule.to}].push_back(&rule);
  }
  auto ranges = [&](std::string_view list, std::string_view leaf, std::string GroupRule::* field, const auto& rules) {
    std::vector<const GroupRule*> having;
    std::copy_if(rules.begin(), rules.end(), std::back_inserter(having),
                 [&](const GroupRule* r) { return !((*r).*field).empty(); });
    out.list(list, having, [&](const GroupRule* rule) {
      if (leaf == "groupId") out.leaf("userId", kAccount);
      out.leaf(leaf, (*rule).*field).leaf_if("description", rule->description);
    });
  };
  out.list(egress ? "ipPermissionsEgress" : "ipPermissions", sets, [&](const auto& set) {
    const auto& [protocol, from, to] = set.first;
    out.leaf("ipProtocol", protocol);
    if (protocol != "-1") out.leaf("fromPort", from).leaf("toPort", to);
    ranges("groups", "groupId", &GroupRule::peer_group, set.second);
    ranges("ipRanges", "cidrIp", &GroupRule::cidr, set.second);
    ranges("ipv6Ranges", "cidrIpv6", &GroupRule::cidr6, set.second);
    out.list("prefixListIds", std::array<int, 0>{}, [](int) {});
  });
}

void show_rule(XmlOut& out, const Call& call, const SecurityGroup& group, const GroupRule& rule) {
  out.leaf("securityGroupRuleId", rule.id).leaf("groupId", group.id).leaf("groupOwnerId", kAccount);
  out.leaf("isEgress", rule.egress)
      .leaf("ipProtocol", rule.protocol)
      .leaf("fromPort", rule.from)
      .leaf("toPort", rule.to);
  out.leaf_if("cidrIpv4", rule.cidr).leaf_if("cidrIpv6", rule.cidr6).leaf_if("description", rule.description);
  if (!rule.peer_group.empty()) {
    out.node("referencedGroupInfo", [&] { out.leaf("groupId", rule.peer_group).leaf("userId", kAccount); });
  }
  out.leaf("securityGroupRuleArn",
           fmt::format("arn:aws:ec2:{}:{}:security-group-rule/{}", call.region.name, kAccount, rule.id));
  show_tags(out, call, rule.id, rule.tags);
}

}  // namespace tombolo::sim
