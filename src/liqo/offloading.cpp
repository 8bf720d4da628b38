#include "liqo/offloading.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace tombolo::liqo {
namespace {

using codec::Json;

kube::ObjectName name_in(const std::string& name_space) {
  return {kNamespaceOffloadings, name_space, std::string(kOffloadingName)};
}

// No terms, however that is written, are all clusters.
bool has_selector(const Json& object, const Json& selector) {
  return codec::to_canonical_text(codec::array_at(object, "spec.clusterSelector.nodeSelectorTerms")) ==
         codec::to_canonical_text(codec::array_at(selector, "nodeSelectorTerms"));
}

}  // namespace

Json offloading_object(const Offloading& wish) {
  auto out = blank_object(name_in(wish.name_space));
  codec::JsonObject spec{{"namespaceMappingStrategy", wish.mapping},
                         {"podOffloadingStrategy", wish.strategy},
                         {"clusterSelector", wish.selector}};
  if (!wish.remote_name.empty()) spec["remoteNamespaceName"] = wish.remote_name;
  out.as_object()["spec"] = std::move(spec);
  return out;
}

std::string offloading_difference(const Json& object, const Offloading& wish) {
  if (codec::text_at(object, "spec.namespaceMappingStrategy") != wish.mapping) return "namespaceMappingStrategy";
  if (!wish.remote_name.empty() && codec::text_at(object, "spec.remoteNamespaceName") != wish.remote_name)
    return "remoteNamespaceName";
  if (codec::text_at(object, "spec.podOffloadingStrategy") != wish.strategy) return "podOffloadingStrategy";
  return has_selector(object, wish.selector) ? "" : "clusterSelector";
}

OffloadingState offloading_state(const Json& object) {
  OffloadingState out;
  // Of an earlier spec the status says nothing about this one.
  if (codec::number_at(object, "status.observedGeneration") >= codec::number_at(object, "metadata.generation"))
    out.phase = codec::text_at(object, "status.offloadingPhase");
  out.remote_name = codec::text_at(object, "status.remoteNamespaceName");
  if (out.ready()) return out;
  for (const auto& [cluster, list] : codec::object_at(object, "status.remoteNamespacesConditions"))
    for (const auto& c : codec::array_at(list, ""))
      if (codec::text_at(c, "status") != "True")
        out.trouble = fmt::format("{}: {}: {}", std::string_view(cluster), codec::text_at(c, "reason"),
                                  codec::text_at(c, "message"));
  return out;
}

Result<bool> offload(kube::Client& home, const Offloading& wish, const Json& labels, const std::stop_token& stop) {
  const auto there = TRY(kube::find(home, name_in(wish.name_space), stop));
  if (there && !kube::is_being_deleted(*there)) {
    const auto difference = offloading_difference(*there, wish);
    if (difference.empty()) return false;
    if (difference == "namespaceMappingStrategy" || difference == "remoteNamespaceName")
      return fail(Code::kConflict,
                  fmt::format("the namespace {} is offloaded with another {}, which cannot be changed", wish.name_space,
                              difference),
                  fmt::format("Run `tombolo unoffload {0}` and offload it anew: its pods in the cloud end by that.",
                              wish.name_space));
  }
  if (!TRY(kube::find(home, {kube::kNamespaces, "", wish.name_space}, stop)))
    return fail(Code::kNotFound, fmt::format("home has no namespace {}", wish.name_space),
                fmt::format("Make it: kubectl create namespace {}", wish.name_space));
  auto object = offloading_object(wish);
  if (labels.is_object() && !labels.get_object().empty()) object.as_object()["metadata"].as_object()["labels"] = labels;
  TRY(kube::apply(home, name_in(wish.name_space), object, stop, {true, false}));
  return true;
}

Result<bool> unoffload(kube::Client& home, const std::string& name_space, const std::stop_token& stop) {
  const auto found = TRY(find_where_served(home, name_in(name_space), stop));
  if (!found) return true;
  if (!kube::is_being_deleted(*found)) TRY(kube::remove(home, name_in(name_space), stop));
  return false;
}

bool tolerates(const Json& pod, const Json& taint) {
  return std::ranges::any_of(codec::array_at(pod, "spec.tolerations"), [&](const auto& t) {
    const auto key = codec::text_at(t, "key"), effect = codec::text_at(t, "effect");
    const bool exists = codec::text_at(t, "operator") == "Exists";
    if (!effect.empty() && effect != codec::text_at(taint, "effect")) return false;
    if (key.empty()) return exists;
    return key == codec::text_at(taint, "key") &&
           (exists || codec::text_at(t, "value") == codec::text_at(taint, "value"));
  });
}

bool tolerates_virtual_node(const Json& pod) {
  return tolerates(pod, {{"key", kNotAllowedTaint}, {"value", "true"}, {"effect", "NoExecute"}});
}

Result<EarlierPods> earlier_pods(kube::Client& home, const std::string& name_space, bool all,
                                 const std::stop_token& stop) {
  EarlierPods out;
  for (const auto& pod : TRY(kube::list(home, {{kube::kPods, name_space, ""}, "", "", 500}, stop))) {
    const bool waits = codec::text_at(pod, "spec.nodeName").empty();
    if (kube::is_being_deleted(pod) || tolerates_virtual_node(pod) || (!all && !waits)) continue;
    (kube::has_controller(pod) ? out.remakable : out.bare).push_back(kube::name_of(pod));
  }
  return out;
}

Result<> remake(kube::Client& home, const std::string& name_space, const std::vector<std::string>& pods,
                const std::stop_token& stop) {
  for (const auto& pod : pods) TRY(kube::remove(home, {kube::kPods, name_space, pod}, stop));
  return {};
}

}  // namespace tombolo::liqo
