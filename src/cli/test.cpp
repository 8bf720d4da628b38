// tombolo test: the recipe's test pod, from home to the cloud and back.
#include <fmt/format.h>

#include <ostream>

#include "base/ids.hpp"
#include "cli/by_hand.hpp"
#include "cli/commands.hpp"
#include "cli/table.hpp"
#include "kube/logs.hpp"
#include "liqo/trial.hpp"

namespace tombolo::cli {
namespace {

using namespace std::chrono_literals;

// Removes the pod however this ends; what a kill leaves, the next run sweeps, and the pod ends by itself.
class Cleanup {
 public:
  Cleanup(kube::Client& home, kube::ObjectName pod) : home_(home), pod_(std::move(pod)) {}
  ~Cleanup() {
    if (!done_) (void)now();
  }
  Cleanup(const Cleanup&) = delete;
  Cleanup& operator=(const Cleanup&) = delete;
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

struct Seen {
  std::string node;          // of home: the virtual one
  std::string remote_node;   // where it really ran; "" when the cloud was not asked
  std::vector<std::string> log;
  Duration took{};
};

// Until two lines have come: what it says, and its host.
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

Result<liqo::TrialState> wait_until_it_runs(Invocation& call, const ByHand& hand, kube::Client& home,
                                            const kube::ObjectName& pod, Duration patience) {
  auto& clock = hand.runtime->clock();
  const auto until = clock.now() + patience;
  std::string said;
  const auto say = telling(call);
  while (true) {
    const auto state = liqo::trial_state(TRY(kube::get(home, pod, call.stop)));
    if (state.runs) return state;
    if (!state.waiting.empty() && std::exchange(said, state.waiting) != state.waiting) say("waiting", state.waiting);
    if (state.hopeless || clock.now() > until)
      return fail(
          Code::kTimeout,
          fmt::format("{} does not run{}: {}", pod.text(), state.hopeless ? "" : " after " + format_duration(patience),
                      state.waiting),
          fmt::format("`tombolo test --keep` and then `tombolo why {} -n {}` say why.", pod.name, pod.name_space));
    if (!clock.sleep_for(100ms, call.stop)) return fail(Code::kCancelled, "stopped; the test pod is removed");
  }
}

Result<Seen> look_at(Invocation& call, const ByHand& hand, kube::Client& home, const kube::ObjectName& pod,
                     Duration patience) {
  const auto begun = hand.runtime->clock().now();
  Seen out;
  out.node = TRY(wait_until_it_runs(call, hand, home, pod, patience)).node;
  out.log = TRY(context(first_lines(home, pod, call.stop), "reading its log through the virtual node"));
  out.took = hand.runtime->clock().now() - begun;
  // From the other side: the same pod as the cloud's own API server has it.
  const auto offloading = TRY(
      kube::find(home, {liqo::kNamespaceOffloadings, pod.name_space, std::string(liqo::kOffloadingName)}, call.stop));
  const auto remote = offloading ? codec::text_at(*offloading, "status.remoteNamespaceName") : "";
  auto cloud = hand.session->kubernetes().cloud(call.stop);
  if (cloud && !remote.empty())
    if (const auto there = TRY(kube::find(**cloud, {kube::kPods, remote, pod.name}, call.stop)))
      out.remote_node = codec::text_at(*there, "spec.nodeName");
  return out;
}

// Without it the pod would only wait, and say so in the scheduler's words.
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

Result<Exit> run_test(Invocation& call) {
  const auto hand = TRY(open_by_hand(call, "test", cluster::Access::kLook));
  const auto& offloaded = hand.file.cluster.liqo.offloaded_namespaces;
  liqo::Trial trial;
  trial.name_space = call.args.given("--namespace") ? call.args.value("--namespace")
                     : offloaded.empty()            ? std::string("default")
                                                    : offloaded.front();
  trial.name = "tombolo-test-" + random_id(3);
  trial.image = call.args.value("--image");
  trial.node = cluster::cloud_cluster_id(hand.file.cluster);
  auto* home = TRY(hand.session->kubernetes().home(call.stop));
  const kube::ObjectName pod{kube::kPods, trial.name_space, trial.name};
  const auto seconds = std::atoi(call.args.value("--timeout").c_str());
  if (seconds < 1 || seconds > 3600) return fail(Code::kBadInput, "--timeout takes a number of seconds from 1 to 3600");
  TRY(check_node(*home, trial.node, call.stop));
  TRY(liqo::sweep_trials(*home, trial.name_space, trial.name, call.stop));
  telling(call)("create", fmt::format("{} for the node {}", pod.text(), trial.node));
  std::optional<Cleanup> cleanup;
  if (!call.args.flag("--keep")) cleanup.emplace(*home, pod);
  TRY(kube::create(*home, pod, liqo::trial_pod(trial), call.stop));
  const auto seen = TRY(look_at(call, hand, *home, pod, std::chrono::seconds(seconds)));
  if (cleanup) TRY(context(cleanup->now(), "removing the test pod"));
  if (call.console.json) {
    codec::JsonArray log(seen.log.begin(), seen.log.end());
    call.console.print({{"pod", trial.name},
                        {"namespace", trial.name_space},
                        {"node", seen.node},
                        {"remoteNode", seen.remote_node},
                        {"log", std::move(log)},
                        {"seconds", std::chrono::duration<double>(seen.took).count()}});
    return Exit::kDone;
  }
  auto& out = call.console.out;
  out << "It ran on " << seen.node << (seen.remote_node.empty() ? "" : ", in the cloud on " + seen.remote_node)
      << ", after " << format_duration(seen.took) << ". Its log, read at home:\n";
  for (const auto& line : seen.log) out << "    " << printable(line) << "\n";
  if (cleanup) out << "The pod is removed.\n";
  return Exit::kDone;
}

}  // namespace

Command make_test() {
  Command command;
  command.path = "test";
  command.summary = "Run a pod in the cloud from home and show its log";
  command.description =
      "The recipe's test pod: bound to the virtual node, with the toleration that Liqo wants (NoExecute), in the first "
      "of "
      "the offloaded namespaces. Its log is read at home, through the virtual node. The pod is removed whatever "
      "happens; "
      "one that could not be removed ends by itself within a quarter of an hour.";
  command.example = "tombolo test\ntombolo test -n llm --image registry.lan/busybox";
  command.options = {
      {"-n,--namespace", "NAME", "Namespace of home, offloaded (default: the first that the cluster file names)"},
      {"--image", "IMAGE", "Image with a shell", "busybox"},
      {"--timeout", "SECONDS", "How long it may take to run", "120"},
      {"--keep", "", "Leave the pod there, to look at it"}};
  for (auto& option : aws_options()) command.options.push_back(option);
  command.prints_data = true;
  command.run = run_test;
  return command;
}

}  // namespace tombolo::cli
