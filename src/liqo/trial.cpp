#include "liqo/trial.hpp"

#include <fmt/format.h>

#include "kube/workloads.hpp"

namespace tombolo::liqo {

using codec::Json;
using codec::JsonArray;

Json trial_pod(const Trial& trial) {
  codec::JsonObject selector{{kNodeType, kVirtualNodeType}};
  if (!trial.node.empty()) selector["kubernetes.io/hostname"] = trial.node;
  auto pod = blank_object({kube::kPods, trial.name_space, trial.name});
  pod.as_object()["metadata"].as_object()["labels"] = {{kTrialLabel, "true"}};
  // It ends by itself, so that one that nobody can remove any more costs nothing.
  pod.as_object()["spec"] = {
      {"restartPolicy", "Never"},
      {"terminationGracePeriodSeconds", 1},
      {"activeDeadlineSeconds", 900},
      {"nodeSelector", std::move(selector)},
      {"tolerations", JsonArray{Json{{"key", kNotAllowedTaint}, {"operator", "Exists"}, {"effect", "NoExecute"}}}},
      {"containers", JsonArray{Json{{"name", "test"},
                                    {"image", trial.image},
                                    {"imagePullPolicy", "IfNotPresent"},
                                    {"command", JsonArray{Json("sh"), Json("-c"),
                                                          Json("echo 'Running on AWS!' && hostname && sleep 600")}}}}}};
  return pod;
}

TrialState trial_state(const Json& pod) {
  TrialState out;
  out.phase = codec::text_at(pod, "status.phase");
  out.node = codec::text_at(pod, "spec.nodeName");
  out.runs = out.phase == "Running" || out.phase == "Succeeded" || out.phase == "Failed";
  out.ended = out.phase == "Succeeded" || out.phase == "Failed";
  const auto state = kube::pod_state(pod);
  out.waiting = state.why.empty() ? out.phase : state.why;
  out.hopeless = state.hopeless;
  return out;
}

Result<int> sweep_trials(kube::Client& home, const std::string& name_space, const std::string& spare,
                         const std::stop_token& stop) {
  int out = 0;
  for (const auto& pod :
       TRY(kube::list(home, {{kube::kPods, name_space, ""}, fmt::format("{}=true", kTrialLabel), "", 100}, stop))) {
    if (kube::name_of(pod) == spare) continue;
    TRY(kube::remove(home, {kube::kPods, kube::namespace_of(pod), kube::name_of(pod)}, stop));
    ++out;
  }
  return out;
}

}  // namespace tombolo::liqo
