#include "liqo/installation.hpp"

#include <fmt/format.h>

#include <charconv>

#include "kube/discovery.hpp"
#include "kube/workloads.hpp"
#include "liqo/parties.hpp"
#include "liqo/release.hpp"

namespace tombolo::liqo {
namespace {

using codec::Json;

constexpr std::string_view kManager = "liqo-controller-manager";
constexpr std::string_view kNeeded[] = {"core.liqo.io/v1beta1", "authentication.liqo.io/v1beta1",
                                        "offloading.liqo.io/v1beta1"};

std::string image_tag(const Json& deployment) {
  const auto* containers = codec::find(deployment, "spec.template.spec.containers");
  if (!containers || !containers->is_array() || containers->get_array().empty()) return "";
  const auto image = codec::text_at(containers->get_array().front(), "image");
  const auto colon = image.rfind(':');
  return colon == std::string::npos || image.find('/', colon) != std::string::npos ? "" : image.substr(colon + 1);
}

std::string installer_of(const Json& config) {
  if (!kube::label_of(config, kReleaseName).empty()) return "flux";
  if (!kube::label_of(config, "tombolo/cluster").empty()) return "tombolo";
  return kube::annotation_of(config, "meta.helm.sh/release-name").empty() ? "" : "helm";
}

Result<> look_at_workloads(kube::Client& client, Installation& out, const std::stop_token& stop) {
  bool manager = false;
  for (const auto& deployment :
       TRY(kube::list(client, {{kube::kDeployments, out.name_space, ""}, "", "", 500}, stop))) {
    const auto name = kube::name_of(deployment);
    if (!name.starts_with("liqo")) continue;
    if (name == kManager) {
      manager = true;
      out.version = image_tag(deployment);
    }
    if (const auto trouble = kube::rollout_trouble(deployment); !trouble.empty())
      out.troubles.push_back(fmt::format("Deployment {}: {}", name, trouble));
  }
  if (!manager) out.troubles.push_back(fmt::format("there is no Deployment {}", kManager));
  out.pods = TRY(kube::pods(client, out.name_space, "", stop));
  std::erase_if(out.pods, [](const auto& pod) { return !pod.name.starts_with("liqo"); });  // others may live there, too
  for (const auto& pod : out.pods)
    if (!pod.ready) out.troubles.push_back(fmt::format("pod {}: {}", pod.name, pod.why));
  return {};
}

Result<> look_at_definitions(kube::Client& client, Installation& out, const std::stop_token& stop) {
  for (const auto group : kNeeded) {
    const auto served = kube::resources_of(client, std::string(group), stop);
    if (!served && served.error().code() != Code::kNotFound) return fail(served.error());
    if (!served) out.troubles.push_back(fmt::format("{} is not served: its definitions are not installed", group));
  }
  return {};
}

// A dry run that Liqo's webhook has to judge; whatever it says, it has answered.
Result<> look_at_webhooks(kube::Client& client, Installation& out, const std::stop_token& stop) {
  const kube::ObjectName name{kNamespaceOffloadings, out.name_space, "offloading"};
  const Json object{{"apiVersion", kNamespaceOffloadings.api_version()},
                    {"kind", kNamespaceOffloadings.kind},
                    {"metadata", {{"name", name.name}, {"namespace", name.name_space}}},
                    {"spec",
                     {{"namespaceMappingStrategy", "DefaultName"},
                      {"podOffloadingStrategy", "LocalAndRemote"},
                      {"clusterSelector", {{"nodeSelectorTerms", codec::JsonArray{}}}}}}};
  const auto asked = kube::apply(client, name, object, stop, {true, true});
  if (asked || asked.error().code() == Code::kPermission || asked.error().code() == Code::kBadInput ||
      asked.error().code() == Code::kConflict || asked.error().code() == Code::kState)
    return {};
  if (asked.error().code() == Code::kCancelled || asked.error().code() == Code::kUnreachable)
    return fail(asked.error());
  out.troubles.push_back("its webhook does not answer: " + asked.error().sentence());
  return {};
}

// The release that brought it, wherever that is: Flux' own layouts keep releases in another namespace than what they install.
// One that was suspended long after it had brought everything is its owner's business, not a trouble.
Result<> look_at_release(kube::Client& client, const Json& config, Installation& out, const std::stop_token& stop) {
  const auto release =
      TRY(find_release(client, kube::label_of(config, kReleaseNamespace), kube::label_of(config, kReleaseName), stop));
  if (!release || release->trouble.empty() || (release->suspended && out.troubles.empty())) return {};
  // A failure explains the rest; one that is under way is explained by it.
  const bool cause = release->failing || release->suspended;
  out.troubles.insert(cause ? out.troubles.begin() : out.troubles.end(), release->trouble);
  return {};
}

// "v1.2.0" -> 1, 2.
std::pair<int, int> major_minor(std::string_view version) {
  std::pair<int, int> out{-1, -1};
  if (version.starts_with('v')) version.remove_prefix(1);
  const auto end = version.data() + version.size();
  const auto [at, error] = std::from_chars(version.data(), end, out.first);
  if (error == std::errc() && at != end && *at == '.') std::from_chars(at + 1, end, out.second);
  return out;
}

}  // namespace

Result<std::optional<Installation>> find_installation(kube::Client& client, const std::stop_token& stop) {
  const auto found = TRY(find_cluster_id(client, stop));
  if (!found) return std::nullopt;
  Installation out;
  out.name_space = kube::namespace_of(*found);
  out.cluster_id = codec::text_at(*found, "data.CLUSTER_ID");
  out.installer = installer_of(*found);
  if (out.cluster_id.empty()) out.troubles.push_back("it has no cluster ID");
  TRY(look_at_workloads(client, out, stop));
  TRY(look_at_definitions(client, out, stop));
  if (out.installer == "flux") TRY(look_at_release(client, *found, out, stop));
  if (out.troubles.empty()) TRY(look_at_webhooks(client, out, stop));
  return out;
}

std::string version_skew(const std::string& home, const std::string& cloud) {
  if (home == cloud || home.empty() || cloud.empty()) return "";
  const auto [home_major, home_minor] = major_minor(home);
  const auto [cloud_major, cloud_minor] = major_minor(cloud);
  if (home_major == cloud_major && home_minor == cloud_minor) return "";
  if (home_major == cloud_major && std::abs(home_minor - cloud_minor) == 1)
    return fmt::format("home has Liqo {}, the cloud {}: one minor apart, upgrade the older one soon", home, cloud);
  return fmt::format("home has Liqo {}, the cloud {}: these do not fit together", home, cloud);
}

}  // namespace tombolo::liqo
