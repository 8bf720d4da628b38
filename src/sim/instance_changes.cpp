#include "sim/instance_changes.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "codec/base64.hpp"
#include "sim/catalog.hpp"
#include "sim/instance_view.hpp"
#include "sim/launch.hpp"
#include "sim/security_groups.hpp"

namespace tombolo::sim {
namespace {

std::string initiated(Time now) {
  return fmt::format("User initiated ({:%Y-%m-%d %H:%M:%S} GMT)",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(now)));
}

Outcome<std::vector<Instance*>> named_instances(Call& call) {
  auto ids = call.q.list("InstanceId");
  if (ids.empty()) return missing("instancesSet");
  std::vector<Instance*> found;
  for (const auto& id : ids) {
    auto* instance = GRANTED(find_instance(call, id));
    if (std::find(found.begin(), found.end(), instance) == found.end()) found.push_back(instance);
  }
  return found;
}

struct Step {
  Instance* instance;
  InstanceState before;
};

void show_steps(XmlOut& out, const std::vector<Step>& steps) {
  out.list("instancesSet", steps, [&](const Step& step) {
    out.leaf("instanceId", step.instance->id);
    show_state(out, "currentState", step.instance->state);
    show_state(out, "previousState", step.before);
  });
}

tl::unexpected<Refusal> wrong_state(const Instance& instance, std::string_view verb) {
  return refuse("IncorrectInstanceState",
                fmt::format("The instance '{}' is not in a state from which it can be {}.", instance.id, verb));
}

// The one value of Attribute.Value, or of the attribute given as Attribute + Value.
std::optional<std::string> given(const Query& q, const std::string& wire_name, std::string_view attribute) {
  if (q.has(wire_name + ".Value")) return q.text(wire_name + ".Value");
  if (q.text("Attribute") == attribute && q.has("Value")) return q.text("Value");
  return std::nullopt;
}

Outcome<> set_flag(const Query& q, const std::string& wire_name, std::string_view attribute, bool& target) {
  auto value = given(q, wire_name, attribute);
  if (!value) return {};
  if (*value != "true" && *value != "false") return invalid_value(attribute, *value);
  target = *value == "true";
  return {};
}

Outcome<> need_stopped(const Instance& instance, std::string_view attribute) {
  if (instance.state == InstanceState::kStopped) return {};
  return refuse("IncorrectInstanceState",
                fmt::format("The instance '{}' is not in the 'stopped' state: its {} cannot be changed.", instance.id,
                            attribute));
}

}  // namespace

void begin_end(World& world, Instance& instance, Time now, std::string code, std::string reason) {
  instance.state = InstanceState::kShuttingDown;
  instance.doomed.reset();
  instance.next_change = now + world.random.within(world.options.times.shutting_down);
  instance.state_reason_code = std::move(code);
  instance.state_reason = std::move(reason);
}

Outcome<> terminate_instances(Call& call, XmlOut& out) {
  auto instances = GRANTED(named_instances(call));
  for (const auto* instance : instances) {
    if (instance->termination_protection && !is_over(*instance)) {
      return refuse(
          "OperationNotPermitted",
          fmt::format(
              "The instance '{}' may not be terminated. Modify its 'disableApiTermination' instance attribute and "
              "try again.",
              instance->id));
    }
  }
  std::vector<Step> steps;
  for (auto* instance : instances) {
    steps.push_back({instance, instance->state});
    if (is_over(*instance)) continue;
    begin_end(call.world, *instance, call.now, "Client.UserInitiatedShutdown",
              "Client.UserInitiatedShutdown: User initiated shutdown");
    instance->state_transition = initiated(call.now);
  }
  show_steps(out, steps);
  return {};
}

