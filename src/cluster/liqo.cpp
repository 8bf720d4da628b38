// Liqo on one side: in the cloud the bootstrap has installed it, at home it is laid from here or somebody else has installed it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cluster/gitops.hpp"
#include "cluster/home_flux.hpp"
#include "cluster/home_liqo.hpp"
#include "cluster/machine_trouble.hpp"
#include "engine/retry.hpp"
#include "liqo/installation.hpp"
#include "liqo/parties.hpp"
#include "liqo/release.hpp"

namespace tombolo::cluster {

namespace {

using engine::Json;

constexpr auto kReady = std::chrono::minutes(5);
// Flux fetches the chart first, and then gives Helm five minutes.
constexpr auto kReadyByFlux = std::chrono::minutes(10);
// A release that fails may still come: Flux tries again by itself. That long it may fail without a break.
constexpr auto kFailing = std::chrono::minutes(2);
constexpr auto kAway = std::chrono::minutes(2);
constexpr auto kHurry = std::chrono::seconds(1);
constexpr auto kLiqoAnswer = std::chrono::seconds(15);

class LiqoKind final : public engine::ConvergedKind {
 public:
  LiqoKind(ClusterDesk desk, bool only_home) : desk_(std::move(desk)), only_home_(only_home) {}
  std::string name() const override { return std::string(kLiqoKind); }
  std::vector<std::string> needs() const override { return {std::string(kK3sKind), std::string(kHomeNebulaKind)}; }

  Result<std::vector<engine::Observed>> observe(const engine::Call& call) override {
    std::vector<engine::Observed> out;
    if (auto home = look_home(call)) out.push_back(std::move(*home));
    if (only_home_) return out;
    if (auto cloud = look_cloud(call)) out.push_back(std::move(*cloud));
    if (call.stop.stop_requested()) return fail(Code::kCancelled, "stopped while looking");
    return out;
  }

  // Of somebody else's installation nothing is known that could differ.
  engine::Verdict compare(const engine::Wish& wish, const engine::Observed& observed) const override {
    auto changes = differences(wish, observed, {"version", "namespace", "values", "instance"});
    // What is laid anew for another reason takes these back, too.
    if (changes.empty()) changes = taken_back(observed);
    return {std::move(changes), {}};
  }
  engine::Step converge(const engine::Wish& wish, const engine::Current& current, const engine::Call& call) override {
    return current.address.name == "home" ? converge_home(wish.inputs, call) : converge_cloud(wish.inputs, call);
  }
  engine::Step remove(const engine::Current& current, const engine::Call& call) override {
    if (current.address.name != "home") return engine::Done{current.id, {}};  // it goes with its machine
    auto client = desk_.kubernetes.home(call.stop);
    if (!client) return engine::Failed{home_failure(client.error())};
    if (auto gone = take_liqo_away(**client, desk_.cluster, call.stop); !gone)
      return engine::Failed{home_failure(gone.error())};
    return engine::Done{current.id, {}};
  }

 private:
  static Json outputs(const liqo::Installation& i) {
    return {{"clusterID", i.cluster_id}, {"namespace", i.name_space}, {"version", i.version}};
  }
  static void judge(const liqo::Installation& i, engine::Observed& out) {
    out.id = i.cluster_id;
    out.outputs = outputs(i);
    if (!i.ready()) {
      out.status = engine::Status::kPending;
      out.status_detail = fmt::format("{}", fmt::join(i.troubles, "; "));
    }
  }
  using Sighting = std::optional<engine::Observed>;

  // `look` fills in what it finds and says whether there is anything. A side that cannot be asked may have everything.
  template <class Look>
  Sighting look_at(std::string_view side, Look look) const {
    auto out = seen(std::string(side), "");
    const Result<bool> found = look(out);
    if (found) return *found ? Sighting(std::move(out)) : std::nullopt;
    out.status = engine::Status::kPending;
    out.status_detail = found.error().sentence();
    return out;
  }

  Sighting look_home(const engine::Call& call) const {
    return look_at("home", [&](engine::Observed& out) -> Result<bool> {
      auto* client = TRY(desk_.kubernetes.home(call.stop));
      const auto installed = TRY(liqo::find_installation(*client, call.stop));
      const auto inventory = TRY(read_inventory(*client, desk_.cluster, call.stop));
      const bool begun = inventory || TRY(has_own_namespace(*client, desk_.cluster, call.stop));
      if (begun) out.attributes = inventory ? inventory->made_from : Json(codec::JsonObject{});
      // Of the exported tree it can be said whether it is of this file. It is not ours to take away.
      if (!inventory && by_gitops() && !only_home_)
        if (const auto release = TRY(release_of_tree(*client, call));
            release && !made_from(*release).as_object().empty())
          out.attributes = made_from(*release);
      if (inventory && !only_home_)
        if (auto changed = changed_by_hand(*client, desk_.cluster, *inventory, call.stop))
          out.attributes.as_object()["byHand"] = std::move(*changed);
      if (installed) {
        judge(*installed, out);
      } else if (begun) {
        // Not its first id, which the journal remembers as gone once Liqo has said its own.
        out.id = "laid in part";
        out.status = engine::Status::kPending;
        const auto release = TRY(find_release(*client, call));
        out.status_detail = release && !release->trouble.empty() ? release->trouble : "it is laid in part only";
      }
      return installed || begun;
    });
  }

