// For the tests of why.hpp: the recorded clusters as Evidence, and small changes to them.
#pragma once
#include <gmock/gmock.h>

#include "base/files.hpp"
#include "kube/yaml_json.hpp"
#include "liqo/why.hpp"

namespace tombolo::liqo::recorded {

using codec::Json;

inline Json document(const std::string& name) {
  const auto path = std::string(TOMBOLO_SOURCE_DIR "/tests/data/liqo/") + name;
  Diagnostics diagnostics;
  const auto tree = codec::parse_yaml(*read_file(path), name, diagnostics);
  if (!tree) throw std::runtime_error("cannot read " + name);
  return kube::to_json(*tree);
}

inline std::vector<Json> objects(const std::string& name) {
  const auto all = document(name);
  const auto& items = codec::find(all, "items")->get_array();
  return {items.begin(), items.end()};
}

// What was said in a situation: "e4".
inline std::string text(const std::string& key) {
  const auto out = codec::text_at(document("texts.yaml"), key);
  if (out.empty()) throw std::runtime_error("no text " + key);
  return out;
}

inline Json object(const std::string& name, std::string_view kind) {
  for (const auto& each : objects(name))
    if (kube::kind_of(each) == kind) return each;
  throw std::runtime_error("not recorded");
}

inline Installation installed(std::string name_space, std::string id) {
  return {std::move(name_space), std::move(id), "v1.2.0", "helm", {}};
}

// "peered" or "unpeered", as the two clusters were; asked about the peering.
inline Evidence clusters(const std::string& stage) {
  Evidence e;
  e.now = *parse_time("2026-11-22T09:40:00Z");
  e.home.objects = objects(stage + "-home.yaml");
  e.cloud.objects = objects(stage + "-cloud.yaml");
  e.home.liqo = installed("liqo", "home");
  e.cloud.liqo = installed("liqo-system", "cloud");
  e.home.liqo_known = e.cloud.liqo_known = true;
  e.home.tenant_namespace = "liqo-tenant-cloud";
  e.cloud.tenant_namespace = "liqo-tenant-home";
  e.home_id = "home";
  e.cloud_id = "cloud";
  e.cloud_server = "https://10.42.0.1:6443";
  if (stage == "peered")
    for (const auto* source : {"Tenant", "Identity"})
      e.dials.push_back({source, e.cloud_server, true, Dial::Outcome::kAnswers, ""});
  return e;
}

inline Evidence about_pod(Evidence e, std::string name = "hello", std::string name_space = "work") {
  e.question = {Subject::kPod, std::move(name_space), std::move(name)};
  return e;
}
inline Evidence about_node(Evidence e, std::string name = "") {
  e.question = {Subject::kNode, "", std::move(name)};
  return e;
}

inline Json& the(SideSeen& side, std::string_view kind, std::string_view name) {
  for (auto& each : side.objects)
    if (kube::kind_of(each) == kind && kube::name_of(each) == name) return each;
  throw std::runtime_error("not there: " + std::string(kind) + " " + std::string(name));
}

inline void remove(SideSeen& side, std::string_view kind, std::string_view name = "") {
  std::erase_if(side.objects, [&](const Json& each) {
    return kube::kind_of(each) == kind && (name.empty() || kube::name_of(each) == name);
  });
}

inline void set_condition(Json& object, std::string_view type, std::string_view status, std::string_view reason,
                          std::string_view message, std::string_view at = "2026-11-22T09:43:22Z") {
  auto& conditions = object.at_pointer("/status/conditions").as_array();
  conditions.erase(std::remove_if(conditions.begin(), conditions.end(),
                                  [&](const Json& each) { return codec::text_at(each, "type") == type; }),
                   conditions.end());
  conditions.push_back(
      {{"type", type}, {"status", status}, {"reason", reason}, {"message", message}, {"lastTransitionTime", at}});
}

inline void add_event(SideSeen& side, std::string_view kind, std::string_view name, std::string_view reason,
                      std::string_view message, std::string_view type = "Warning") {
  side.objects.push_back({{"kind", "Event"},
                          {"metadata", {{"name", "an-event"}}},
                          {"type", type},
                          {"reason", reason},
                          {"message", message},
                          {"lastTimestamp", "2026-11-22T09:42:14Z"},
                          {"involvedObject", {{"kind", kind}, {"name", name}}}});
}

// The pod that runs in the cloud, as it would be had nobody scheduled it.
inline Json& unscheduled(Evidence& e, const std::string& said) {
  auto& pod = the(e.home, "Pod", "hello");
  pod.at("spec").as_object().erase("nodeName");
  pod.at("status") = {{"phase", "Pending"}, {"conditions", codec::JsonArray{}}};
  set_condition(pod, "PodScheduled", "False", "Unschedulable", said);
  remove(e.cloud, "Pod", "hello");
  remove(e.cloud, "ShadowPod", "hello");
  return pod;
}

// Bound to the virtual node, and nothing more has happened to it.
inline Json& pending(Evidence& e) {
  auto& pod = the(e.home, "Pod", "hello");
  pod.at("status") = {{"phase", "Pending"}, {"conditions", codec::JsonArray{}}};
  set_condition(pod, "PodScheduled", "True", "", "");
  remove(e.cloud, "Pod", "hello");
  remove(e.cloud, "ShadowPod", "hello");
  return pod;
}

inline void set_tolerations(Json& pod, std::initializer_list<std::string_view> effects) {
  codec::JsonArray all;
  for (const auto effect : effects)
    all.push_back({{"key", kNotAllowedTaint}, {"operator", "Exists"}, {"effect", effect}});
  pod.at("spec").as_object()["tolerations"] = std::move(all);
}

inline void not_offloaded(Evidence& e) {
  remove(e.home, "NamespaceOffloading");
  the(e.home, "Namespace", "work").at_pointer("/metadata/labels").as_object().erase(kSchedulingEnabled);
}

// As home sees the cloud 29 s after the mesh was cut, and the node a minute later.
inline void given_up(Evidence& e, std::string_view at = "2026-11-22T09:43:22Z") {
  set_condition(the(e.home, "ForeignCluster", "cloud"), "APIServerStatus", "Error", "APIServerNotReady",
                "The foreign cluster API Server is not ready", at);
}
inline void node_lost(Evidence& e) {
  auto& node = the(e.home, "Node", "cloud");
  set_condition(node, "Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.");
  node.at_pointer("/spec/taints")
      .as_array()
      .push_back({{"key", "node.kubernetes.io/unreachable"}, {"effect", "NoExecute"}});
}

inline std::string seen(const Explanation& explanation) {
  std::string out;
  for (const auto& link : explanation.chain) out += link.where + ": " + link.seen + "\n";
  return out;
}

// What is explained, with what every explanation has to have.
inline Explanation why_of(const Evidence& e) {
  auto out = explain(e);
  const auto& known = known_causes();
  EXPECT_TRUE(std::any_of(known.begin(), known.end(), [&](const auto& k) { return k.id == out.id; }))
      << out.id << " is not in docs/why.md";
  EXPECT_FALSE(out.cause.empty()) << out.id;
  EXPECT_EQ(out.fine, out.fix.empty()) << out.id;
  for (const auto& link : out.chain) EXPECT_FALSE(link.seen.empty() || link.where.empty()) << out.id;
  return out;
}

}  // namespace tombolo::liqo::recorded
