// The peering: one resource that spans both clusters, made and taken down a pass at a time.
#include <fmt/format.h>

#include <algorithm>

#include "aws/prices.hpp"
#include "cluster/passes.hpp"
#include "cluster/peering_kinds.hpp"
#include "engine/retry.hpp"
#include "liqo/state.hpp"

namespace tombolo::cluster {

namespace {

using engine::Json;
using namespace std::chrono_literals;

constexpr auto kUnreachablePatience = 2min;
constexpr int kPodsPerMachine = 110;  // a kubelet's own limit

class PeeringKind final : public engine::ConvergedKind {
 public:
  PeeringKind(ClusterDesk desk, bool only_home) : desk_(std::move(desk)), only_home_(only_home) {}
  std::string name() const override { return std::string(kPeeringKind); }
  std::vector<std::string> needs() const override { return {std::string(kLiqoKind), std::string(kHomeMemberKind)}; }

  Result<std::vector<engine::Observed>> observe(const engine::Call& call) override {
    auto out = seen("cloud", cloud_cluster_id(desk_.cluster));
    const auto found = see(out, call);
    if (call.stop.stop_requested()) return fail(Code::kCancelled, "stopped while looking");
    if (found && !*found) return std::vector<engine::Observed>{};
    if (!found) {
      out.status = engine::Status::kPending;
      out.status_detail = found.error().sentence();
    }
    return std::vector{std::move(out)};
  }

  engine::Verdict compare(const engine::Wish& wish, const engine::Observed& observed) const override {
    auto changes = differences(wish, observed, {"home", "cloud", "instance"});
    const auto wanted = liqo::resources_at(wish.inputs, "resources"),
               there = liqo::resources_at(observed.attributes, "resources");
    if (observed.attributes.is_object() && !liqo::same_resources(wanted, there))
      changes.push_back({"resources", liqo::to_json(there), liqo::to_json(wanted), false});
    return {std::move(changes), {}};
  }

  engine::Step converge(const engine::Wish& wish, const engine::Current&, const engine::Call& call) override {
    auto progress = advance(wish.inputs, call);
    if (!progress) {
      auto step = engine::again_or_failed(progress.error(), call, kUnreachablePatience);
      if (std::holds_alternative<engine::Failed>(step)) making_.reset();
      return step;
    }
    teller_.tell(*progress, call.say);
    if (!progress->done) return engine::RetryAfter{next_pass(progress->waited), ""};
    const auto node = making_->slice();
    making_.reset();
    call.say("ready", fmt::format("the virtual node {} is Ready", node));
    return engine::Done{node, {{"node", node}}};
  }

  engine::Step remove(const engine::Current& current, const engine::Call& call) override {
    auto home = desk_.kubernetes.home(call.stop);
    if (!home) return engine::Failed{home_failure(home.error())};
    if (!unmaking_) {
      auto begun = begin_removal(**home, call);
      if (!begun) return engine::Failed{begun.error()};
      if (!unmaking_) return engine::Done{current.id, {}};
    }
    const auto progress = unmaking_->advance(**home, nullptr, call.stop);
    if (!progress && !forced_ && is_cloud_away(**home, call)) return give_up_on_cloud(call);
    if (!progress) return engine::Failed{progress.error()};
    teller_.tell(*progress, call.say);
    if (!progress->done) return engine::RetryAfter{next_pass(progress->waited), ""};
    unmaking_.reset();
    return engine::Done{current.id, {}};
  }

 private:
  // True when there is anything of a peering.
  Result<bool> see(engine::Observed& out, const engine::Call& call) {
    auto* home = TRY(desk_.kubernetes.home(call.stop));
    const auto record = TRY(desk_.machine.machine->record());
    const auto cloud = only_home_ || !record ? Result<kube::Client*>(nullptr) : desk_.kubernetes.cloud(call.stop);
    const auto state = TRY(liqo::look_at_peering(*home, cloud ? *cloud : nullptr, out.id, call.stop));
    if (!state.any) return false;
    out.attributes = {{"home", state.home_id}, {"cloud", state.cloud_id}, {"resources", liqo::to_json(state.asked)}};
    if (record && state.tenant && state.same_cloud) out.attributes.as_object()["instance"] = record->instance;
    out.outputs = {{"node", state.cloud_id}};
    const auto trouble = cloud ? state.trouble : cloud.error().sentence();
    if (!trouble.empty()) {
      out.status = engine::Status::kPending;
      out.status_detail = trouble;
    }
    return true;
  }

