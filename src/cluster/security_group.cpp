#include <fmt/format.h>

#include <algorithm>

#include "cluster/kinds.hpp"

namespace tombolo::cluster {

namespace {

using engine::Json;

Json to_json(const aws::Rule& r) {
  return {{"protocol", r.protocol},
          {"from", r.from_port},
          {"to", r.to_port},
          {"cidr", r.cidr},
          {"description", r.description}};
}

aws::Rule rule_from(const Json& j) {
  return {codec::text_at(j, "protocol"), static_cast<int>(codec::number_at(j, "from")),
          static_cast<int>(codec::number_at(j, "to")), codec::text_at(j, "cidr"), codec::text_at(j, "description")};
}

// Sorted, so that equal sets of rules are equal text.
Json ingress_of(std::vector<aws::Rule> rules) {
  std::sort(rules.begin(), rules.end());
  codec::JsonArray out;
  for (const auto& r : rules) out.push_back(to_json(r));
  return out;
}

std::vector<aws::Rule> wished_rules(const Json& inputs) {
  std::vector<aws::Rule> out;
  if (const Json* list = codec::find(inputs, "ingress"); list && list->is_array())
    for (const auto& element : list->get_array()) out.push_back(rule_from(element));
  return out;
}

class SecurityGroupKind final : public engine::Kind {
 public:
  explicit SecurityGroupKind(Cloud& cloud) : cloud_(cloud) {}
  std::string name() const override { return std::string(kGroupKind); }
  std::string region() const override { return cloud_.client.region(); }
  bool repeatable() const override { return false; }

  Result<std::vector<engine::Observed>> observe(const engine::Call& call) override {
    std::vector<engine::Observed> out;
    for (const auto& group : TRY(cloud_.ec2.security_groups(ours(cloud_.cluster), reading(call))))
      if (auto mark = mark_of(group.tags); mark && mark->address.kind == kGroupKind)
        out.push_back(describe(group, *mark));
    return out;
  }

  engine::Verdict compare(const engine::Wish& wish, const engine::Observed& observed) const override {
    return {differences(wish, observed, {"ingress"}), {}};
  }

  Result<std::optional<Json>> prepare(const engine::Wish& wish, std::int64_t generation, int variant) const override {
    if (variant > 0) return std::nullopt;
    const auto& in = wish.inputs;
    return Json{{"name", codec::text_at(in, "name")},
                {"description", codec::text_at(in, "description")},
                {"vpc", codec::text_at(in, "vpc")},
                {"generation", generation}};
  }

  engine::Step create(const engine::Intent& intent, const engine::Call& call) override {
    const auto name = codec::text_at(intent.request, "name");
    auto id = cloud_.ec2.create_security_group(
        name, codec::text_at(intent.request, "description"), aws::VpcId(codec::text_at(intent.request, "vpc")),
        our_tags(cloud_.cluster, intent.address, intent.generation), changing(call));
    if (!id) return engine::Failed{id.error()};
    return engine::Done{id->text(), outputs(id->text(), name)};
  }

  // By name, because the name is what makes a group unique: whoever holds it decides what we may do.
  Result<engine::Sight> look(const engine::Intent& intent, const engine::Call& call) override {
    const auto name = codec::text_at(intent.request, "name");
    const auto found = TRY(cloud_.ec2.security_groups(
        {{"group-name", {name}}, {"vpc-id", {codec::text_at(intent.request, "vpc")}}}, reading(call)));
    for (const auto& group : found) {
      const auto mark = mark_of(group.tags);
      if (is_ours(group.tags, cloud_.cluster) && mark && mark->address == intent.address)
        return engine::Sight{describe(group, *mark), {}};
      return engine::Sight{
          {},
          Error(Code::kConflict,
                fmt::format("the security group {} ({}) exists already and is not this cluster's", name, group.id))
              .hint("Delete it in the EC2 console if nothing needs it, or choose another metadata.name.")};
    }
    return engine::Sight{};
  }

