#include "kube/workloads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tombolo::kube {
namespace {

using codec::Json;

constexpr std::string_view kPending = "Pending";

// Reasons of a waiting container that no waiting mends.
constexpr std::array<std::string_view, 6> kHopeless{"InvalidImageName",           "ErrImageNeverPull",
                                                    "CreateContainerConfigError", "ImageInspectError",
                                                    "RunContainerError",          "CreateContainerError"};

std::string with_message(const std::string& reason, const std::string& message) {
  return message.empty() ? reason : reason.empty() ? message : reason + ": " + message;
}

struct Warning {
  std::string reason, message;
  std::string mark;  // the greatest is the newest
};
// About the object of that name. `uid` "": whatever it is.
Result<std::optional<Warning>> newest_warning(Client& client, const ObjectName& about, const std::string& uid,
                                              std::string_view more_selectors, const std::stop_token& stop) {
  std::optional<Warning> newest;
  for (const auto& event : TRY(list(client,
                                    {{kEvents, about.name_space, ""},
                                     "",
                                     fmt::format("type=Warning,involvedObject.name={}{}", about.name, more_selectors),
                                     200},
                                    stop))) {
    const auto whose = codec::text_at(event, "involvedObject.uid");
    if (!uid.empty() && !whose.empty() && uid != whose) continue;
    auto time = codec::text_at(event, "series.lastObservedTime", codec::text_at(event, "lastTimestamp"));
    if (time.empty()) time = codec::text_at(event, "eventTime");
    auto mark =
        fmt::format("{} {:06}", time, codec::number_at(event, "count", codec::number_at(event, "series.count")));
    if (newest && newest->mark >= mark) continue;
    newest = Warning{codec::text_at(event, "reason"), codec::text_at(event, "message"), std::move(mark)};
  }
  return newest;
}

void look_at_containers(const Json& pod, std::string_view list, PodState& out) {
  const auto* all = codec::find(pod, list);
  if (!all || !all->is_array()) return;
  for (const auto& c : all->get_array()) {
    out.restarts += static_cast<int>(codec::number_at(c, "restartCount"));
    if (const auto reason = codec::text_at(c, "state.waiting.reason"); !reason.empty() && out.why.empty()) {
      if (reason == "PodInitializing" || reason == "ContainerCreating") continue;
      auto message = codec::text_at(c, "state.waiting.message");
      if (reason == "CrashLoopBackOff")
        message = fmt::format("{} ended with status {} {}", codec::text_at(c, "name"),
                              codec::number_at(c, "lastState.terminated.exitCode"),
                              codec::text_at(c, "lastState.terminated.message"));
      out.why = with_message(reason, message);
      out.hopeless = std::find(kHopeless.begin(), kHopeless.end(), reason) != kHopeless.end();
    }
  }
}

}  // namespace

PodState pod_state(const Json& pod) {
  PodState out;
  out.name_space = namespace_of(pod);
  out.name = name_of(pod);
  out.node = codec::text_at(pod, "spec.nodeName");
  out.template_generation = label_of(pod, "pod-template-generation");
  const auto phase = codec::text_at(pod, "status.phase");
  const auto ready = condition_of(pod, "Ready");
  out.ready = phase == "Succeeded" || (ready && ready->holds());
  look_at_containers(pod, "status.initContainerStatuses", out);
  look_at_containers(pod, "status.containerStatuses", out);
  if (out.ready) {
    out.why.clear();
    out.hopeless = false;
    return out;
  }
  if (out.why.empty())
    if (const auto scheduled = condition_of(pod, "PodScheduled"); scheduled && !scheduled->holds())
      out.why = with_message(scheduled->reason, scheduled->message);
  if (out.why.empty())
    out.why = with_message(codec::text_at(pod, "status.reason"), codec::text_at(pod, "status.message"));
  out.unproven = phase == "Running" && out.why.empty();
  if (out.why.empty())
    out.why = phase == "Running" ? "running, not ready yet" : phase.empty() ? "no status yet" : phase;
  return out;
}

bool is_newest(const PodState& pod, const Json& daemon_set) {
  const auto newest = annotation_of(daemon_set, "deprecated.daemonset.template.generation");
  return newest.empty() || pod.template_generation.empty() || pod.template_generation == newest;
}

