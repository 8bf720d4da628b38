#include "sim/kube_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "codec/base64.hpp"
#include "kube/object.hpp"
#include "sim/kube_paths.hpp"
#include "sim/kube_select.hpp"

namespace tombolo::sim {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

constexpr std::array kWithTemplates = {"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"};
constexpr std::array kNamedFreely = {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"};
constexpr std::array kLabelNames = {"Namespace", "Service"};  // one label of DNS, without dots

bool is_one_of(const auto& list, const std::string& kind) { return std::ranges::find(list, kind) != list.end(); }

kube::StatusCause invalid(std::string field, const Json& value, std::string_view why) {
  return {"FieldValueInvalid", fmt::format("Invalid value: {}: {}", codec::to_text(value), why), std::move(field)};
}

constexpr std::string_view kSubdomain =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end "
    "with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr std::string_view kLabel =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an "
    "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_label(std::string_view text) {
  return !text.empty() && is_alphanumeric(text.front()) && is_alphanumeric(text.back()) &&
         std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '-'; });
}

bool is_subdomain(std::string_view text) {
  if (text.size() > 253) return false;
  for (;;) {
    const auto dot = text.find('.');
    if (!is_label(text.substr(0, dot))) return false;
    if (dot == text.npos) return true;
    text.remove_prefix(dot + 1);
  }
}

std::string name_trouble(const KubeKind& kind, const std::string& name) {
  if (is_one_of(kNamedFreely, kind.kind))
    return name.find_first_of("/%") == std::string::npos && name != "." && name != ".." ? ""
                                                                                        : "may not contain '/' or '%'";
  if (is_one_of(kLabelNames, kind.kind)) {
    if (name.size() > 63) return "must be no more than 63 characters";
    return is_label(name) ? "" : std::string(kLabel);
  }
  return is_subdomain(name) ? "" : std::string(kSubdomain);
}

// Label values, and what stands behind the slash of a key.
bool is_qualified(std::string_view text) {
  const auto outer = [](char c) { return is_alphanumeric(c) || (c >= 'A' && c <= 'Z'); };
  return text.size() <= 63 && !text.empty() && outer(text.front()) && outer(text.back()) &&
         std::ranges::all_of(text, [&](char c) { return outer(c) || c == '-' || c == '_' || c == '.'; });
}

void check_labels(const Json& object, std::vector<kube::StatusCause>& causes) {
  const auto* labels = codec::find(object, "metadata.labels");
  if (!labels || !labels->is_object()) return;
  for (const auto& [key, value] : labels->get_object()) {
    const std::string name(key);
    const auto slash = name.rfind('/');
    const bool good = is_qualified(slash == std::string::npos ? name : name.substr(slash + 1)) &&
                      (slash == std::string::npos || is_subdomain(name.substr(0, slash)));
    if (!good)
      causes.push_back(
          invalid("metadata.labels", Json(name), "name part must consist of alphanumeric characters, '-', '_' or '.'"));
    if (value.is_string() && !value.get_string().empty() && !is_qualified(value.get_string()))
      causes.push_back(
          invalid("metadata.labels", value,
                  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
                  "'.', and must start and end with an alphanumeric character"));
  }
}

void check_containers(const Json& spec, const std::string& field, std::vector<kube::StatusCause>& causes) {
  const auto* list = codec::find(spec, "containers");
  if (!list || !list->is_array() || list->get_array().empty()) {
    causes.push_back({"FieldValueRequired", "Required value", field + ".containers"});
    return;
  }
  std::size_t i = 0;
  for (const auto& c : list->get_array()) {
    if (codec::text_at(c, "name").empty())
      causes.push_back({"FieldValueRequired", "Required value", fmt::format("{}.containers[{}].name", field, i)});
    if (codec::text_at(c, "image").empty())
      causes.push_back({"FieldValueRequired", "Required value", fmt::format("{}.containers[{}].image", field, i)});
    std::size_t m = 0;
    if (const auto* mounts = codec::find(c, "volumeMounts"); mounts && mounts->is_array())
      for (const auto& mount : mounts->get_array()) {
        const auto name = codec::text_at(mount, "name");
        const auto* volumes = codec::find(spec, "volumes");
        const bool there =
            volumes && volumes->is_array() &&
            std::ranges::any_of(volumes->get_array(), [&](const Json& v) { return codec::text_at(v, "name") == name; });
        if (!there)
          causes.push_back({"FieldValueNotFound", fmt::format("Not found: \"{}\"", name),
                            fmt::format("{}.containers[{}].volumeMounts[{}].name", field, i, m)});
        ++m;
      }
    ++i;
  }
}