  Result<liqo::Progress> advance(const Json& inputs, const engine::Call& call) {
    auto* home = TRY(desk_.kubernetes.home(call.stop));
    auto* cloud = TRY(desk_.kubernetes.cloud(call.stop));
    if (!making_) {
      auto request = TRY(peering_request(desk_.cluster, desk_.kubernetes));
      request.resources = liqo::resources_at(inputs, "resources");
      making_.emplace(std::move(request));
      teller_ = {};
    }
    return making_->advance({*home, *cloud}, call.stop);
  }

  // Leaves nothing behind in unmaking_ when there is nothing to remove.
  Result<> begin_removal(kube::Client& home, const engine::Call& call) {
    const auto id = cloud_cluster_id(desk_.cluster);
    const auto state = TRY(liqo::look_at_peering(home, nullptr, id, call.stop));
    teller_ = {};
    forced_ = !state.api_trouble.empty();
    unmaking_.emplace(forced_ ? liqo::Way::kForced : liqo::Way::kAbandon, state.home_id, id);
    return {};
  }

  bool is_cloud_away(kube::Client& home, const engine::Call& call) const {
    const auto state = liqo::look_at_peering(home, nullptr, cloud_cluster_id(desk_.cluster), call.stop);
    return state && !state->api_trouble.empty();
  }
  // It went away in the middle: nothing is drained to the end.
  engine::Step give_up_on_cloud(const engine::Call& call) {
    call.say("forced", "the cloud does not let go: freeing home without it");
    forced_ = true;
    unmaking_.emplace(liqo::Way::kForced, home_cluster_id(desk_.cluster), cloud_cluster_id(desk_.cluster));
    return engine::RetryAfter{0s, ""};
  }

  ClusterDesk desk_;
  bool only_home_;
  // One step at a time works on the peering.
  std::optional<liqo::Peering> making_;
  std::optional<liqo::Unpeering> unmaking_;
  bool forced_ = false;
  Teller teller_;
};

}  // namespace

liqo::Resources offered_resources(const spec::Cluster& cluster) {
  int cpus = 0, memory = 0, gpus = 0, machines = 1;
  const auto add = [&](const std::string& type, int count) {
    if (const auto* facts = aws::type_facts(type)) {
      cpus += count * facts->vcpus;
      memory += count * facts->memory_gib;
    }
  };
  add(cluster.lighthouse.instance_type, 1);
  for (const auto& pool : cluster.workers) {
    if (!pool.instance_types.empty()) add(pool.instance_types.front(), pool.max);
    gpus += pool.gpus * pool.max;
    machines += pool.max;
  }
  liqo::Resources out{{"pods", std::to_string(machines * kPodsPerMachine)}};
  if (cpus > 0) out["cpu"] = std::to_string(cpus);
  if (memory > 0) out["memory"] = fmt::format("{}Gi", memory);
  if (gpus > 0) out["nvidia.com/gpu"] = std::to_string(gpus);
  return out;
}

Result<liqo::PeeringRequest> peering_request(const spec::Cluster& cluster, Kubernetes& kubernetes) {
  auto* cloud = TRY(kubernetes.cloud({}));
  return liqo::PeeringRequest{offered_resources(cluster), kubernetes.cloud_server(), cloud->access().tls.authorities};
}

std::shared_ptr<engine::Kind> peering_kind(ClusterDesk desk, bool only_home) {
  return std::make_shared<PeeringKind>(std::move(desk), only_home);
}

}  // namespace tombolo::cluster