Result<std::vector<PodState>> pods(Client& client, const std::string& name_space, const std::string& labels,
                                   const std::stop_token& stop) {
  std::vector<PodState> out;
  TRY(each(
      client, {{kPods, name_space, ""}, labels, "", 500},
      [&](Json&& pod) {
        if (!is_being_deleted(pod)) out.push_back(pod_state(pod));
        return true;
      },
      stop));
  std::sort(out.begin(), out.end(), [](const PodState& a, const PodState& b) {
    return std::tie(a.name_space, a.name) < std::tie(b.name_space, b.name);
  });
  return out;
}

Result<> hurry(Client& client, const std::vector<PodState>& pods, const std::stop_token& stop) {
  for (const auto& pod : pods) {
    if (!pod.unproven) continue;
    const auto done = touch(client, {kPods, pod.name_space, pod.name}, stop);
    if (!done && done.error().code() != Code::kNotFound) return fail(done.error());
  }
  return {};
}

std::string rollout_trouble(const Json& object) {
  const auto generation = codec::number_at(object, "metadata.generation");
  if (codec::number_at(object, "status.observedGeneration") < generation)
    return "its controller has not seen the newest version yet";
  if (kind_of(object) == "DaemonSet") {
    const auto wanted = codec::number_at(object, "status.desiredNumberScheduled");
    const auto updated = codec::number_at(object, "status.updatedNumberScheduled");
    const auto available = codec::number_at(object, "status.numberReady");
    if (wanted == 0) return "no node is wanted for it";
    if (updated < wanted) return fmt::format("{} of {} pods have the newest version", updated, wanted);
    if (available < wanted) return fmt::format("{} of {} pods are ready", available, wanted);
    return "";
  }
  const auto wanted = codec::number_at(object, "spec.replicas", 1);
  const auto updated = codec::number_at(object, "status.updatedReplicas");
  const auto available = codec::number_at(object, "status.availableReplicas");
  if (updated < wanted) return fmt::format("{} of {} pods have the newest version", updated, wanted);
  if (available < wanted) return fmt::format("{} of {} pods are available", available, wanted);
  return "";
}

Result<std::optional<PodRefusal>> pod_refusal(Client& client, const Json& object, const std::stop_token& stop) {
  constexpr std::string_view kPrefix = "Error creating: ";
  auto newest = TRY(newest_warning(client, {kEvents, namespace_of(object), name_of(object)}, uid_of(object),
                                   ",reason=FailedCreate", stop));
  if (!newest) return std::optional<PodRefusal>();
  if (newest->message.starts_with(kPrefix)) newest->message.erase(0, kPrefix.size());
  return PodRefusal{std::move(newest->message), std::move(newest->mark)};
}

Result<std::string> start_trouble(Client& client, const PodState& pod, const std::stop_token& stop) {
  if (pod.ready || pod.why != kPending) return "";
  const auto newest = TRY(newest_warning(client, {kEvents, pod.name_space, pod.name}, "", "", stop));
  return newest ? with_message(newest->reason, newest->message) : "";
}

Result<std::vector<NodeState>> nodes(Client& client, const std::stop_token& stop) {
  std::vector<NodeState> out;
  for (const auto& node : TRY(list(client, {{kNodes, "", ""}, "", "", 500}, stop))) {
    NodeState state;
    state.name = name_of(node);
    const auto ready = condition_of(node, "Ready");
    state.ready = ready && ready->holds();
    if (!state.ready) state.why = ready ? with_message(ready->reason, ready->message) : "it has never reported";
    state.version = codec::text_at(node, "status.nodeInfo.kubeletVersion");
    state.is_virtual = label_of(node, "liqo.io/type") == "virtual-node";
    if (const auto* addresses = codec::find(node, "status.addresses"); addresses && addresses->is_array())
      for (const auto& a : addresses->get_array())
        if (codec::text_at(a, "type") == "InternalIP" && state.address.empty())
          state.address = codec::text_at(a, "address");
    if (const auto* taints = codec::find(node, "spec.taints"); taints && taints->is_array())
      for (const auto& t : taints->get_array())
        state.taints.push_back(
            fmt::format("{}={}:{}", codec::text_at(t, "key"), codec::text_at(t, "value"), codec::text_at(t, "effect")));
    out.push_back(std::move(state));
  }
  return out;
}

}  // namespace tombolo::kube