Outcome<> stop_instances(Call& call, XmlOut& out) {
  auto instances = GRANTED(named_instances(call));
  for (const auto* instance : instances) {
    if (is_over(*instance) || instance->state == InstanceState::kPending) return wrong_state(*instance, "stopped");
    if (instance->stop_protection)
      return refuse(
          "OperationNotPermitted",
          fmt::format(
              "The instance '{}' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.",
              instance->id));
    if (!instance->spot_request_id.empty()) {
      return refuse(
          "UnsupportedOperation",
          fmt::format(
              "You can't stop the Spot Instance '{}' because it is associated with a one-time Spot Instance request.",
              instance->id));
    }
  }
  std::vector<Step> steps;
  for (auto* instance : instances) {
    steps.push_back({instance, instance->state});
    if (instance->state != InstanceState::kRunning) continue;
    instance->state = InstanceState::kStopping;
    instance->next_change = call.now + call.world.random.within(call.world.options.times.stopping);
    instance->state_reason_code = "Client.UserInitiatedShutdown";
    instance->state_reason = "Client.UserInitiatedShutdown: User initiated shutdown";
    instance->state_transition = initiated(call.now);
  }
  show_steps(out, steps);
  return {};
}

Outcome<> start_instances(Call& call, XmlOut& out) {
  auto instances = GRANTED(named_instances(call));
  for (const auto* instance : instances) {
    if (is_over(*instance) || instance->state == InstanceState::kStopping) return wrong_state(*instance, "started");
  }
  std::vector<Step> steps;
  for (auto* instance : instances) {
    steps.push_back({instance, instance->state});
    if (instance->state != InstanceState::kStopped) continue;
    instance->state = InstanceState::kPending;
    instance->next_change = call.now + call.world.random.within(call.world.options.times.pending);
    if (!instance->auto_public_ip.empty()) instance->auto_public_ip = new_public_address(call.region);
    instance->state_transition.clear();
  }
  show_steps(out, steps);
  return {};
}

Outcome<> describe_instance_attribute(Call& call, XmlOut& out) {
  const auto* i = GRANTED(find_instance(call, GRANTED(call.q.required("InstanceId"))));
  auto attribute = GRANTED(call.q.required("Attribute"));
  out.leaf("instanceId", i->id);
  auto value = [&](const auto& text) -> Outcome<> {
    out.node(attribute, [&] { out.leaf("value", text); });
    return {};
  };
  if (attribute == "userData") {
    out.node(attribute, [&] {
      if (!i->user_data.empty()) out.leaf("value", codec::encode_base64(as_bytes(i->user_data)));
    });
    return {};
  }
  if (attribute == "groupSet") {
    out.list("groupSet", i->groups, [&](const std::string& id) { out.leaf("groupId", id); });
    return {};
  }
  if (attribute == "instanceType") return value(i->type);
  if (attribute == "disableApiTermination") return value(i->termination_protection);
  if (attribute == "disableApiStop") return value(i->stop_protection);
  if (attribute == "instanceInitiatedShutdownBehavior") return value(i->shutdown_behavior);
  if (attribute == "sourceDestCheck") return value(i->source_dest_check);
  if (attribute == "ebsOptimized") return value(i->ebs_optimized);
  if (attribute == "rootDeviceName") return value(i->root_device);
  if (attribute == "enaSupport") return value(true);
  return invalid_value("attribute", attribute, "Unknown attribute.");
}

