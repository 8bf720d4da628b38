#include "sim/kube_refusal.hpp"

#include <fmt/format.h>

namespace tombolo::sim {

codec::Json KubeRefusal::json() const {
  codec::JsonObject details;
  if (!name.empty()) details["name"] = name;
  if (!group.empty()) details["group"] = group;
  if (!kind.empty()) details["kind"] = kind;
  if (!causes.empty()) {
    codec::JsonArray list;
    for (const auto& c : causes) list.push_back({{"reason", c.reason}, {"message", c.message}, {"field", c.field}});
    details["causes"] = std::move(list);
  }
  codec::JsonObject out{
      {"kind", "Status"},   {"apiVersion", "v1"}, {"metadata", codec::JsonObject()}, {"status", "Failure"},
      {"message", message}, {"reason", reason},   {"details", std::move(details)},   {"code", code}};
  return out;
}

KubeNo kube_no(int code, std::string reason, std::string message) {
  return KubeNo(KubeRefusal{code, std::move(reason), std::move(message), "", "", ""});
}

KubeNo no_such_resource() { return kube_no(404, "", "the server could not find the requested resource"); }

KubeNo kube_bad_request(std::string message) { return kube_no(400, "BadRequest", std::move(message)); }

KubeNo no_such_object(const KubeKind& kind, const std::string& name) {
  return KubeNo(KubeRefusal{404, "NotFound", fmt::format("{} \"{}\" not found", kind.text(), name), kind.group,
                            kind.plural, name});
}

KubeNo exists_already(const KubeKind& kind, const std::string& name) {
  return KubeNo(KubeRefusal{409, "AlreadyExists", fmt::format("{} \"{}\" already exists", kind.text(), name),
                            kind.group, kind.plural, name});
}

KubeNo kube_conflict(const KubeKind& kind, const std::string& name, std::string_view why) {
  return KubeNo(KubeRefusal{409, "Conflict",
                            fmt::format("Operation cannot be fulfilled on {} \"{}\": {}", kind.text(), name, why),
                            kind.group, kind.plural, name});
}

KubeNo kube_invalid(const KubeKind& kind, const std::string& name, std::vector<kube::StatusCause> causes) {
  std::string list;
  for (const auto& c : causes) list += fmt::format("{}{}: {}", list.empty() ? "" : ", ", c.field, c.message);
  if (causes.size() > 1) list = "[" + list + "]";
  return KubeNo(KubeRefusal{
      422, "Invalid",
      fmt::format("{}{} \"{}\" is invalid: {}", kind.kind, kind.group.empty() ? "" : "." + kind.group, name, list),
      kind.group, kind.kind, name, std::move(causes)});
}

}  // namespace tombolo::sim
