// The machine: launched with a token in one zone after the other, ready when AWS says it runs.
#include <fmt/format.h>

#include <algorithm>

#include "cluster/kinds.hpp"

namespace tombolo::cluster {

namespace {

using engine::Json;

codec::JsonArray to_json(const aws::Parameters& parameters) {
  codec::JsonArray out;
  for (const auto& [name, value] : parameters) out.push_back({name, value});
  return out;
}

aws::Parameters parameters_from(const Json& request) {
  aws::Parameters out;
  if (const Json* list = codec::find(request, "parameters"); list && list->is_array())
    for (const auto& pair : list->get_array()) out.emplace_back(codec::text_at(pair, "0"), codec::text_at(pair, "1"));
  return out;
}

// What a machine's end without our doing means. EC2 reports a lack of capacity found late as the reason of a termination.
Error end_of(const aws::Instance& instance) {
  const auto sentence = fmt::format("{} ended as {}: {}", instance.id, instance.state,
                                    instance.state_message.empty() ? "no reason given" : instance.state_message);
  if (instance.state_reason == "Server.InsufficientInstanceCapacity" ||
      instance.state_reason == "Server.SpotInstanceTermination")
    return Error(Code::kCapacity, sentence).from({instance.state_reason, 0, ""});
  return Error(Code::kBroken, sentence)
      .from({instance.state_reason, 0, ""})
      .hint("Run `tombolo up` again: it makes a new machine.");
}

class InstanceKind final : public engine::Kind {
 public:
  InstanceKind(Cloud& cloud, MachineRoom room) : cloud_(cloud), room_(std::move(room)) {}
  std::string name() const override { return std::string(kInstanceKind); }
  std::string region() const override { return cloud_.client.region(); }
  std::vector<std::string> needs() const override {
    return {std::string(kGroupKind), std::string(kKeyPairKind), std::string(kVolumeKind)};
  }
  bool repeatable() const override { return true; }  // the client token is in the request

  Result<std::vector<engine::Observed>> observe(const engine::Call& call) override {
    std::vector<engine::Observed> out;
    for (const auto& i : TRY(cloud_.ec2.instances(ours(cloud_.cluster), reading(call)))) {
      const auto mark = mark_of(i.tags);
      if (mark && mark->address.kind == kInstanceKind && i.state != "terminated") out.push_back(describe(i, *mark));
    }
    return out;
  }

  engine::Verdict compare(const engine::Wish& wish, const engine::Observed& observed) const override {
    auto changes = differences(wish, observed, {"metadataTokens"});
    // A newer image of the same family is no reason to replace a running lighthouse; one that the user named is.
    if (!codec::bool_at(wish.inputs, "imagePinned"))
      std::erase_if(changes, [](const auto& c) { return c.field == "image"; });
    return {std::move(changes), {}};
  }

  // One variant for each zone, in order: tokens are zonal, so one zone is settled before the next is tried.
  Result<std::optional<Json>> prepare(const engine::Wish& wish, std::int64_t generation, int variant) const override {
    const auto& in = wish.inputs;
    const Json* zones = codec::find(in, "zones");
    if (!zones || !zones->is_array() || static_cast<std::size_t>(variant) >= zones->get_array().size())
      return std::nullopt;
    const aws::Zone zone(codec::text_at(in, fmt::format("zones.{}", variant)));
    const auto user_data = TRY(room_.user_data(in, generation));
    aws::Launch launch;
    launch.image = aws::ImageId(codec::text_at(in, "image"));
    launch.type = codec::text_at(in, "type");
    launch.zone = zone;
    launch.groups = {aws::GroupId(codec::text_at(in, "group"))};
    launch.key_name = codec::text_at(in, "keyName");
    launch.token = launch_token(cloud_.cluster, wish.address, generation, zone);
    launch.root_device = codec::text_at(in, "rootDevice");
    launch.disk_gib = static_cast<int>(codec::number_at(in, "diskGiB"));
    launch.tags = our_tags(cloud_.cluster, wish.address, generation);
    return Json{{"zone", zone.text()},
                {"parameters", to_json(aws::run_instances_parameters(launch))},
                {"userData", TRY(room_.state.keep_user_data(user_data))}};
  }