  engine::Step converge(const engine::Wish& wish, const engine::Current& current, const engine::Call& call) override {
    auto groups = cloud_.ec2.security_groups({{"group-id", {current.id}}}, reading(call));
    if (!groups) return engine::Failed{groups.error()};
    if (groups->empty())
      return engine::Failed{
          Error(Code::kInconsistent, fmt::format("the security group {} is not visible yet", current.id))};
    const auto& have = groups->front().ingress;
    const auto want = wished_rules(wish.inputs);
    const auto lacking = [](const auto& from, const auto& in) {
      std::vector<aws::Rule> out;
      for (const auto& r : from)
        if (std::find(in.begin(), in.end(), r) == in.end()) out.push_back(r);
      return out;
    };
    // Away first: a rule that only changed its description would otherwise be a duplicate.
    if (const auto surplus = lacking(have, want); !surplus.empty()) {
      call.say("rules", fmt::format("revoking {} rule(s)", surplus.size()));
      if (auto done = cloud_.ec2.revoke_ingress(groups->front().id, surplus, changing(call));
          !done && done.error().code() != Code::kNotFound)
        return engine::Failed{done.error()};
    }
    if (const auto missing = lacking(want, have); !missing.empty()) {
      call.say("rules", fmt::format("authorizing {} rule(s)", missing.size()));
      auto done = cloud_.ec2.authorize_ingress(groups->front().id, missing, changing(call));
      // A lost answer shows as a duplicate of the whole call; the next round reads what is really there.
      if (!done && done.error().code() == Code::kDuplicate) return engine::RetryAfter{1s, "reading the rules again"};
      if (!done) return engine::Failed{done.error()};
    }
    return engine::Done{current.id, outputs(current.id, groups->front().name)};
  }

  engine::Step remove(const engine::Current& current, const engine::Call& call) override {
    auto done = cloud_.ec2.delete_security_group(aws::GroupId(current.id), removing(current, call));
    if (done || done.error().code() == Code::kNotFound) return engine::Done{current.id, {}};
    if (done.error().code() == Code::kDependency) return blocked(current, call, done.error());
    return engine::Failed{done.error()};
  }

 private:
  static Json outputs(const std::string& id, const std::string& name) { return {{"id", id}, {"name", name}}; }

  engine::Observed describe(const aws::SecurityGroup& group, const Mark& mark) const {
    return {mark.address,
            group.id.text(),
            mark.generation,
            cloud_.client.region(),
            engine::Status::kReady,
            "",
            {{"name", group.name},
             {"description", group.description},
             {"vpc", group.vpc.text()},
             {"ingress", ingress_of(group.ingress)}},
            outputs(group.id.text(), group.name)};
  }

  // Our own machine's network interface goes by itself; somebody else's has to be named.
  engine::Step blocked(const engine::Current& current, const engine::Call& call, const Error& refusal) {
    auto interfaces = cloud_.ec2.interfaces({{"group-id", {current.id}}}, reading(call));
    if (!interfaces) return engine::Failed{refusal};
    for (const auto& i : *interfaces) {
      if (is_ours(i.tags, cloud_.cluster) || !i.instance.empty()) continue;
      if (call.clock.now() - call.since < 30s) break;
      return engine::Failed{
          Error(Code::kConflict,
                fmt::format("the security group {} cannot be deleted: the network interface {} of {} uses it",
                            current.id, i.id, i.owner.empty() ? "an unknown owner" : i.owner))
              .hint(fmt::format(
                  "Take the interface out of the group (its description: \"{}\"), then run `tombolo down` again.",
                  i.description))};
    }
    return engine::RetryAfter{2s, "waiting for the network interface of the terminated machine to go"};
  }

  Cloud& cloud_;
};

}  // namespace

std::shared_ptr<engine::Kind> security_group_kind(Cloud& cloud) { return std::make_shared<SecurityGroupKind>(cloud); }

}  // namespace tombolo::cluster
