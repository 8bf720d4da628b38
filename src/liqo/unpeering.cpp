#include "liqo/unpeering.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>

#include "liqo/trial.hpp"

namespace tombolo::liqo {
namespace {

using codec::Json;
using namespace std::chrono_literals;

constexpr auto kDraining = 2min;  // pods have up to 30 s to end by themselves, and their budgets may make them wait
constexpr auto kReplicator = 12s;  // it takes 5 s; what has not come by then does not come (e16)
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
  const auto found = kube::find(client, name, stop);
  if (!found && found.error().code() == Code::kNotFound) return true;  // not even its kind is served
  if (!found) return fail(found.error());
  if (!*found) return true;
  kube::DeleteOptions options;
  options.propagation = propagation;
  if (!kube::is_being_deleted(**found)) TRY(kube::remove(client, name, stop, options));
  return false;
}

// Objects that wait for a replicator which will never come round to them. What they stand for on the other side goes with
// the tenant namespace there.
Result<> let_go(kube::Client& client, const kube::ObjectName& name, const std::stop_token& stop) {
  const auto found = TRY(kube::find(client, name, stop));
  if (!found || !kube::is_being_deleted(*found)) return {};
  const auto freed =
      kube::patch(client, name, kube::PatchKind::kMerge, {{"metadata", {{"finalizers", nullptr}}}}, stop);
  if (!freed && freed.error().code() != Code::kNotFound) return fail(freed.error());
  return {};
}

Result<std::vector<Json>> offloaded_pods(kube::Client& home, const std::string& node, const std::stop_token& stop) {
  return kube::list(
      home, {{kube::kPods, "", ""}, fmt::format("{}=true", kShadowPodLabel), "spec.nodeName=" + node, 500}, stop);
}

bool has_controller(const Json& pod) {
  const auto* owners = codec::find(pod, "metadata.ownerReferences");
  if (!owners || !owners->is_array()) return false;
  for (const auto& owner : owners->get_array())
    if (codec::bool_at(owner, "controller")) return true;
  return false;
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
    if (!has_controller(pod) && kube::label_of(pod, kTrialLabel).empty())
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
  if (patience_.waited_for(waiting_, home.clock().now()) > kReplicator) {
    TRY(let_go(home, renew, stop));
    TRY(let_go(home, secret, stop));
  }
  return blocked(kGoing, waiting_, home, stop);
}

Result<bool> Unpeering::drop_tenant(kube::Client& cloud, const std::stop_token& stop) {
  if (TRY(delete_all(cloud, kTenants, fmt::format("{}={}", kRemoteClusterId, home_id_), stop))) return true;
  return blocked(kGoing, "the cloud to forget its tenant", cloud, stop);
}

Result<bool> Unpeering::declare_dead(kube::Client& home, const std::stop_token& stop) {
  const kube::ObjectName name{kForeignClusters, "", cloud_id_};
  const auto found = kube::find(home, name, stop);
  if (!found && found.error().code() != Code::kNotFound) return fail(found.error());
  if (!found || !*found) return true;
  if (!kube::annotation_of(**found, kUnreachable).empty()) return true;
  const auto condition = kube::condition_of(**found, "APIServerStatus");
  if (condition && condition->status == "Established") {
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
    TRY(let_go(home, object, stop));
  }
  TRY(drop_namespaces(home, cloud_id_, stop));
  return true;
}

Result<Progress> Unpeering::abandon(kube::Client& home, const std::stop_token& stop) {
  const bool drained = TRY(drain(home, stop));
  if (drained && TRY(free_home(home, stop))) return Progress{true, "", "", {}, ""};
  return Progress{false, drained ? "free" : "drain", waiting_, home.clock().now() - patience_.since(), ""};
}

Result<Progress> Unpeering::advance(kube::Client& home, kube::Client* cloud, const std::stop_token& stop) {
  waiting_.clear();
  if (request_.abandon && !request_.forced) return abandon(home, stop);
  kube::Client* other = request_.forced ? nullptr : cloud;
  if (!other && !request_.forced) return fail(Code::kInternal, "a peering is taken down gracefully on both sides");
  const std::vector<std::pair<const char*, std::function<Result<bool>()>>> graceful = {
      {"drain", [&] { return drain(home, stop); }},
      {"namespace map", [&] { return drop_map(home, stop); }},
      {"identity", [&] { return drop_identity(home, stop); }},
      {"tenant", [&] { return drop_tenant(*other, stop); }}};
  std::vector<std::pair<const char*, std::function<Result<bool>()>>> stages;
  if (request_.forced)
    stages.emplace_back("declare dead", [&] { return declare_dead(home, stop); });
  else
    stages = graceful;
  stages.emplace_back("namespaces", [&]() -> Result<bool> {
    const bool there = !other || TRY(drop_namespaces(*other, home_id_, stop));
    if (TRY(drop_namespaces(home, cloud_id_, stop)) && there) return true;
    return blocked(kDraining, "the tenant namespaces to go", home, stop);
  });
  stages.emplace_back("foreign clusters", [&]() -> Result<bool> {
    const bool there = !other || TRY(delete_one(*other, {kForeignClusters, "", home_id_}, stop));
    if (TRY(delete_one(home, {kForeignClusters, "", cloud_id_}, stop)) && there) return true;
    return blocked(kGoing, "the ForeignClusters to go", home, stop);
  });
  for (; stage_ < stages.size(); ++stage_)
    if (!TRY(stages[stage_].second()))
      return Progress{false, stages[stage_].first, waiting_, home.clock().now() - patience_.since(), ""};
  return Progress{true, "", "", {}, ""};
}

}  // namespace tombolo::liqo
