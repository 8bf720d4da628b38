#include "cluster/home_rollout.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kube/logs.hpp"

namespace tombolo::cluster {

namespace {

constexpr auto kRolloutTime = std::chrono::minutes(3);
constexpr auto kPullTime = std::chrono::minutes(1);  // kubelet has tried three times by then
constexpr auto kDeviceTime = std::chrono::minutes(1);
constexpr auto kRefusalTime = std::chrono::seconds(15);
constexpr auto kNoNews = std::chrono::seconds(5);
constexpr auto kHomeSilence = std::chrono::minutes(1);  // one that is started again takes a quarter of that
constexpr std::string_view kDeviceHint =
    "The node needs /dev/net/tun, and runc 1.2.4 or newer (1.2.0 to 1.2.3 forbid it).";
constexpr std::string_view kNebulaPods = "app.kubernetes.io/name=nebula,tombolo/cluster";

std::string hint_for_refusal(std::string_view why, const std::string& name_space) {
  const auto holds = [&](std::string_view words) { return why.find(words) != why.npos; };
  if (holds("exceeded quota") || holds("failed quota"))
    return fmt::format(
        "kubectl -n {} describe resourcequota shows it: raise it, or choose another home.nebulaNamespace.", name_space);
  if (holds("violates PodSecurity"))
    return fmt::format(
        "Nebula needs the host's network: kubectl label namespace {} pod-security.kubernetes.io/enforce=privileged "
        "--overwrite, or exempt the namespace where the API server's own configuration enforces the level.",
        name_space);
  if (holds("failed calling webhook"))
    return "Start what serves that webhook again, or, when that program is gone for good, delete its configuration.";
  if (holds("admission webhook") || holds("denied"))
    return fmt::format("That is a rule of the cluster's own: let it leave the namespace {} out.", name_space);
  return fmt::format("kubectl -n {} describe daemonset {} says more.", name_space, kNebulaName);
}

}  // namespace

kube::ObjectName nebula_daemon_set(const std::string& name_space) {
  return {kube::kDaemonSets, name_space, std::string(kNebulaName)};
}

PodTrouble pod_trouble(const spec::Cluster& cluster, const kube::PodState& pod,
                       const std::vector<kube::NodeState>& nodes) {
  const auto node = std::ranges::find(nodes, pod.node, &kube::NodeState::name);
  if (node != nodes.end() && !node->ready)
    return {
        fmt::format("Nebula does not run on {}, for that node is not Ready: {}", pod.node, node->why),
        fmt::format("See to {} and its kubelet (Talos: talosctl -n {} service kubelet). Run `tombolo up` again when "
                    "the node is Ready.",
                    pod.node, node->address.empty() ? "ADDRESS" : node->address),
        kRolloutTime};
  if (pod.why.starts_with("ErrImagePull") || pod.why.starts_with("ImagePullBackOff"))
    return {
        fmt::format("the image {} cannot be pulled on {}: {}", nebula_image(cluster), pod.node, pod.why),
        fmt::format("Is there such an image (bootstrap.nebulaVersion is {}), and does {} reach its registry? One that "
                    "lies on the node already is used as it is.",
                    cluster.bootstrap.nebula_version, pod.node),
        kPullTime};
  if (pod.why.find("/dev/net/tun") != pod.why.npos)
    return {fmt::format("Nebula does not run on {}: {}", pod.node, pod.why), std::string(kDeviceHint), kDeviceTime};
  return {fmt::format("Nebula does not run on {}: {}", pod.node.empty() ? "any node yet" : pod.node, pod.why),
          fmt::format("kubectl -n {} describe pod {} says more.", cluster.home.nebula_namespace, pod.name),
          pod.hopeless ? Duration{} : kRolloutTime};
}

engine::Step HomeRollout::follow(kube::Client& client, Time since, const engine::Call& call) {
  there_since_ = since;
  const auto object = kube::find(client, nebula_daemon_set(cluster_.home.nebula_namespace), call.stop);
  if (!object) return again_or_failed(object.error(), call);
  if (!*object) return wait_or_fail({"Nebula's DaemonSet at home is not applied yet", "", kRolloutTime}, call);
  const auto pods = kube::pods(client, cluster_.home.nebula_namespace, std::string(kNebulaPods), call.stop);
  if (!pods) return again_or_failed(pods.error(), call);
  const auto judged = judge_pods(client, **object, *pods, call);
  if (!judged) return again_or_failed(judged.error(), call);
  away_.over();
  if (*judged) return **judged;
  for (const auto& pod : *pods) {
    const auto state = device_of(client, pod.name, call.stop);
    if (!state) return again_or_failed(state.error(), call);
    if (state->empty()) continue;
    return wait_or_fail({fmt::format("Nebula on {} has no device: {}", pod.node, *state), std::string(kDeviceHint),
                         state->starts_with("Failed") ? Duration{} : kRolloutTime},
                        call);
  }
  cause_.clear();
  said_.clear();
  call.say("interface active", fmt::format("on {} node{}", pods->size(), pods->size() == 1 ? "" : "s"));
  return engine::Done{kube::uid_of(**object), {{"namespace", cluster_.home.nebula_namespace}}};
}

// Nothing when all of them are ready.
Result<std::optional<engine::Step>> HomeRollout::judge_pods(kube::Client& client, const codec::Json& object,
                                                            const std::vector<kube::PodState>& pods,
                                                            const engine::Call& call) {
  // One of an older version is on its way out, whatever ails it.
  const auto unready =
      std::ranges::find_if(pods, [&](const auto& pod) { return !pod.ready && kube::is_newest(pod, object); });
  const auto trouble = kube::rollout_trouble(object);
  if (unready == pods.end() && trouble.empty()) return std::optional<engine::Step>();
  if (static_cast<std::int64_t>(pods.size()) < codec::number_at(object, "status.desiredNumberScheduled")) {
    const auto refusal = TRY(kube::pod_refusal(client, object, call.stop));
    if (first_refusal_.empty()) first_refusal_ = refusal ? refusal->mark : "none";
    // One from before we came may be mended by now, and the controller takes its time to try again.
    if (refusal)
      return wait_or_fail({"home's API server refuses Nebula's pods: " + refusal->why,
                           hint_for_refusal(refusal->why, cluster_.home.nebula_namespace),
                           refusal->mark == first_refusal_ ? kRolloutTime : kRefusalTime},
                          call);
  }
  if (unready != pods.end()) {
    auto pod = *unready;
    if (auto why = TRY(kube::start_trouble(client, pod, call.stop)); !why.empty()) pod.why = std::move(why);
    return wait_or_fail(pod_trouble(cluster_, pod, TRY(kube::nodes(client, call.stop))), call);
  }
  return wait_or_fail({"Nebula's DaemonSet at home: " + trouble, "", kRolloutTime}, call);
}

engine::Step HomeRollout::wait_or_fail(const PodTrouble& trouble, const engine::Call& call) {
  const auto now = call.clock.now();
  // Kubelets vary their words from try to try: how long one cause lasts is counted by what one does about it.
  const auto cause = trouble.hint.empty() ? trouble.text : trouble.hint;
  if (std::exchange(cause_, cause) != cause) since_ = now;
  // Every pod is pending at first, which is no news.
  if ((trouble.patience != kRolloutTime || now - since_ > kNoNews) &&
      std::exchange(said_, trouble.text) != trouble.text)
    call.say("waiting", trouble.text);
  const bool over = now - since_ >= trouble.patience || now - there_since_ > kRolloutTime;
  if (!over) return engine::RetryAfter{std::chrono::milliseconds(300), ""};
  cause_.clear();
  said_.clear();
  const auto code = trouble.hint.empty() ? Code::kTimeout : Code::kBroken;
  return engine::Failed{Error(code, trouble.text).hint(trouble.hint)};
}

engine::Step HomeRollout::again_or_failed(const Error& error, const engine::Call& call) {
  return away_.again_or_failed(error, given_up(error), "home", call, kHomeSilence);
}

// "" when Nebula says that its device is up; else what it said last.
Result<std::string> HomeRollout::device_of(kube::Client& client, const std::string& pod,
                                           const std::stop_token& stop) const {
  std::string state = "it has not said anything yet";
  kube::LogOptions options;
  options.patience = std::chrono::seconds(10);
  TRY(kube::logs(
      client, {kube::kPods, cluster_.home.nebula_namespace, pod}, options,
      [&](std::string_view line) {
        if (line.find("Nebula interface is active") != std::string_view::npos) state.clear();
        if (line.find("Failed to get a tun/tap device") != std::string_view::npos) state = "Failed to get a tun device";
        return true;
      },
      stop));
  return state;
}

}  // namespace tombolo::cluster