void check_workload(const Json& object, const Json& before, std::vector<kube::StatusCause>& causes) {
  const auto* selector = codec::find(object, "spec.selector");
  if (!selector || !selector->is_object() || selector->get_object().empty()) {
    causes.push_back({"FieldValueRequired", "Required value", "spec.selector"});
    return;
  }
  if (const auto* was = before.is_null() ? nullptr : codec::find(before, "spec.selector"); was && *was != *selector)
    causes.push_back(invalid("spec.selector", *selector, "field is immutable"));
  if (const auto replicas = codec::number_at(object, "spec.replicas"); replicas < 0)
    causes.push_back(invalid("spec.replicas", Json(replicas), "must be greater than or equal to 0"));
  const auto* labels = codec::find(object, "spec.template.metadata.labels");
  if (!selector_matches(*selector, labels ? *labels : Json(nullptr)))
    causes.push_back(invalid("spec.template.metadata.labels", labels ? *labels : Json(JsonObject()),
                             "`selector` does not match template `labels`"));
  if (const auto* spec = codec::find(object, "spec.template.spec")) {
    check_containers(*spec, "spec.template.spec", causes);
  } else {
    causes.push_back({"FieldValueRequired", "Required value", "spec.template.spec.containers"});
  }
}

void check_definition(const std::string& name, const Json& object, std::vector<kube::StatusCause>& causes) {
  const auto wanted = codec::text_at(object, "spec.names.plural") + "." + codec::text_at(object, "spec.group");
  if (name != wanted)
    causes.push_back(invalid("metadata.name", Json(name), "must be spec.names.plural+\".\"+spec.group"));
  const auto scope = codec::text_at(object, "spec.scope");
  if (scope != "Namespaced" && scope != "Cluster")
    causes.push_back({"FieldValueNotSupported",
                      fmt::format("Unsupported value: \"{}\": supported values: \"Cluster\", \"Namespaced\"", scope),
                      "spec.scope"});
  int stored = 0;
  if (const auto* versions = codec::find(object, "spec.versions"); versions && versions->is_array())
    for (const auto& v : versions->get_array()) stored += codec::bool_at(v, "storage");
  if (stored != 1)
    causes.push_back(
        invalid("spec.versions", Json(JsonArray()), "must have exactly one version marked as storage version"));
}

KubeOutcome<> check_texts(const KubeKind& kind, const Json& object, const char* field) {
  const auto* map = codec::find(object, field);
  if (!map) return {};
  const auto cannot = [&](std::string_view why) {
    return kube_bad_request(
        fmt::format("{} in version \"v1\" cannot be handled as a {}: {}", kind.kind, kind.kind, why));
  };
  if (!map->is_object())
    return cannot(
        fmt::format("json: cannot unmarshal into Go struct field {}.{} of type map[string]string", kind.kind, field));
  for (const auto& [key, value] : map->get_object()) {
    if (!value.is_string())
      return cannot(fmt::format("json: cannot unmarshal {} into Go struct field {}.{} of type string",
                                value.is_bool()     ? "bool"
                                : value.is_number() ? "number"
                                                    : "object",
                                kind.kind, field));
    if (kind.kind == "Secret" && std::string_view(field) == "data" &&
        !codec::decode_base64(std::string_view(value.get_string())))
      return cannot("illegal base64 data at input byte 0");
  }
  return {};
}

}  // namespace

KubeOutcome<> clean(const KubeKind& kind, Json& object) {
  drop_nulls(object);
  for (const auto* field : {"metadata.labels", "metadata.annotations"}) ALLOWED(check_texts(kind, object, field));
  if (kind.kind == "ConfigMap" || kind.kind == "Secret") ALLOWED(check_texts(kind, object, "data"));
  if (kind.kind != "Secret") return {};
  ALLOWED(check_texts(kind, object, "stringData"));
  auto& root = object.get_object();
  if (root.contains("stringData")) {
    auto& data = child(root, "data");
    for (const auto& [key, value] : root.at("stringData").get_object())
      data[key] = codec::encode_base64(as_bytes(std::string_view(value.get_string())));
    root.erase("stringData");
  }
  return {};
}

void fill_in(const KubeKind& kind, Json& object, KubeStore& store) {
  auto& root = object.as_object();
  auto& meta = metadata_of(object);
  const auto absent = [](JsonObject& in, const char* key, Json value) {
    if (!in.contains(key)) in[key] = std::move(value);
  };
  if (kind.kind == "Namespace") {
    child(meta, "labels")["kubernetes.io/metadata.name"] = Json(meta["name"]);
    absent(child(root, "spec"), "finalizers", JsonArray{Json("kubernetes")});
    absent(child(root, "status"), "phase", "Active");
  } else if (kind.kind == "Secret") {
    absent(root, "type", "Opaque");
  } else if (kind.kind == "Deployment") {
    absent(child(root, "spec"), "replicas", 1);
  } else if (kind.kind == "Pod") {
    auto& spec = child(root, "spec");
    absent(spec, "restartPolicy", "Always");
    absent(spec, "terminationGracePeriodSeconds", 30);
    absent(child(root, "status"), "phase", "Pending");
  } else if (kind.kind == "Service") {
    auto& spec = child(root, "spec");
    absent(spec, "type", "ClusterIP");
    if (codec::text_at(object, "spec.type") != "ExternalName")
      absent(spec, "clusterIP", Json(store.new_address("10.96.0.")));
  } else if (kind.kind == "PriorityClass") {
    absent(root, "preemptionPolicy", "PreemptLowerPriority");
  }
}

