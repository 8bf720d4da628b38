// Namespaces of home that may use the cloud.
#include <fmt/format.h>

#include <algorithm>

#include "cluster/gitops.hpp"
#include "cluster/peering_kinds.hpp"
#include "engine/retry.hpp"
#include "liqo/offloading.hpp"

namespace tombolo::cluster {

namespace {

using engine::Json;
using namespace std::chrono_literals;

constexpr auto kPhase = 60s;

class OffloadingKind final : public engine::ConvergedKind {
 public:
  OffloadingKind(ClusterDesk desk, bool only_ours) : desk_(std::move(desk)), only_ours_(only_ours) {}
  std::string name() const override { return std::string(kOffloadingKind); }
  std::vector<std::string> needs() const override { return {std::string(kPeeringKind)}; }

  Result<std::vector<engine::Observed>> observe(const engine::Call& call) override {
    std::vector<engine::Observed> out;
    auto home = desk_.kubernetes.home(call.stop);
    if (!home) return out;  // the peering says so
    const auto found = liqo::list_where_served(**home, liqo::kNamespaceOffloadings, "", call.stop);
    if (!found && found.error().code() == Code::kCancelled) return fail(found.error());
    if (!found) return out;
    for (const auto& object : *found) {
      const auto name = kube::namespace_of(object);
      const bool ours = cluster::is_ours(object, desk_.cluster);
      if (!ours && (only_ours_ || !is_named(name))) continue;
      auto one = seen(name, name);
      one.attributes = {{"strategy", codec::text_at(object, "spec.podOffloadingStrategy")},
                        {"mapping", codec::text_at(object, "spec.namespaceMappingStrategy")}};
      const auto state = liqo::offloading_state(object);
      one.outputs = {{"remoteName", state.remote_name}};
      if (kube::is_being_deleted(object))
        one.status = engine::Status::kGoing;
      else if (!state.ready()) {
        one.status = engine::Status::kPending;
        one.status_detail = describe(state);
      }
      out.push_back(std::move(one));
    }
    return out;
  }

  engine::Verdict compare(const engine::Wish& wish, const engine::Observed& observed) const override {
    return {differences(wish, observed, {"strategy", "mapping"}), {}};
  }

  engine::Step converge(const engine::Wish& wish, const engine::Current& current, const engine::Call& call) override {
    auto home = desk_.kubernetes.home(call.stop);
    if (!home) return engine::Failed{home_failure(home.error())};
    if (is_gitops()) {
      const kube::ObjectName name{liqo::kNamespaceOffloadings, current.address.name,
                                  std::string(liqo::kOffloadingName)};
      const auto there = liqo::find_where_served(**home, name, call.stop);
      if (there && !*there) return wait_for_gitops(desk_.cluster, name.text() + " is not applied yet", call);
    }
    const auto state = settle(**home, current.address.name, wish.inputs, call);
    if (!state) return engine::again_or_failed(home_failure(state.error()), call, kPhase);
    if (state->ready()) {
      call.say("ready", fmt::format("it is {} in the cloud", state->remote_name));
      return engine::Done{current.address.name, {{"remoteName", state->remote_name}}};
    }
    if (call.clock.now() - call.since >
        (is_gitops() ? std::max<Duration>(kPhase, desk_.cluster.home.gitops_wait) : kPhase))
      return engine::Failed{Error(Code::kTimeout, fmt::format("the namespace {} is not offloaded: {}",
                                                              current.address.name, describe(*state)))
                                .hint("`tombolo why peering` looks for the cause.")};
    return engine::RetryAfter{100ms, ""};
  }

  engine::Step remove(const engine::Current& current, const engine::Call& call) override {
    auto home = desk_.kubernetes.home(call.stop);
    if (!home) return engine::Failed{home_failure(home.error())};
    const auto ours = is_ours(**home, current.address.name, call);
    if (!ours) return engine::Failed{ours.error()};
    if (!*ours) return engine::Done{current.id, {}};
    const auto gone = liqo::unoffload(**home, current.address.name, call.stop);
    if (!gone) return engine::Failed{gone.error()};
    // In `down` the peering goes next, which waits for it.
    if (*gone || only_ours_) return engine::Done{current.id, {}};
    if (call.clock.now() - call.since > kPhase)
      return engine::Failed{Error(Code::kTimeout, fmt::format("the offloading of the namespace {} does not go away",
                                                              current.address.name))
                                .hint("Liqo's controller at home holds it: `tombolo status` shows how that is.")};
    return engine::RetryAfter{100ms, ""};
  }

 private:
  bool is_gitops() const { return desk_.cluster.home.manage == spec::Manage::kGitops; }
  bool is_named(const std::string& name) const {
    return std::ranges::count(desk_.cluster.liqo.offloaded_namespaces, name) > 0;
  }
  static std::string describe(const liqo::OffloadingState& state) {
    const auto phase = state.phase.empty() ? std::string("Liqo has not looked at it yet") : state.phase;
    return state.trouble.empty() ? phase : phase + ", " + state.trouble;
  }
  // False also when it is gone.
  Result<bool> is_ours(kube::Client& home, const std::string& name, const engine::Call& call) const {
    const auto found =
        kube::find(home, {liqo::kNamespaceOffloadings, name, std::string(liqo::kOffloadingName)}, call.stop);
    if (!found && found.error().code() == Code::kNotFound) return false;
    if (!found) return fail(found.error());
    return *found && cluster::is_ours(**found, desk_.cluster);
  }

  Result<liqo::OffloadingState> settle(kube::Client& home, const std::string& name, const Json& inputs,
                                       const engine::Call& call) {
    const kube::ObjectName object{liqo::kNamespaceOffloadings, name, std::string(liqo::kOffloadingName)};
    if (!is_gitops()) {
      liqo::Offloading wish;
      wish.name_space = name;
      wish.strategy = codec::text_at(inputs, "strategy");
      wish.mapping = codec::text_at(inputs, "mapping");
      const auto there = TRY(kube::find(home, object, call.stop));
      const bool foreign = there && !cluster::is_ours(*there, desk_.cluster);
      TRY(liqo::offload(home, wish, foreign ? Json() : home_labels(desk_.cluster), call.stop));
    }
    const auto found = TRY(kube::find(home, object, call.stop));
    return found ? liqo::offloading_state(*found) : liqo::OffloadingState{};
  }

  ClusterDesk desk_;
  bool only_ours_;
};

}  // namespace

std::shared_ptr<engine::Kind> offloading_kind(ClusterDesk desk, bool only_ours) {
  return std::make_shared<OffloadingKind>(std::move(desk), only_ours);
}

}  // namespace tombolo::cluster
