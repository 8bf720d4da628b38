// What the containers of the simulated clusters print, by image, and the two reviews of one's own rights.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "kube/object.hpp"
#include "sim/kubernetes.hpp"
#include "sim/machine_view.hpp"

namespace tombolo::sim {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

// Nebula says that it is active, and that it was answered when a lighthouse is there to answer.
std::string nebula_log(World& world, Time now, const std::string& began) {
  std::string out =
      fmt::format("time=\"{}\" level=info msg=\"Firewall started\" firewallHashes=\"SHA:0,FNV:0\"\n", began);
  out += fmt::format(
      "time=\"{}\" level=info msg=\"Nebula interface is active\" interface=nebula1 udpAddr=\"0.0.0.0:4242\"\n", began);
  for (auto& [name, region] : world.regions) {
    let_time_pass(world, region, now);
    for (const auto& instance : region.instances) {
      const auto view = view_machine(world, region, instance, now);
      if (instance.state != InstanceState::kRunning || !view.serves_mesh()) continue;
      out += fmt::format(
          "time=\"{}\" level=info msg=\"Handshake message sent\" handshake=\"map[stage:1 style:ix_psk0]\"\n", began);
      out += fmt::format(
          "time=\"{}\" level=info msg=\"Handshake message received\" durationNs=41250334 "
          "handshake=\"map[stage:2 style:ix_psk0]\" vpnAddrs=\"[{}]\"\n",
          began, view.newest()->mesh_address.substr(0, view.newest()->mesh_address.find('/')));
    }
  }
  return out;
}

std::string printed(World& world, const std::string& image, Time now, const std::string& began) {
  for (const auto& [part, text] : world.options.kube.logs)
    if (image.find(part) != std::string::npos) return text;
  return image.find("nebula") != std::string::npos ? nebula_log(world, now, began) : "";
}

// What a shell's echo and hostname print: enough to see where a pod runs.
std::string shell_output(const Json& container, const std::string& host) {
  std::string script, out;
  for (const auto* part : {"command", "args"})
    if (const auto* list = codec::find(container, part); list && list->is_array())
      for (const auto& each : list->get_array())
        if (each.is_string() && std::string_view(each.get_string()).find("echo ") != std::string_view::npos)
          script = std::string(std::string_view(each.get_string()));
  for (std::string_view rest = script; !rest.empty();) {
    const auto end = rest.find_first_of(";&|");
    auto one = rest.substr(0, end);
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (one == "hostname") out += host + "\n";
    if (!one.starts_with("echo ")) continue;
    auto words = std::string(one.substr(5));
    std::erase_if(words, [](char c) { return c == '"' || c == '\''; });
    if (const auto at = words.find("$(hostname)"); at != words.npos) words.replace(at, 11, host);
    out += words + "\n";
  }
  return out;
}

// The pod itself, or the one that stands for it in the other cluster.
KubeObject printer_of(const World& world, const KubeStore& store, const KubeObject& pod) {
  if (kube::label_of(*pod, "liqo.io/shadowPod") != "true") return pod;
  for (const auto& [name, other] : world.kube) {
    if (&other == &store) continue;
    for (const auto& [key, each] : other.of("", "pods"))
      if (key.name == kube::name_of(*pod) && kube::label_of(*each, "liqo.io/managed-by") == "shadowpod") return each;
  }
  return pod;
}

std::string last_lines(std::string text, std::size_t count) {
  std::size_t at = text.size();
  for (std::size_t lines = 0; at > 0; --at)
    if (text[at - 1] == '\n' && at != text.size() && ++lines == count) break;
  return count == 0 ? "" : text.substr(at);
}

}  // namespace

