// The cloud's Kubernetes: what the bootstrap has started is followed, its credentials are taken, and its API must answer over
// the mesh address.
#include <fmt/format.h>

#include <algorithm>

#include "cluster/cluster_kinds.hpp"
#include "cluster/machine_trouble.hpp"
#include "engine/retry.hpp"
#include "kube/discovery.hpp"
#include "kube/workloads.hpp"

namespace tombolo::cluster {

namespace {

using engine::Json;

constexpr auto kAnswer = std::chrono::seconds(15);
constexpr auto kLook = std::chrono::seconds(4);
constexpr auto kApiPatience = std::chrono::minutes(2);

class K3sKind final : public engine::ConvergedKind {
 public:
  explicit K3sKind(ClusterDesk desk) : desk_(std::move(desk)) {}
  std::string name() const override { return std::string(kK3sKind); }
  std::vector<std::string> needs() const override { return {std::string(kMeshKind)}; }

  Result<std::vector<engine::Observed>> observe(const engine::Call& call) override {
    const auto record = TRY(desk_.machine.machine->record());
    if (!record) return std::vector<engine::Observed>{};
    auto out = seen("lighthouse", record->instance);
    out.attributes = {{"instance", record->instance}};
    out.outputs = {{"server", desk_.kubernetes.cloud_server()}};
    const auto pending = [&](std::string why) {
      out.status = engine::Status::kPending;
      out.status_detail = std::move(why);
      return std::vector{out};
    };
    const auto report = desk_.machine.machine->report({}, kLook, call.stop);
    if (!report) {
      if (report.error().code() == Code::kCancelled) return fail(report.error());
      return pending(report.error().sentence());
    }
    if (report->certificate_pem.empty()) return std::vector<engine::Observed>{};  // not begun
    // A bootstrap that is at work has not said yet what it has made.
    if (!report->running) out.attributes.as_object()["bootstrap"] = report->revision;
    if (const auto trouble = ask_api(call); !trouble.empty()) return pending(trouble);
    return std::vector{std::move(out)};
  }

  engine::Verdict compare(const engine::Wish& wish, const engine::Observed& observed) const override {
    auto changes = differences(wish, observed, {"instance"});
    compare_bootstrap(desk_.machine, cloudinit::revision, observed, changes);
    return {std::move(changes), {}};
  }

  engine::Step converge(const engine::Wish& wish, const engine::Current&, const engine::Call& call) override {
    const auto instance = codec::text_at(wish.inputs, "instance");
    const auto bootstrap = desk_.machine.bootstrap();
    if (!bootstrap) return engine::Failed{bootstrap.error()};
    auto report = desk_.machine.machine->report({{}, call.attempt > 0 && !has_k3s_}, kAnswer, call.stop);
    if (!report) {
      desk_.machine.machine->hang_up();
      return engine::again_or_failed(report.error(), call, std::chrono::minutes(2));
    }
    say_progress(*report, *desk_.machine.told, call);
    const auto wanted = cloudinit::revision(*bootstrap);
    has_k3s_ = phase_is_through(*report);
    if (!has_k3s_ || (report->revision != wanted && !report->running)) {
      if (report->running) {
        if (call.clock.now() - call.since > desk_.machine.patience)
          return engine::Failed{bootstrap_failure(instance, *report)};
        return engine::RetryAfter{next_look(*report), ""};
      }
      if (!first_delivery(wanted)) return engine::Failed{bootstrap_failure(instance, *report)};
      has_k3s_ = false;
      return deliver(desk_.machine, *bootstrap, "bringing the machine up to date", call);
    }
    return prove(instance, call);
  }
  engine::Step remove(const engine::Current& current, const engine::Call&) override {
    if (auto gone = desk_.kubernetes.forget_cloud(); !gone) return engine::Failed{gone.error()};
    return engine::Done{current.id, {}};
  }

 private:
  std::string first_id(const engine::Intent& intent) const override {
    return codec::text_at(intent.request, "instance");
  }

  static bool phase_is_through(const cloudinit::MachineReport& report) {
    return std::any_of(report.bootstrap.phases.begin(), report.bootstrap.phases.end(),
                       [](const auto& p) { return p.name == "k3s" && p.state == cloudinit::PhaseState::kOk; });
  }
  // Once for each revision in a run: what failed while we watched fails again.
  bool first_delivery(const std::string& wanted) { return std::exchange(delivered_, wanted) != wanted; }

  engine::Step prove(const std::string& instance, const engine::Call& call) {
    if (proving_since_ == Time{}) proving_since_ = call.clock.now();
    const auto fetched = desk_.kubernetes.fetch_cloud_credentials(call.stop);
    auto trouble = fetched ? ask_api(call) : fetched.error().sentence();
    if (fetched && *fetched) call.say("credentials", "kubeconfig and join token are here");
    if (!trouble.empty()) {
      const bool hopeless =
          !fetched && fetched.error().code() != Code::kState && !engine::reaction(fetched.error().code()).again;
      if (hopeless) return engine::Failed{fetched.error()};
      if (call.clock.now() - proving_since_ > kApiPatience)
        return engine::Failed{Error(Code::kTimeout, fmt::format("k3s on {} cannot be used: {}", instance, trouble))
                                  .hint("`tombolo ssh sudo journalctl -u k3s` and `tombolo logs` show what it says.")};
      if (std::exchange(said_, trouble) != trouble) call.say("k3s", trouble);
      return engine::RetryAfter{std::chrono::milliseconds(300), ""};
    }
    proving_since_ = {};
    call.say("API answers", desk_.kubernetes.cloud_server() + " answers over the mesh address, and its node is Ready");
    return engine::Done{instance, {{"server", desk_.kubernetes.cloud_server()}}};
  }

  // A real request with the credentials that are here; "" when the cluster can be used.
  std::string ask_api(const engine::Call& call) {
    auto client = desk_.kubernetes.cloud(call.stop);
    if (!client) return client.error().sentence();
    if (auto ready = kube::server_ready(**client, call.stop); !ready) return ready.error().sentence();
    const auto nodes = kube::nodes(**client, call.stop);
    if (!nodes) return nodes.error().sentence();
    const auto& wanted = desk_.cluster.mesh.lighthouse()->name;
    for (const auto& node : *nodes)
      if (node.name == wanted) return node.ready ? "" : fmt::format("the node {} is not Ready: {}", wanted, node.why);
    return fmt::format("there is no node {}", wanted);
  }

  ClusterDesk desk_;
  // One step at a time works on a machine.
  bool has_k3s_ = false;
  std::string delivered_;
  Time proving_since_{};
  std::string said_;
};

}  // namespace

std::shared_ptr<engine::Kind> k3s_kind(ClusterDesk desk) { return std::make_shared<K3sKind>(std::move(desk)); }

}  // namespace tombolo::cluster