Outcome<> modify_instance_attribute(Call& call, XmlOut& out) {
  auto* live = GRANTED(find_instance(call, GRANTED(call.q.required("InstanceId"))));
  Instance changed = *live;
  const auto& q = call.q;
  GRANTED(set_flag(q, "DisableApiTermination", "disableApiTermination", changed.termination_protection));
  GRANTED(set_flag(q, "DisableApiStop", "disableApiStop", changed.stop_protection));
  GRANTED(set_flag(q, "EbsOptimized", "ebsOptimized", changed.ebs_optimized));
  GRANTED(set_flag(q, "SourceDestCheck", "sourceDestCheck", changed.source_dest_check));
  if (auto behavior = given(q, "InstanceInitiatedShutdownBehavior", "instanceInitiatedShutdownBehavior")) {
    if (*behavior != "stop" && *behavior != "terminate")
      return invalid_value("instanceInitiatedShutdownBehavior", *behavior);
    changed.shutdown_behavior = *behavior;
  }
  if (auto type = given(q, "InstanceType", "instanceType")) {
    const auto* row = find_type(*type);
    if (!row || row->architecture != changed.architecture) return invalid_value("instanceType", *type);
    GRANTED(need_stopped(changed, "type"));
    changed.type = *type;
  }
  if (auto data = given(q, "UserData", "userData")) {
    GRANTED(need_stopped(changed, "user data"));
    auto decoded = codec::decode_base64(*data);
    if (!decoded) return refuse("InvalidParameterValue", "Invalid BASE64 encoding of user data");
    if (decoded->size() > 16384) return refuse("InvalidParameterValue", "User data is limited to 16384 bytes");
    changed.user_data = as_text(*decoded);
  }
  if (auto groups = q.list("GroupId"); !groups.empty()) {
    for (const auto& id : groups) {
      if (GRANTED(find_group(call, id))->vpc_id != changed.vpc_id) {
        return refuse("InvalidParameter",
                      fmt::format("Security group {} and the instance belong to different networks.", id));
      }
    }
    changed.groups = groups;
  }
  if (is_over(changed)) return wrong_state(changed, "changed");
  *live = changed;
  if (auto* interface = by_id(call.region.interfaces, live->interface_id)) {
    interface->groups = live->groups;
    interface->source_dest_check = live->source_dest_check;
  }
  out.leaf("return", true);
  return {};
}

Outcome<> modify_metadata_options(Call& call, XmlOut& out) {
  auto* i = GRANTED(find_instance(call, GRANTED(call.q.required("InstanceId"))));
  MetadataOptions options{i->http_tokens, i->http_endpoint, i->metadata_tags, i->protocol_ipv6, i->hop_limit};
  options = GRANTED(read_metadata_options(call.q, options));
  if (is_over(*i)) return wrong_state(*i, "changed");
  i->http_tokens = options.http_tokens;
  i->http_endpoint = options.http_endpoint;
  i->metadata_tags = options.tags;
  i->protocol_ipv6 = options.ipv6;
  i->hop_limit = options.hop_limit;
  out.leaf("instanceId", i->id).node("instanceMetadataOptions", [&] {
    out.leaf("state", "pending").leaf("httpTokens", i->http_tokens).leaf("httpPutResponseHopLimit", i->hop_limit);
    out.leaf("httpEndpoint", i->http_endpoint)
        .leaf("httpProtocolIpv6", i->protocol_ipv6)
        .leaf("instanceMetadataTags", i->metadata_tags);
  });
  return {};
}

Outcome<> describe_credit_specifications(Call& call, XmlOut& out) {
  std::vector<const Instance*> shown;
  for (const auto& id : call.q.list("InstanceId")) {
    const auto* instance = GRANTED(find_instance(call, id));
    const auto* type = find_type(instance->type);
    if (type && !type->burstable()) {
      return refuse("UnsupportedOperation",
                    fmt::format("The instance '{}' is not a burstable performance instance", id));
    }
    shown.push_back(instance);
  }
  out.list("instanceCreditSpecificationSet", shown,
           [&](const Instance* i) { out.leaf("instanceId", i->id).leaf("cpuCredits", i->credits); });
  return {};
}

Outcome<> modify_credit_specification(Call& call, XmlOut& out) {
  std::vector<std::string> changed;
  for (const auto& item : call.q.items("InstanceCreditSpecification")) {
    auto* instance = GRANTED(find_instance(call, item.text("InstanceId")));
    auto credits = item.text("CpuCredits");
    if (credits != "standard" && credits != "unlimited") return invalid_value("CpuCredits", credits);
    instance->credits = credits;
    changed.push_back(instance->id);
  }
  out.list("successfulInstanceCreditSpecificationSet", changed,
           [&](const std::string& id) { out.leaf("instanceId", id); });
  out.node("unsuccessfulInstanceCreditSpecificationSet", [] {});
  return {};
}

Outcome<> get_uefi_data(Call& call, XmlOut& out) {
  const auto* instance = GRANTED(find_instance(call, GRANTED(call.q.required("InstanceId"))));
  out.leaf("instanceId", instance->id).leaf("uefiData", "");
  return {};
}

}  // namespace tombolo::sim