  Sighting look_cloud(const engine::Call& call) const {
    const auto record = desk_.machine.machine->record();
    if (!record || !*record) return std::nullopt;
    return look_at("cloud", [&](engine::Observed& out) -> Result<bool> {
      out.attributes = {{"instance", (*record)->instance}};
      const auto client = desk_.kubernetes.cloud(call.stop);
      if (!client && client.error().code() == Code::kNotFound) return false;  // no credentials: it was never ready
      const auto installed = TRY(liqo::find_installation(*TRY(client), call.stop));
      if (installed) judge(*installed, out);
      return installed.has_value();
    });
  }

  engine::Step converge_cloud(const Json& inputs, const engine::Call& call) {
    const auto report = desk_.machine.machine->report({{}, call.attempt > 0}, kLiqoAnswer, call.stop);
    if (!report) return again_or_failed("cloud", report.error(), call);
    say_progress(*report, *desk_.machine.told, call);
    const auto bootstrap = desk_.machine.bootstrap();
    if (!bootstrap) return engine::Failed{bootstrap.error()};
    if (report->running) return engine::RetryAfter{next_look(*report), ""};
    if (report->revision != cloudinit::revision(*bootstrap))
      return engine::Failed{bootstrap_failure(codec::text_at(inputs, "instance"), *report)};
    auto client = desk_.kubernetes.cloud(call.stop);
    if (!client) return again_or_failed("cloud", client.error(), call);
    const auto installed = liqo::find_installation(**client, call.stop);
    if (!installed) return again_or_failed("cloud", installed.error(), call);
    // Somebody has taken it away since.
    if (!*installed && !std::exchange(delivered_, true))
      return deliver(desk_.machine, *bootstrap, "Liqo is not in the cloud any more: installing it again", call);
    away_cloud_.over();
    return settle("cloud", **client, *installed, call.since, call);
  }

  engine::Step converge_home(const Json& inputs, const engine::Call& call) {
    auto client = desk_.kubernetes.home(call.stop);
    if (!client) return again_or_failed("home", client.error(), call);
    if (laid_ != codec::to_canonical_text(inputs)) {
      if (by_gitops())
        if (auto wait = awaited(**client, inputs, call)) return std::move(*wait);
      const auto done = lay_home(**client, inputs, call);
      if (!done && done.error().code() == Code::kNotFound && call.clock.now() - call.since < kReady)
        return engine::RetryAfter{std::chrono::milliseconds(500), ""};  // the lighthouse still fetches the chart
      if (!done) return again_or_failed("home", done.error(), call);
      laid_ = codec::to_canonical_text(inputs);
      laid_at_ = call.clock.now();
    }
    auto step = settle_home(**client, call);
    if (std::holds_alternative<engine::Done>(step) && !laid_.empty())
      if (const auto kept = keep_marks(**client, desk_.cluster, call.stop); !kept)
        return again_or_failed("home", kept.error(), call);
    return step;
  }

  // Somebody else's Liqo is used as it is.
  Result<> lay_home(kube::Client& home, const Json& inputs, const engine::Call& call) {
    const auto installed = TRY(liqo::find_installation(home, call.stop));
    const auto inventory = TRY(read_inventory(home, desk_.cluster, call.stop));
    if (installed && !inventory) {
      call.say("adopt",
               fmt::format("Liqo {} is in the namespace {} already{}", installed->version, installed->name_space,
                           installed->installer.empty() ? "" : ", by " + installed->installer));
      return {};
    }
    if (by_gitops()) return {};
    const auto applied = TRY(lay_liqo(desk_, home, inputs, call.stop));
    call.say("apply", fmt::format("{} objects, {} changed", applied.objects, applied.changed));
    return {};
  }

  bool by_gitops() const { return desk_.cluster.home.manage == spec::Manage::kGitops; }
  Result<std::optional<Json>> release_of_tree(kube::Client& home, const engine::Call& call) const {
    return liqo::find_where_served(
        home, {liqo::kHelmReleases, desk_.cluster.home.liqo_namespace, std::string(kFluxName)}, call.stop);
  }
  Result<std::optional<liqo::Release>> find_release(kube::Client& home, const engine::Call& call) const {
    return liqo::find_release(home, desk_.cluster.home.liqo_namespace, std::string(kFluxName), call.stop);
  }

