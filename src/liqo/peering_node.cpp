// The second half of a peering: from a slice of the cloud to a Ready node at home.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kube/workloads.hpp"
#include "liqo/peering.hpp"
#include "liqo/state.hpp"

namespace tombolo::liqo {
namespace {

using codec::Json;
using namespace std::chrono_literals;

constexpr auto kRoundTrip = 10s;  // to the cloud and back takes tenths of a second
constexpr auto kSlice = 40s;
constexpr auto kWaking = 5s;      // a good one takes one or two
constexpr auto kNode = 2min;      // the first time, its image is pulled
constexpr auto kProbe = 25s;      // home looks at the cloud's API server every 15 s, for 5 s
constexpr auto kForeign = 90s;
constexpr auto kEcho = 500ms;     // what follows a node that has become Ready

constexpr std::string_view kElection = "virtual-kubelet-leader-election";
constexpr std::string_view kVirtualKubelets = "offloading.liqo.io/component=virtual-kubelet";

bool is_accepted(const Json& slice) {
  return condition_word(slice, "Authentication") == "Accepted" && condition_word(slice, "Resources") == "Accepted";
}

bool is_as_wished(const Json& slice, const PeeringRequest& request, const std::string& provider) {
  return kube::label_of(slice, kReplication) == "true" && kube::label_of(slice, kRemoteId) == provider &&
         kube::label_of(slice, kRemoteClusterId) == provider &&
         kube::annotation_of(slice, kCreateVirtualNode) == "true" &&
         codec::text_at(slice, "spec.providerClusterID") == provider &&
         same_resources(resources_at(slice, "spec.resources"), request.resources);
}

// "" when the node has all of it.
std::string lacking(const Json& node, const Resources& wanted) {
  const auto there = resources_at(node, "status.allocatable");
  for (const auto& [name, amount] : wanted)
    if (const auto has = there.find(name); has == there.end() || !same_quantity(has->second, amount))
      return fmt::format("{} {}", amount, name);
  return "";
}

std::string unhealthy_module(const Json& foreign) {
  for (const auto& module : modules_of(foreign)) {
    if (module.name == "networking") continue;
    if (!module.enabled) return module.name + " is not enabled";
    if (!module.trouble.empty()) return module.name + ": " + module.trouble;
  }
  return "";
}

}  // namespace

// What another node of that name, or a virtual one whose VirtualNode is gone, would make Liqo refuse.
Result<> Peering::make_way_for_node(kube::Client& home, const std::stop_token& stop) {
  const auto node = TRY(kube::find(home, {kube::kNodes, "", slice()}, stop));
  const auto virtual_node = TRY(kube::find(home, {kVirtualNodes, home_tenant_, slice()}, stop));
  if (virtual_node) return {};
  if (node && kube::label_of(*node, kNodeType) != kVirtualNodeType)
    return fail(
        Code::kConflict, fmt::format("home has a node {} of its own: the virtual node would be called so", slice()),
        "Give the cloud another cluster ID (discovery.config.clusterID in liqo.cloudValues), or rename the cluster.");
  if (node) TRY(kube::remove(home, {kube::kNodes, "", slice()}, stop));
  return drop_leases(home, stop);
}

// Of a virtual kubelet that has not given them back: the next one would wait 15 s for them.
Result<> Peering::drop_leases(kube::Client& home, const std::stop_token& stop) {
  for (const auto& lease : {std::string(kElection), slice()})
    TRY(kube::remove(home, {kube::kLeases, home_tenant_, lease}, stop));
  return {};
}

// A virtual kubelet that began before home had tried the cloud's API server looks again only after a minute.
Result<> Peering::wake_virtual_kubelet(kube::Client& home, const std::stop_token& stop) {
  const auto foreign = TRY(kube::find(home, {kForeignClusters, "", parties_.cloud.id}, stop));
  if (!foreign || condition_word(*foreign, "APIServerStatus") != "Established") return {};
  for (const auto& pod : TRY(kube::pods(home, home_tenant_, std::string(kVirtualKubelets), stop)))
    if (!pod.ready) return {};
  if (!first_time(Remedy::kWakeVirtualKubelet)) return {};
  said_ = "the virtual kubelet has missed that the cloud answers: restarting it";
  TRY(end_pods(home, home_tenant_, kVirtualKubelets, stop));
  return drop_leases(home, stop);
}

// Only our own fields: Liqo's own tool replaces the whole spec, and with it what its controllers have filled in.
Result<> Peering::apply_slice(kube::Client& home, const std::stop_token& stop) {
  const kube::ObjectName name{kResourceSlices, home_tenant_, slice()};
  auto object = blank_object(name);
  auto& meta = object.as_object()["metadata"].as_object();
  meta["labels"] = {{kReplication, "true"}, {kRemoteId, parties_.cloud.id}, {kRemoteClusterId, parties_.cloud.id}};
  meta["annotations"] = {{kCreateVirtualNode, "true"}};
  object.as_object()["spec"] = {
      {"class", "default"}, {"providerClusterID", parties_.cloud.id}, {"resources", to_json(request_.resources)}};
  TRY(kube::apply(home, name, object, stop, {true, false}));
  made_anything_ = true;
  return {};
}

Result<bool> Peering::make_slice(const Sides& sides, const std::stop_token& stop) {
  TRY(make_way_for_node(sides.home, stop));
  const auto found = TRY(kube::find(sides.home, {kResourceSlices, home_tenant_, slice()}, stop));
  if (!found || !is_as_wished(*found, request_, parties_.cloud.id)) TRY(apply_slice(sides.home, stop));
  return true;
}

Result<bool> Peering::await_slice(const Sides& sides, const std::stop_token& stop) {
  if (old_one_) {
    if (!TRY(take_down(Way::kGraceful, "", sides, stop))) return false;
    stage_ = 0;
    answer_ = nullptr;
    return find_both(sides, stop);
  }
  const auto local = TRY(kube::find(sides.home, {kResourceSlices, home_tenant_, slice()}, stop));
  const auto remote = TRY(kube::find(sides.cloud, {kResourceSlices, cloud_tenant_, slice()}, stop));
  const auto* here = local ? codec::find(*local, "status.authParams") : nullptr;
  const auto* there = remote ? codec::find(*remote, "status.authParams") : nullptr;
  // A status that was copied outlives the cluster that it was copied from: it must be the one that is there now.
  if (local && remote && is_accepted(*local) && is_accepted(*remote) && here && there && *here == *there) return true;
  for (const auto* type : {"Authentication", "Resources"})
    if (remote && condition_word(*remote, type) == "Denied")
      return fail(
          Code::kBroken,
          fmt::format("the cloud denies the slice ({}): {}", type, kube::condition_of(*remote, type)->message),
          "Its tenant may be cordoned: look at tenantCondition of its Tenant, and at the annotation liqo.io/cordon.");
  const bool began_anew = was_tried(Remedy::kBeginAnew);
  if (!remote && !began_anew && patience_.waited_for("replication", sides.home.clock().now()) > kRoundTrip) {
    // The replicator is stuck on what an earlier peering has left. It forgets it when it starts anew.
    (void)first_time(Remedy::kBeginAnew);
    TRY(end_pods(sides.home, parties_.home.name_space, kReplicator, stop));
    return take_down(Way::kGraceful,
                     "home does not replicate to the cloud: restarting its replicator and beginning anew", sides, stop);
  }
  if (!remote) {
    waiting_ = "the slice to reach the cloud";
    if (!began_anew) return false;
  }
  if (remote && condition_word(*remote, "Authentication") == "Accepted" &&
      condition_word(*remote, "Resources").empty() && codec::text_at(*remote, "spec.class") != "default")
    return wait_for(kRoundTrip,
                    fmt::format("a controller of the cloud to take up slices of the class {}",
                                codec::text_at(*remote, "spec.class")),
                    {sides.cloud, cloud_tenant_, slice()}, stop);
  return wait_for(kSlice, "the cloud to accept the slice", {sides.cloud, cloud_tenant_, slice()}, stop);
}

Result<bool> Peering::await_virtual_node(const Sides& sides, const std::stop_token& stop) {
  if (TRY(kube::find(sides.home, {kVirtualNodes, home_tenant_, slice()}, stop))) return true;
  return wait_for(kSlice, "home to make a virtual node of the slice", {sides.home, home_tenant_, slice()}, stop);
}

// Home's checker keeps the client that it began with, whatever the cloud advertises since; without it no virtual kubelet runs.
Result<> Peering::renew_checker(const codec::Json& foreign, const Sides& sides, const std::stop_token& stop) {
  const auto api = kube::condition_of(foreign, "APIServerStatus");
  if (!api || api->status == "Established" || !first_time(Remedy::kRenewChecker)) return {};
  said_ = "home's controller does not see the cloud's API server, which answers: restarting it";
  TRY(end_pods(sides.home, parties_.home.name_space, kControllerManager, stop));
  TRY(end_pods(sides.home, home_tenant_, kVirtualKubelets, stop));
  return drop_leases(sides.home, stop);
}

Result<bool> Peering::await_node(const Sides& sides, const std::stop_token& stop) {
  const auto node = TRY(kube::find(sides.home, {kube::kNodes, "", slice()}, stop));
  const auto ready = node ? kube::condition_of(*node, "Ready") : std::nullopt;
  if (ready && ready->holds()) {
    const auto lacks = lacking(*node, request_.resources);
    if (lacks.empty()) return true;
    return wait_for(kNode, "the virtual node to have " + lacks, {sides.home, home_tenant_, slice()}, stop);
  }
  const auto waited = patience_.waited_for("the virtual node to become Ready", sides.home.clock().now());
  if (waited > kWaking && !was_tried(Remedy::kWakeVirtualKubelet)) TRY(wake_virtual_kubelet(sides.home, stop));
  // Why its kubelet does not run says more than that the node is not there.
  if (waited > kProbe)
    for (const auto& pod : TRY(kube::pods(sides.home, home_tenant_, std::string(kVirtualKubelets), stop)))
      if (!pod.ready) said_ = fmt::format("pod {}/{}: {}", pod.name_space, pod.name, pod.why);
  if (waited > kProbe) {
    const auto foreign = TRY(kube::find(sides.home, {kForeignClusters, "", parties_.cloud.id}, stop));
    if (foreign) TRY(renew_checker(*foreign, sides, stop));
  }
  const auto what = said_;
  auto waits = wait_for(kNode, "the virtual node to become Ready", {sides.home, home_tenant_, slice()}, stop);
  if (!waits && !what.empty())
    return fail(Error(waits.error().code(), waits.error().sentence() + "; " + what).hint(waits.error().hint()));
  return waits;
}

// Home's controllers look at a virtual node, and at the cloud's health, when an object of theirs changes, and else after a minute.
Result<> Peering::look_again(kube::Client& home, const std::stop_token& stop) {
  if (home.clock().now() - nudged_ < 2 * kEcho) return {};
  nudged_ = home.clock().now();
  TRY(kube::touch(home, {kVirtualNodes, home_tenant_, slice()}, stop));
  return kube::touch(home, {kForeignClusters, "", parties_.cloud.id}, stop);
}

Result<bool> Peering::await_foreign_cluster(const Sides& sides, const std::stop_token& stop) {
  const auto foreign = TRY(kube::find(sides.home, {kForeignClusters, "", parties_.cloud.id}, stop));
  const auto api = foreign ? kube::condition_of(*foreign, "APIServerStatus") : std::nullopt;
  // As long as nobody has tried the API server, the virtual kubelet tries it itself, and its node is Ready.
  const auto trouble = !foreign                       ? "there is no ForeignCluster"
                       : !api                         ? unhealthy_module(*foreign)
                       : api->status != "Established" ? api->message
                                                      : unhealthy_module(*foreign);
  if (trouble.empty()) return true;
  waiting_ = "home to find the cloud healthy: " + trouble;
  const auto waited = patience_.waited_for("foreign cluster", sides.home.clock().now());
  if (waited > kProbe && foreign) TRY(renew_checker(*foreign, sides, stop));
  const bool echo = !api || api->status == "Established";
  if (echo && !made_anything_) return true;
  if (echo && waited > kEcho) TRY(look_again(sides.home, stop));
  // The node is Ready: what a module still says of it is an echo, and no reason to make anybody wait.
  if (echo && waited > 10 * kEcho) return true;
  if (waited < kForeign) return false;
  return fail(Code::kTimeout, fmt::format("waited {} for {}", format_duration(kForeign), waiting_),
              "`tombolo why peering` looks for the cause.");
}

}  // namespace tombolo::liqo
