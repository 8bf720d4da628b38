#include "cluster/by_hand.hpp"

#include <fmt/format.h>

#include <optional>

#include "cluster/passes.hpp"
#include "engine/retry.hpp"
#include "kube/logs.hpp"

namespace tombolo::cluster {

namespace {

using namespace std::chrono_literals;

constexpr auto kMayPass = 2min;
constexpr auto kOffloading = 60s;
constexpr auto kNoCluster = 3s;  // Liqo says so at first in a good one, too
constexpr auto kUnoffloading = 2min;
constexpr auto kLook = 100ms;

kube::ObjectName offloading_in(const std::string& name_space) {
  return {liqo::kNamespaceOffloadings, name_space, std::string(liqo::kOffloadingName)};
}

// Takes the trial's pod away, at the latest when it is forgotten.
class Cleanup {
 public:
  Cleanup(kube::Client& home, kube::ObjectName pod) : home_(home), pod_(std::move(pod)) {}
  ~Cleanup() {
    if (!done_) (void)now();
  }
  Cleanup(const Cleanup&) = delete;
  Cleanup& operator=(const Cleanup&) = delete;
  // No stop token: who wants out wants the pod away, too.
  Result<> now() {
    done_ = true;
    kube::DeleteOptions options;
    options.grace_seconds = 1;
    TRY(kube::remove(home_, pod_, {}, options));
    return kube::wait_until_gone(home_, pod_, "", 60s, {});
  }