  // How the step goes on while GitOps has not applied Liqo's part of the tree; nothing when it has, or Liqo is there otherwise.
  std::optional<engine::Step> awaited(kube::Client& home, const Json& inputs, const engine::Call& call) {
    const auto& cluster = desk_.cluster;
    const auto missing = [&]() -> Result<std::pair<std::string, std::string>> {
      if (TRY(read_inventory(home, cluster, call.stop))) return {};  // of the days before home.manage was gitops
      const auto release = TRY(release_of_tree(home, call));
      const auto name = fmt::format("{} {}/{}", liqo::kHelmReleases.kind, cluster.home.liqo_namespace, kFluxName);
      if (release && made_from(*release).as_object().empty()) return {};  // somebody's own
      if (release && is_from(*release, inputs)) return {};
      if (release) return {{name + " is from an export of something else: run `tombolo export` and commit that", ""}};
      if (TRY(liqo::find_installation(home, call.stop))) return {};
      if (!TRY(has_flux(home, call.stop)))
        return {
            {name + " is not applied, for Flux is not at home",
             "Install Flux' source-controller and helm-controller, or Liqo by any other means; then run `tombolo up` "
             "again."}};
      return {{name + " is not applied yet", ""}};
    }();
    if (!missing) return again_or_failed("home", missing.error(), call);
    if (missing->first.empty()) return std::nullopt;
    return wait_for_gitops(cluster, missing->first, call, missing->second);
  }

  // With Flux the release says more, and earlier, than what there is of Liqo.
  engine::Step settle_home(kube::Client& client, const engine::Call& call) {
    const auto found = find_release(client, call);
    if (!found) return again_or_failed("home", found.error(), call);
    const auto installed = liqo::find_installation(client, call.stop);
    if (!installed) return again_or_failed("home", installed.error(), call);
    away_home_.over();
    const auto release = found->value_or(liqo::Release{});
    if (!release.failing) failing_since_ = {};
    const bool runs_all_the_same = release.suspended && *installed && (*installed)->ready();
    if (release.trouble.empty() || runs_all_the_same) return settle("home", client, *installed, laid_at_, call);
    if (release.failing && failing_since_ == Time{}) failing_since_ = call.clock.now();
    auto trouble = release.trouble;
    // While it is under way, a pod that does not start is what it waits for.
    if (!release.failing && !release.suspended && *installed && !(*installed)->ready() &&
        (*installed)->troubles.front() != release.trouble)
      trouble += "; " + (*installed)->troubles.front();
    const bool given_up = release.suspended || release.hopeless;
    const auto now = call.clock.now();
    if (given_up || (release.failing && now - failing_since_ > kFailing) || now - laid_at_ > kReadyByFlux)
      return engine::Failed{
          Error(given_up ? Code::kBroken : Code::kTimeout, "Liqo in the home cluster does not become ready: " + trouble)
              .hint(release.advice)};
    if (std::exchange(home_.said, trouble) != trouble)
      call.say("flux", release.failing ? fmt::format("{}. {}", trouble, release.advice) : trouble);
    return engine::RetryAfter{std::chrono::milliseconds(400), ""};
  }

  engine::Step settle(std::string_view side, kube::Client& client, const std::optional<liqo::Installation>& installed,
                      Time since, const engine::Call& call) {
    auto& watch = side == "home" ? home_ : cloud_;
    if (installed && installed->ready()) {
      call.say("ready", fmt::format("Liqo {} as {}", installed->version, installed->cluster_id));
      return engine::Done{installed->cluster_id, outputs(*installed)};
    }
    const auto trouble = installed ? installed->troubles.front() : std::string("it is not there yet");
    if (call.clock.now() - since > kReady)
      return engine::Failed{
          Error(Code::kTimeout, fmt::format("Liqo in the {} cluster does not become ready: {}", side, trouble))
              .hint("`tombolo status` lists its pods and why they wait.")};
    if (std::exchange(watch.said, trouble) != trouble) call.say("liqo", trouble);
    if (installed && call.clock.now() - watch.hurried >= kHurry) {
      watch.hurried = call.clock.now();
      // Who may not is served at the kubelet's own pace.
      (void)kube::hurry(client, installed->pods, call.stop);
    }
    return engine::RetryAfter{std::chrono::milliseconds(400), ""};
  }

  engine::Step again_or_failed(std::string_view side, const Error& error, const engine::Call& call) {
    const bool home = side == "home";
    return (home ? away_home_ : away_cloud_)
        .again_or_failed(error, home ? given_up(error) : error, std::string(side), call, kAway);
  }

  ClusterDesk desk_;
  bool only_home_;
  // One step at a time works on home, another on the cloud.
  std::string laid_;  // what this run has laid at home, or has seen applied
  Time laid_at_{}, failing_since_{};  // at home
  bool delivered_ = false;  // the cloud's bootstrap, once more
  struct Watch {
    std::string said;  // what was said last
    Time hurried{};  // when its kubelets were
  };
  Watch home_, cloud_;
  engine::Absence away_home_, away_cloud_;
};

}  // namespace

std::shared_ptr<engine::Kind> liqo_kind(ClusterDesk desk, bool only_home) {
  return std::make_shared<LiqoKind>(std::move(desk), only_home);
}

}  // namespace tombolo::cluster