KubeOutcome<> check(const KubeKind& kind, const std::string& name, const Json& object, const Json& before) {
  std::vector<kube::StatusCause> causes;
  if (const auto why = name_trouble(kind, name); before.is_null() && !why.empty())
    causes.push_back(invalid("metadata.name", Json(name), why));
  check_labels(object, causes);
  if (is_one_of(kWithTemplates, kind.kind)) check_workload(object, before, causes);
  if (kind.kind == "Pod") {
    const auto* spec = codec::find(object, "spec");
    check_containers(spec ? *spec : Json(JsonObject()), "spec", causes);
  }
  if (kind.kind == "CustomResourceDefinition") check_definition(name, object, causes);
  if ((kind.kind == "ConfigMap" || kind.kind == "Secret") && codec::bool_at(before, "immutable")) {
    const auto* was = codec::find(before, "data");
    const auto* now = codec::find(object, "data");
    if (!codec::bool_at(object, "immutable") || (was && now ? *was != *now : was != now))
      causes.push_back({"FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set", "data"});
  }
  if (kind.kind == "Secret" && !before.is_null() && codec::text_at(before, "type") != codec::text_at(object, "type"))
    causes.push_back(invalid("type", Json(codec::text_at(object, "type")), "field is immutable"));
  if (const auto* was = before.is_null() ? nullptr : codec::find(before, "roleRef"))
    if (const auto* now = codec::find(object, "roleRef"); !now || *now != *was)
      causes.push_back(invalid("roleRef", now ? *now : Json(nullptr), "cannot change roleRef"));
  if (!causes.empty()) return kube_invalid(kind, name, std::move(causes));
  return {};
}

std::string pod_security_level(const KubeStore& store, const std::string& name_space) {
  const auto object = store.find(built_in("Namespace").key("", name_space));
  const auto level = object ? kube::label_of(*object, "pod-security.kubernetes.io/enforce") : "";
  return name_space == "kube-system" ? "privileged" : level.empty() ? store.pod_security() : level;
}

std::string pod_security_trouble(const Json& spec, const std::string& level) {
  if (level != "baseline" && level != "restricted") return "";
  std::vector<std::string> found;
  if (codec::bool_at(spec, "hostNetwork") || codec::bool_at(spec, "hostPID") || codec::bool_at(spec, "hostIPC"))
    found.push_back(fmt::format("host namespaces ({}=true)", codec::bool_at(spec, "hostNetwork") ? "hostNetwork"
                                                             : codec::bool_at(spec, "hostPID")   ? "hostPID"
                                                                                                 : "hostIPC"));
  if (const auto* volumes = codec::find(spec, "volumes"); volumes && volumes->is_array()) {
    std::vector<std::string> paths;
    for (const auto& v : volumes->get_array())
      if (codec::find(v, "hostPath")) paths.push_back(fmt::format("\"{}\"", codec::text_at(v, "name")));
    if (!paths.empty())
      found.push_back(
          fmt::format("hostPath volumes ({} {})", paths.size() == 1 ? "volume" : "volumes", fmt::join(paths, ", ")));
  }
  constexpr std::array kBaseline = {"AUDIT_WRITE", "CHOWN",  "DAC_OVERRIDE",     "FOWNER",  "FSETID",
                                    "KILL",        "MKNOD",  "NET_BIND_SERVICE", "SETFCAP", "SETGID",
                                    "SETPCAP",     "SETUID", "SYS_CHROOT"};
  if (const auto* containers = codec::find(spec, "containers"); containers && containers->is_array())
    for (const auto& c : containers->get_array()) {
      const auto name = codec::text_at(c, "name");
      if (codec::bool_at(c, "securityContext.privileged"))
        found.push_back(
            fmt::format("privileged (container \"{}\" must not set securityContext.privileged=true)", name));
      if (const auto* add = codec::find(c, "securityContext.capabilities.add"); add && add->is_array())
        for (const auto& capability : add->get_array())
          if (capability.is_string() && !is_one_of(kBaseline, std::string(capability.get_string())))
            found.push_back(
                fmt::format("non-default capabilities (container \"{}\" must not include \"{}\" in "
                            "securityContext.capabilities.add)",
                            name, std::string(capability.get_string())));
    }
  return found.empty() ? "" : fmt::format("violates PodSecurity \"{}:latest\": {}", level, fmt::join(found, ", "));
}

}  // namespace tombolo::sim
