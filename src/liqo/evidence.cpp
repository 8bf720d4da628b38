#include "liqo/evidence.hpp"

#include <algorithm>

namespace tombolo::liqo {

using codec::Json;

const Json* SideSeen::find(std::string_view kind, std::string_view name, std::string_view name_space) const {
  for (const auto& each : objects)
    if (kube::kind_of(each) == kind && kube::name_of(each) == name &&
        (name_space.empty() || kube::namespace_of(each) == name_space))
      return &each;
  return nullptr;
}

std::vector<const Json*> SideSeen::all(std::string_view kind) const {
  std::vector<const Json*> out;
  for (const auto& each : objects)
    if (kube::kind_of(each) == kind) out.push_back(&each);
  return out;
}

namespace {

// Written by the old recorder, or by the new one, which knows no lastTimestamp.
std::string when_seen(const Json& event) {
  for (const auto* field : {"lastTimestamp", "eventTime", "metadata.creationTimestamp"})
    if (auto text = codec::text_at(event, field); !text.empty()) return text;
  return "";
}

}  // namespace

std::vector<const Json*> SideSeen::events_of(std::string_view kind, std::string_view name) const {
  std::vector<const Json*> out;
  for (const auto* event : all("Event"))
    if (codec::text_at(*event, "involvedObject.kind") == kind && codec::text_at(*event, "involvedObject.name") == name)
      out.push_back(event);
  // Equal ones keep their order.
  std::multimap<std::string, const Json*> sorted;
  for (const auto* event : out) sorted.emplace(when_seen(*event), event);
  out.clear();
  for (const auto& [unused, event] : sorted) out.push_back(event);
  return out;
}

const Dial* Evidence::dial(std::string_view source) const {
  for (const auto& each : dials)
    if (each.source == source) return &each;
  return nullptr;
}

const Json* Evidence::pod() const {
  return question.about == Subject::kPod ? home.find("Pod", question.name, question.name_space) : nullptr;
}

const Json* Evidence::shadow_pod() const {
  return question.about == Subject::kPod ? cloud.find("ShadowPod", question.name) : nullptr;
}

const Json* Evidence::remote_pod() const {
  if (question.about != Subject::kPod) return nullptr;
  for (const auto* each : cloud.all("Pod"))
    if (kube::name_of(*each) == question.name && !kube::label_of(*each, "liqo.io/managed-by").empty()) return each;
  return nullptr;
}

}  // namespace tombolo::liqo