  engine::Step create(const engine::Intent& intent, const engine::Call& call) override {
    auto user_data = room_.state.read_user_data(codec::text_at(intent.request, "userData"));
    if (!user_data) return engine::Failed{user_data.error()};
    call.say("launch", "asking for a machine in " + codec::text_at(intent.request, "zone"));
    auto instance = cloud_.ec2.run_instances(parameters_from(intent.request), *user_data, changing(call));
    if (!instance) return engine::Failed{spent(instance.error(), call)};
    return engine::Done{instance->id.text(), outputs(*instance)};
  }

  engine::Step converge(const engine::Wish& wish, const engine::Current& current, const engine::Call& call) override {
    auto found = cloud_.ec2.instances({{"instance-id", {current.id}}}, reading(call));
    if (!found) return engine::Failed{found.error()};
    if (found->empty())
      return engine::Failed{Error(Code::kInconsistent, fmt::format("{} is not visible yet", current.id))};
    const auto& instance = found->front();
    if (instance.gone()) return engine::Failed{end_of(instance)};
    if (instance.state == "stopped" || instance.state == "stopping")
      return engine::Failed{Error(Code::kBroken, fmt::format("{} is {}", current.id, instance.state))
                                .hint("Start it in the EC2 console, or run `tombolo up --recreate lighthouse`.")};
    if (instance.state != "running") {
      call.say("pending", "AWS is starting the machine");
      return engine::RetryAfter{poll_pause(call), ""};
    }
    if (instance.http_tokens != "required" && codec::text_at(wish.inputs, "metadataTokens") == "required")
      if (auto done = cloud_.ec2.require_metadata_tokens(instance.id, changing(call)); !done)
        return engine::Failed{done.error()};
    call.say("running", "");
    return engine::Done{current.id, outputs(instance)};
  }

  engine::Step remove(const engine::Current& current, const engine::Call& call) override {
    auto found = cloud_.ec2.instances({{"instance-id", {current.id}}}, reading(call));
    if (!found) return engine::Failed{found.error()};
    // Not listed: long gone, unless it is so fresh that it is not listed yet; terminating tells which.
    if (!found->empty() && found->front().state == "terminated") return engine::Done{current.id, {}};
    if (found->empty() || !found->front().gone()) {
      call.say("terminate", "");
      auto done = cloud_.ec2.terminate_instances({aws::InstanceId(current.id)}, removing(current, call));
      if (!done && done.error().code() == Code::kNotFound) return engine::Done{current.id, {}};
      if (!done) return engine::Failed{done.error()};
    }
    call.say("shutting down", "");
    return engine::RetryAfter{poll_pause(call), ""};
  }

 private:
  // A token outlives its machine by some time. A cluster of the same name that was made and removed shortly before, by
  // somebody whose journal is gone, has used ours with other parameters: when its machine is gone too, the next generation is free.
  Error spent(const Error& error, const engine::Call& call) {
    if (!error.remote() || error.remote()->code != "IdempotentParameterMismatch") return error;
    const auto machines = cloud_.ec2.instances(ours(cloud_.cluster), reading(call));
    if (!machines || std::any_of(machines->begin(), machines->end(), [](const auto& i) { return !i.gone(); }))
      return error;
    return Error(Code::kTokenSpent, "the client token of this launch was used for a machine that is gone")
        .from(*error.remote());
  }

  static Json outputs(const aws::Instance& i) {
    const auto mark = mark_of(i.tags);
    return {{"id", i.id.text()},       {"zone", i.zone.text()},   {"privateIp", i.private_ip},
            {"publicIp", i.public_ip}, {"image", i.image.text()}, {"generation", mark ? mark->generation : 1}};
  }

  engine::Observed describe(const aws::Instance& i, const Mark& mark) const {
    engine::Observed out{mark.address,
                         i.id.text(),
                         mark.generation,
                         cloud_.client.region(),
                         engine::Status::kReady,
                         "",
                         {{"type", i.type},
                          {"image", i.image.text()},
                          {"keyName", i.key_name},
                          {"metadataTokens", i.http_tokens},
                          {"group", i.groups.empty() ? "" : i.groups.front().text()}},
                         outputs(i)};
    if (i.gone()) {
      out.status = engine::Status::kGoing;
      out.status_detail = i.state;
    } else if (i.state != "running") {
      out.status = engine::Status::kPending;
      out.status_detail = "it is " + i.state;
    }
    return out;
  }

  Cloud& cloud_;
  MachineRoom room_;
};

}  // namespace

std::shared_ptr<engine::Kind> instance_kind(Cloud& cloud, MachineRoom room) {
  return std::make_shared<InstanceKind>(cloud, std::move(room));
}

}  // namespace tombolo::cluster
