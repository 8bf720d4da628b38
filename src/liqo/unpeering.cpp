#include "liqo/unpeering.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "liqo/trial.hpp"

namespace tombolo::liqo {
namespace {

using codec::Json;
using namespace std::chrono_literals;

constexpr auto kDraining = 2min;  // pods have up to 30 s to end by themselves, and their budgets may make them wait
constexpr auto kReplicating = 12s;  // it takes 5 s; what has not come by then does not come (e16)
constexpr auto kGoing = 60s;
constexpr auto kProbing = 45s;  // home looks at its provider every 15 s

const kube::Resource kPodBudgets{"policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget"};

// True when none is left.
Result<bool> delete_all(kube::Client& client, const kube::Resource& resource, const std::string& labels,
                        const std::stop_token& stop) {
  const auto found = TRY(list_where_served(client, resource, labels, stop));
  for (const auto& object : found)
    if (!kube::is_being_deleted(object))
      TRY(kube::remove(client, {resource, kube::namespace_of(object), kube::name_of(object)}, stop));
  return found.empty();
}

// True when it is gone.
Result<bool> delete_one(kube::Client& client, const kube::ObjectName& name, const std::stop_token& stop,
                        kube::Propagation propagation = kube::Propagation::kBackground) {
  const auto found = TRY(find_where_served(client, name, stop));
  if (!found) return true;
  kube::DeleteOptions options;
  options.propagation = propagation;
  if (!kube::is_being_deleted(*found)) TRY(kube::remove(client, name, stop, options));
  return false;
}

Result<std::vector<Json>> offloaded_pods(kube::Client& home, const std::string& node, const std::stop_token& stop) {
  return kube::list(
      home, {{kube::kPods, "", ""}, fmt::format("{}=true", kShadowPodLabel), "spec.nodeName=" + node, 500}, stop);
}

// "pods default/a, default/b; PodDisruptionBudget default/keep allows none of its pods to be ended".
Result<std::string> what_stays(kube::Client& home, const std::string& node, const std::stop_token& stop) {
  std::vector<std::string> pods;
  std::set<std::string> namespaces;
  for (const auto& pod : TRY(offloaded_pods(home, node, stop))) {
    pods.push_back(kube::namespace_of(pod) + "/" + kube::name_of(pod));
    namespaces.insert(kube::namespace_of(pod));
  }
  std::string out = pods.empty() ? "" : fmt::format("{} {}", pods.size() == 1 ? "pod" : "pods", fmt::join(pods, ", "));
  for (const auto& name : namespaces)
    for (const auto& budget : TRY(kube::list(home, {{kPodBudgets, name, ""}, "", "", 100}, stop)))
      if (codec::number_at(budget, "status.disruptionsAllowed") == 0)
        out +=
            fmt::format("; PodDisruptionBudget {}/{} allows none of its pods to be ended", name, kube::name_of(budget));
  return out;
}

}  // namespace

Result<std::vector<std::string>> bare_offloaded_pods(kube::Client& home, const std::string& node,
                                                     const std::stop_token& stop) {
  std::vector<std::string> out;
  for (const auto& pod : TRY(offloaded_pods(home, node, stop)))
    if (!kube::has_controller(pod) && kube::label_of(pod, kTrialLabel).empty())
      out.push_back(kube::namespace_of(pod) + "/" + kube::name_of(pod));
  return out;
}

Result<bool> Unpeering::blocked(Duration longest, std::string what, kube::Client& home, const std::stop_token& stop) {
  waiting_ = std::move(what);
  if (patience_.waited_for(waiting_, home.clock().now()) < longest) return false;
  const auto stays = what_stays(home, cloud_id_, stop);
  const auto blocking = stays && !stays->empty() ? ": " + *stays : std::string();
  return fail(Code::kTimeout,
              fmt::format("gave up after {}, waiting for {}{}", format_duration(longest), waiting_, blocking),
              blocking.empty() ? "`tombolo why peering` shows what is left; run the command again to go on."
                               : "Scale the workload down or delete the budget, then run the command again: it goes on "
                                 "where this run ended.");
}

// The slices first: with them the provider's side of the offloading ends. The virtual nodes would follow by themselves, but
// only when garbage is collected.
Result<bool> Unpeering::drain(kube::Client& home, const std::stop_token& stop) {
  const bool slices =
      TRY(delete_all(home, kResourceSlices, fmt::format("{}=true,{}={}", kReplication, kRemoteId, cloud_id_), stop));
  const bool nodes = TRY(delete_all(home, kVirtualNodes, fmt::format("{}={}", kRemoteClusterId, cloud_id_), stop));
  if (slices && nodes) return true;
  return blocked(kDraining, slices ? "the virtual node to be drained and removed" : "the resource slice to go", home,
                 stop);
}

// The twins of the offloaded namespaces. Home's controller has told them to go already, with the last virtual node.
Result<bool> Unpeering::drop_map(kube::Client& home, const std::stop_token& stop) {
  if (TRY(delete_all(home, kNamespaceMaps, fmt::format("{}={}", kRemoteClusterId, cloud_id_), stop))) return true;
  return blocked(kDraining, "the namespaces in the cloud to go", home, stop);
}

// Its Renew and its kubeconfig would be deleted together with the Identity, and then Liqo's replicator, which stops only when
// nothing is left to replicate, finds the Renew still there and looks again much later. One after the other it is done at
// once: so the Identity leaves them behind as orphans, and each is deleted when its turn has come.
Result<bool> Unpeering::drop_identity(kube::Client& home, const std::stop_token& stop) {
  const auto name = control_plane_identity(cloud_id_);
  const kube::ObjectName identity{kIdentities, home_tenant(), name}, renew{kRenews, home_tenant(), name},
      secret{kube::kSecrets, home_tenant(), kubeconfig_secret(name)};
  const bool gone = TRY(delete_one(home, identity, stop, kube::Propagation::kOrphan)) &&
                    TRY(delete_one(home, renew, stop)) && TRY(delete_one(home, secret, stop));
  if (gone) return true;
  waiting_ = "home to stop replicating to the cloud";
  if (patience_.waited_for(waiting_, home.clock().now()) > kReplicating) {
    TRY(kube::release(home, renew, stop));
    TRY(kube::release(home, secret, stop));
  }
  return blocked(kGoing, waiting_, home, stop);
}

Result<bool> Unpeering::drop_tenant(kube::Client& cloud, const std::stop_token& stop) {
  if (TRY(delete_all(cloud, kTenants, fmt::format("{}={}", kRemoteClusterId, home_id_), stop))) return true;
  return blocked(kGoing, "the cloud to forget its tenant", cloud, stop);
}

Result<bool> Unpeering::declare_dead(kube::Client& home, const std::stop_token& stop) {
  const kube::ObjectName name{kForeignClusters, "", cloud_id_};
  const auto found = TRY(find_where_served(home, name, stop));
  if (!found || !kube::annotation_of(*found, kUnreachable).empty()) return true;
  if (condition_word(*found, "APIServerStatus") == "Established") {
    waiting_ = "home to notice that the cloud does not answer";
    if (patience_.waited_for(waiting_, home.clock().now()) < kProbing) return false;
    return fail(Code::kConflict, "the cloud's API server still answers home: it is not gone",
                "Run `tombolo unpeer` without --force.");
  }
  TRY(kube::patch(home, name, kube::PatchKind::kMerge, {{"metadata", {{"annotations", {{kUnreachable, "true"}}}}}},
                  stop));
  return true;
}

Result<bool> Unpeering::drop_namespaces(kube::Client& client, const std::string& peer_id, const std::stop_token& stop) {
  const auto found = TRY(tenant_namespaces(client, peer_id, stop));
  for (const auto& each : found)
    if (!kube::is_being_deleted(each)) TRY(kube::remove(client, {kube::kNamespaces, "", kube::name_of(each)}, stop));
  return found.empty();
}

Result<bool> Unpeering::drop_both_namespaces(kube::Client& home, kube::Client* cloud, const std::stop_token& stop) {
  const bool there = !cloud || TRY(drop_namespaces(*cloud, home_id_, stop));
  if (TRY(drop_namespaces(home, cloud_id_, stop)) && there) return true;
  return blocked(kDraining, "the tenant namespaces to go", home, stop);
}

Result<bool> Unpeering::drop_foreign_clusters(kube::Client& home, kube::Client* cloud, const std::stop_token& stop) {
  const bool there = !cloud || TRY(delete_one(*cloud, {kForeignClusters, "", home_id_}, stop));
  if (TRY(delete_one(home, {kForeignClusters, "", cloud_id_}, stop)) && there) return true;
  return blocked(kGoing, "the ForeignClusters to go", home, stop);
}

// What would wait for the replicator is let go: nobody will ask what it leaves in the cloud.
Result<bool> Unpeering::free_home(kube::Client& home, const std::stop_token& stop) {
  for (const auto& object : TRY(list_where_served(home, kNamespaceOffloadings, "", stop)))
    if (kube::is_being_deleted(object)) return blocked(kGoing, "home to forget its offloaded namespaces", home, stop);
  const auto name = control_plane_identity(cloud_id_);
  TRY(delete_one(home, {kIdentities, home_tenant(), name}, stop));
  for (const auto& object : {kube::ObjectName{kNamespaceMaps, home_tenant(), cloud_id_},
                             {kRenews, home_tenant(), name},
                             {kube::kSecrets, home_tenant(), kubeconfig_secret(name)},
                             {kForeignClusters, "", cloud_id_}}) {
    TRY(delete_one(home, object, stop));
    TRY(kube::release(home, object, stop));
  }
  TRY(drop_namespaces(home, cloud_id_, stop));
  return true;
}

std::string_view Unpeering::name(Stage stage) {
  switch (stage) {
    case Stage::kDeclareDead: return "declare dead";
    case Stage::kDrain: return "drain";
    case Stage::kFreeHome: return "free";
    case Stage::kMap: return "namespace map";
    case Stage::kIdentity: return "identity";
    case Stage::kTenant: return "tenant";
    case Stage::kNamespaces: return "namespaces";
    case Stage::kForgetClusters: return "foreign clusters";
  }
  return "";
}

Result<bool> Unpeering::carry_out(Stage stage, kube::Client& home, kube::Client* cloud, const std::stop_token& stop) {
  switch (stage) {
    case Stage::kDeclareDead: return declare_dead(home, stop);
    case Stage::kDrain: return drain(home, stop);
    case Stage::kFreeHome: return free_home(home, stop);
    case Stage::kMap: return drop_map(home, stop);
    case Stage::kIdentity: return drop_identity(home, stop);
    case Stage::kTenant: return drop_tenant(*cloud, stop);
    case Stage::kNamespaces: return drop_both_namespaces(home, cloud, stop);
    case Stage::kForgetClusters: return drop_foreign_clusters(home, cloud, stop);
  }
  return true;
}

Result<Progress> Unpeering::advance(kube::Client& home, kube::Client* cloud, const std::stop_token& stop) {
  using enum Stage;
  static const std::vector<Stage> graceful{kDrain, kMap, kIdentity, kTenant, kNamespaces, kForgetClusters},
      forced{kDeclareDead, kNamespaces, kForgetClusters}, abandoned{kDrain, kFreeHome};
  const auto& stages = way_ == Way::kForced ? forced : way_ == Way::kAbandon ? abandoned : graceful;
  if (way_ != Way::kGraceful) cloud = nullptr;
  if (way_ == Way::kGraceful && !cloud) return fail(Code::kInternal, "a peering ends gracefully on both sides");
  waiting_.clear();
  for (; stage_ < stages.size(); ++stage_)
    if (!TRY(carry_out(stages[stage_], home, cloud, stop)))
      return Progress{false, std::string(name(stages[stage_])), waiting_, home.clock().now() - patience_.since(), ""};
  return Progress{true, "", "", {}, ""};
}

}  // namespace tombolo::liqo
