#include "cluster/home_flux.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cluster/home_liqo.hpp"
#include "kube/discovery.hpp"
#include "liqo/parties.hpp"

namespace tombolo::cluster {

namespace {

using codec::Json;
using codec::JsonArray;

kube::ObjectName release_name(const spec::Cluster& cluster) {
  return {liqo::kHelmReleases, cluster.home.liqo_namespace, std::string(kFluxName)};
}

}  // namespace

Result<bool> has_flux(kube::Client& client, const std::stop_token& stop) {
  for (const auto* wanted : {&liqo::kHelmReleases, &liqo::kHelmRepositories}) {
    const auto served = kube::resources_of(client, wanted->api_version(), stop);
    if (!served && served.error().code() == Code::kNotFound) return false;
    if (!served) return fail(served.error());
    if (std::ranges::none_of(*served, [&](const auto& each) { return each.kind == wanted->kind; })) return false;
  }
  return true;
}

std::vector<Json> flux_manifests(const spec::Cluster& cluster, const Json& values, const Json& inputs) {
  const auto meta = [&]() -> Json {
    return {{"name", kFluxName}, {"namespace", cluster.home.liqo_namespace}, {"labels", home_labels(cluster)}};
  };
  auto release_meta = meta();
  release_meta.as_object()["annotations"] = {{kInputsAnnotation, codec::to_canonical_text(inputs)}};
  const Json crds{{"crds", "CreateReplace"}, {"remediation", {{"retries", 3}}}};
  return {
      liqo_namespace(cluster),
      {{"apiVersion", liqo::kHelmRepositories.api_version()},
       {"kind", liqo::kHelmRepositories.kind},
       {"metadata", meta()},
       {"spec", {{"interval", "24h"}, {"url", "https://helm.liqo.io/"}}}},
      {{"apiVersion", liqo::kHelmReleases.api_version()},
       {"kind", liqo::kHelmReleases.kind},
       {"metadata", std::move(release_meta)},
       {"spec",
        {{"interval", "1h"},
         {"releaseName", "liqo"},
         {"chart",
          {{"spec",
            {{"chart", "liqo"},
             {"version", cluster.liqo.version},
             {"sourceRef", {{"kind", liqo::kHelmRepositories.kind}, {"name", kFluxName}}}}}}},
         {"install", crds},
         {"upgrade", crds},
         // Both are filled in by Liqo's webhook when it runs.
         {"driftDetection",
          {{"mode", "enabled"},
           {"ignore", JsonArray{Json{{"paths", JsonArray{Json("/webhooks")}}, {"target", {{"name", "liqo-webhook"}}}},
                                Json{{"paths", JsonArray{Json("/data")}},
                                     {"target", {{"kind", "Secret"}, {"name", "liqo-webhook-certs"}}}}}}}},
         {"values", values}}}}};
}

Result<> resume_release(kube::Client& home, const spec::Cluster& cluster, const std::stop_token& stop) {
  const auto release = TRY(liqo::find_where_served(home, release_name(cluster), stop));
  if (!release || !codec::bool_at(*release, "spec.suspend")) return {};
  TRY(kube::patch(home, release_name(cluster), kube::PatchKind::kMerge, {{"spec", {{"suspend", false}}}}, stop));
  return {};
}

Result<std::vector<std::string>> definitions_of_release(kube::Client& home, const spec::Cluster& cluster,
                                                        const std::stop_token& stop) {
  const auto labels =
      fmt::format("{}={},{}={}", liqo::kReleaseName, kFluxName, liqo::kReleaseNamespace, cluster.home.liqo_namespace);
  std::vector<std::string> out;
  for (const auto& definition : TRY(kube::list(home, {{kube::kDefinitions, "", ""}, labels, "", 500}, stop)))
    out.push_back(
        fmt::format("{} {} {}", kube::kDefinitions.api_version(), kube::kDefinitions.kind, kube::name_of(definition)));
  return out;
}

}  // namespace tombolo::cluster