 private:
  kube::Client& home_;
  kube::ObjectName pod_;
  bool done_ = false;
};

// Without a Ready node the pod would only wait, and say so in the scheduler's words.
Result<> check_node(kube::Client& home, const std::string& name, const std::stop_token& stop) {
  const auto node = TRY(kube::find(home, {kube::kNodes, "", name}, stop));
  if (!node)
    return fail(Code::kState, fmt::format("home has no virtual node {}", name),
                "Run `tombolo up` or `tombolo peer`; `tombolo why peering` says what is missing.");
  const auto ready = kube::condition_of(*node, "Ready");
  if (ready && ready->holds()) return {};
  return fail(Code::kState,
              fmt::format("the virtual node {} is not Ready: {}", name, ready ? ready->message : "it has not reported"),
              "`tombolo why node` looks for the cause.");
}

Result<std::vector<std::string>> first_lines(kube::Client& home, const kube::ObjectName& pod,
                                             const std::stop_token& stop) {
  std::vector<std::string> lines;
  kube::LogOptions options;
  options.patience = 10s;
  TRY(kube::logs(
      home, pod, options,
      [&](std::string_view line) {
        lines.emplace_back(line);
        return lines.size() < 2;
      },
      stop));
  return lines;
}

}  // namespace

Result<> ByHand::go_through(const std::function<Result<liqo::Progress>()>& pass, const std::stop_token& stop) {
  Teller teller;
  std::optional<Time> failing_since;
  while (true) {
    const auto progress = pass();
    Duration pause = 1s;
    if (progress) {
      failing_since.reset();
      teller.tell(*progress, say_);
      if (progress->done) return {};
      pause = next_pass(progress->waited);
    } else {
      if (!failing_since) failing_since = clock_.now();
      if (!engine::reaction(progress.error().code()).again || clock_.now() - *failing_since > kMayPass)
        return fail(progress.error());
      say_("again", progress.error().sentence());
    }
    if (!clock_.sleep_for(pause, stop))
      return fail(Code::kCancelled, "stopped; what was begun stays", "Run the command again to go on.");
  }
}

Result<> ByHand::wait_until(const std::function<Result<bool>()>& ready, Duration patience,
                            const std::function<std::string()>& what, const std::stop_token& stop) {
  const auto until = clock_.now() + patience;
  while (!TRY(ready())) {
    if (clock_.now() > until) return fail(Code::kTimeout, what(), "`tombolo why peering` looks for the cause.");
    if (!clock_.sleep_for(kLook, stop)) return fail(Code::kCancelled, "stopped while waiting; what was begun stays");
  }
  return {};
}

Result<liqo::Parties> ByHand::peer(const liqo::PeeringRequest& request, const std::stop_token& stop) {
  liqo::Peering peering(request);
  TRY(go_through(
      [&]() -> Result<liqo::Progress> {
        auto* home = TRY(kubernetes_.home(stop));
        return peering.advance({*home, *TRY(kubernetes_.cloud(stop))}, stop);
      },
      stop));
  return peering.parties();
}

Result<> ByHand::unpeer(const std::string& cloud_id, bool forced, const std::stop_token& stop) {
  auto* home = TRY(kubernetes_.home(stop));
  const auto party = TRY(liqo::find_party(*home, "home", stop));
  liqo::Unpeering unpeering(forced ? liqo::Way::kForced : liqo::Way::kGraceful, party.id, cloud_id);
  return go_through(
      [&]() -> Result<liqo::Progress> {
        auto* cloud = forced ? nullptr : TRY(kubernetes_.cloud(stop));
        return unpeering.advance(*home, cloud, stop);
      },
      stop);
}

Result<ByHand::Offloaded> ByHand::offload(const liqo::Offloading& wish, const codec::Json& labels,
                                          const std::stop_token& stop) {
  auto* home = TRY(kubernetes_.home(stop));
  const auto& name = wish.name_space;
  liqo::OffloadingState state;
  Offloaded out;
  out.changed = TRY(liqo::offload(*home, wish, labels, stop));
  const auto begun = clock_.now();
  TRY(wait_until(
      [&]() -> Result<bool> {
        state = liqo::offloading_state(TRY(kube::get(*home, offloading_in(name), stop)));
        if (state.phase == "NoClusterSelected" && clock_.now() - begun > kNoCluster)
          return fail(
              Code::kState, fmt::format("the namespace {} is marked, but no virtual node is selected for it", name),
              "Peer first (`tombolo up` or `tombolo peer`), or look at --select: `tombolo why peering` says more.");
        return state.ready();
      },
      kOffloading,
      [&] { return fmt::format("the namespace {} is not offloaded: {} {}", name, state.phase, state.trouble); }, stop));
  out.remote_name = state.remote_name;
  return out;
}

Result<> ByHand::unoffload(const std::string& name_space, const std::stop_token& stop) {
  auto* home = TRY(kubernetes_.home(stop));
  return wait_until([&] { return liqo::unoffload(*home, name_space, stop); }, kUnoffloading,
                    [&] { return fmt::format("the offloading of {} does not go away", name_space); }, stop);
}

Result<std::string> ByHand::node_in_cloud(kube::Client& home, const kube::ObjectName& pod,
                                          const std::stop_token& stop) {
  const auto offloading = TRY(kube::find(home, offloading_in(pod.name_space), stop));
  const auto remote = offloading ? liqo::offloading_state(*offloading).remote_name : "";
  auto cloud = kubernetes_.cloud(stop);
  if (!cloud || remote.empty()) return std::string();
  const auto there = TRY(kube::find(**cloud, {kube::kPods, remote, pod.name}, stop));
  return there ? codec::text_at(*there, "spec.nodeName") : "";
}

Result<ByHand::Tried> ByHand::look_at_trial(kube::Client& home, const kube::ObjectName& pod, Duration patience,
                                            const std::stop_token& stop) {
  const auto begun = clock_.now();
  std::string said;
  Tried out;
  while (true) {
    const auto state = liqo::trial_state(TRY(kube::get(home, pod, stop)));
    out.node = state.node;
    if (state.runs) break;
    if (!state.waiting.empty() && std::exchange(said, state.waiting) != state.waiting) say_("waiting", state.waiting);
    if (state.hopeless || clock_.now() - begun > patience)
      return fail(
          Code::kTimeout,
          fmt::format("{} does not run{}: {}", pod.text(), state.hopeless ? "" : " after " + format_duration(patience),
                      state.waiting),
          fmt::format("`tombolo test --keep` and then `tombolo why {} -n {}` say why.", pod.name, pod.name_space));
    if (!clock_.sleep_for(kLook, stop)) return fail(Code::kCancelled, "stopped; the test pod is removed");
  }
  out.log = TRY(context(first_lines(home, pod, stop), "reading its log through the virtual node"));
  out.took = clock_.now() - begun;
  out.remote_node = TRY(node_in_cloud(home, pod, stop));
  return out;
}

Result<ByHand::Tried> ByHand::try_out(const liqo::Trial& trial, bool keep, Duration patience,
                                      const std::stop_token& stop) {
  auto* home = TRY(kubernetes_.home(stop));
  const kube::ObjectName pod{kube::kPods, trial.name_space, trial.name};
  TRY(check_node(*home, trial.node, stop));
  TRY(liqo::sweep_trials(*home, trial.name_space, trial.name, stop));
  say_("create", fmt::format("{} for the node {}", pod.text(), trial.node));
  std::optional<Cleanup> cleanup;
  if (!keep) cleanup.emplace(*home, pod);
  TRY(kube::create(*home, pod, liqo::trial_pod(trial), stop));
  auto out = TRY(look_at_trial(*home, pod, patience, stop));
  if (cleanup) TRY(context(cleanup->now(), "removing the test pod"));
  return out;
}

}  // namespace tombolo::cluster