KubeOutcome<std::string> pod_log(World& world, const KubeStore& store, const KubeRequest& request, Time now) {
  const auto& name = request.key.name;
  if (!store.find(request.key)) return no_such_object(request.kind, name);
  const auto pod = printer_of(world, store, store.find(request.key));
  std::string wanted(request.option("container"));
  if (wanted.empty()) wanted = kube::annotation_of(*pod, "kubectl.kubernetes.io/default-container");
  std::string names;
  const Json* found = nullptr;
  const auto* statuses = codec::find(*pod, "status.containerStatuses");
  const auto* containers = codec::find(*pod, "spec.containers");
  if (containers && containers->is_array())
    for (const auto& c : containers->get_array()) {
      const auto each = codec::text_at(c, "name");
      names += (names.empty() ? "" : " ") + each;
      if (wanted.empty() || each == wanted) found = &c;
    }
  if (wanted.empty() && containers && containers->is_array() && containers->get_array().size() > 1)
    return kube_bad_request(
        fmt::format("a container name must be specified for pod {}, choose one of: [{}]", name, names));
  if (!found) return kube_bad_request(fmt::format("container {} is not valid for pod {}", wanted, name));
  const auto container = codec::text_at(*found, "name");
  const Json* status = nullptr;
  if (statuses && statuses->is_array())
    for (const auto& s : statuses->get_array())
      if (codec::text_at(s, "name") == container) status = &s;
  if (request.option("previous") == "true")
    return kube_bad_request(
        fmt::format("previous terminated container \"{}\" in pod \"{}\" not found", container, name));
  if (!status || !codec::find(*status, "state.running"))
    return kube_bad_request(
        fmt::format("container \"{}\" in pod \"{}\" is waiting to start: {}", container, name,
                    status ? codec::text_at(*status, "state.waiting.reason") : "ContainerCreating"));
  const auto began = codec::text_at(*status, "state.running.startedAt");
  auto text = printed(world, codec::text_at(*found, "image"), now, began);
  if (text.empty()) text = shell_output(*found, kube::name_of(*pod));
  if (const auto tail = request.option("tailLines"); !tail.empty())
    text = last_lines(std::move(text), static_cast<std::size_t>(std::max(0, std::atoi(std::string(tail).c_str()))));
  if (request.option("timestamps") != "true") return text;
  std::string stamped;
  for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(std::min(rest.find('\n') + 1, rest.size())))
    stamped += fmt::format("{} {}\n", began, rest.substr(0, rest.find('\n')));
  return stamped;
}

bool is_forbidden(const World& world, std::string_view cluster, std::string_view verb, const std::string& resource) {
  // Whoever asks about everything ("*" of "*.*") may not do it when there is anything that he may not do.
  return std::ranges::any_of(world.options.kube.forbidden, [&](const KubeForbidden& f) {
    return (f.cluster.empty() || f.cluster == cluster) && (f.verb == "*" || verb == "*" || f.verb == verb) &&
           (f.resource == "*" || resource == "*.*" || f.resource == resource);
  });
}

KubeOutcome<Json> review(const World& world, std::string_view cluster, const std::string& plural,
                         const std::string& body) {
  auto answer = codec::parse_json(body);
  if (!answer || !answer->is_object()) return kube_bad_request("error decoding the body: it is not JSON");
  auto& status = child(answer->get_object(), "status");
  if (plural == "selfsubjectrulesreviews") {
    status["resourceRules"] = JsonArray{
        {{"verbs", JsonArray{Json("*")}}, {"apiGroups", JsonArray{Json("*")}}, {"resources", JsonArray{Json("*")}}}};
    status["nonResourceRules"] = JsonArray();
    status["incomplete"] = !world.options.kube.forbidden.empty();
    return *answer;
  }
  const auto at = [&](const char* field) {
    return codec::text_at(*answer, std::string("spec.resourceAttributes.") + field);
  };
  auto resource = at("resource");
  if (!at("subresource").empty()) resource += "/" + at("subresource");
  if (!at("group").empty()) resource += "." + at("group");
  const bool no = is_forbidden(world, cluster, at("verb"), resource);
  status["allowed"] = !no;
  if (!no)
    status["reason"] =
        "RBAC: allowed by ClusterRoleBinding \"operator\" of ClusterRole \"cluster-admin\" to User \"operator\"";
  metadata_of(*answer);
  return *answer;
}

}  // namespace tombolo::sim
