#include "liqo/values.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tombolo::liqo {
namespace {

using codec::Json;

void mix(Json& into, const Json& owned, const std::string& path, std::vector<std::string>& contradictions) {
  for (const auto& [key, value] : owned.get_object()) {
    const auto here = path.empty() ? std::string(key) : path + "." + std::string(key);
    auto& map = into.get_object();
    const auto found = map.find(key);
    if (found == map.end() || found->value().is_null()) {
      map[key] = value;
    } else if (value.is_object() && found->value().is_object()) {
      mix(found->value(), value, here, contradictions);
    } else if (found->value() != value) {
      contradictions.push_back(here);
    }
  }
}

}  // namespace

std::string_view name(Side side) { return side == Side::kHome ? "home" : "cloud"; }

Json owned_values(const ValuesRequest& request) {
  const Json off{{"enabled", false}};
  const bool cloud = request.side == Side::kCloud;
  return {
      {"apiServer", {{"address", request.api_server}}},
      // Without it the chart makes a random one, which changes when the chart is rendered anew.
      {"discovery",
       {{"config",
         {{"clusterID", request.cluster_id},
          {"clusterLabels", {{"liqo.io/provider", cloud ? "k3s" : "home"}, {"tombolo.side", name(request.side)}}}}}}},
      {"networking", {{"enabled", false}, {"reflectIPs", false}, {"gateway", {{"mssclamp", off}}}}},
      // The chart wants the networks even with its networking off.
      {"ipam", {{"podCIDRs", codec::JsonArray{Json(request.pods.text())}}, {"serviceCIDR", request.services.text()}}},
      {"proxy", off},
      {"telemetry", off},
      {"metricAgent", off},
      {"storage", off},
      // With networking off offloaded pods would get an address of home's API that they cannot reach.
      {"virtualKubelet", {{"extra", {{"args", codec::JsonArray{Json("--enable-apiserver-support=false")}}}}}},
  };
}

Result<Json> merged_values(const Json& owned, const Json& extra) {
  if (extra.is_null()) return owned;
  if (!extra.is_object()) return fail(Code::kBadInput, "values for Liqo's chart must be a map");
  Json out = extra;
  std::vector<std::string> contradictions;
  mix(out, owned, "", contradictions);
  if (!contradictions.empty())
    return fail(Code::kBadInput,
                fmt::format("Liqo's chart needs other values than the file's for {}", fmt::join(contradictions, ", ")),
                "Take them out of the file: Tombolo sets them.");
  return out;
}

}  // namespace tombolo::liqo
