// Nebula on the home cluster: the objects, their rollout, and the device that must come up.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cluster/gitops.hpp"
#include "cluster/home_gate.hpp"
#include "cluster/home_rollout.hpp"
#include "engine/retry.hpp"
#include "kube/manifests.hpp"
#include "kube/ownership.hpp"

namespace tombolo::cluster {

namespace {

using engine::Json;

class HomeNebulaKind final : public engine::ConvergedKind {
 public:
  explicit HomeNebulaKind(ClusterDesk desk) : desk_(std::move(desk)), rollout_(desk_.cluster) {}
  std::string name() const override { return std::string(kHomeNebulaKind); }

  Result<std::vector<engine::Observed>> observe(const engine::Call& call) override {
    // The file may name another namespace by now than the one it was laid in.
    if (!desk_.nebula_laid_in.empty() && desk_.nebula_laid_in != here().space) {
      auto earlier = observe_in({desk_.nebula_laid_in}, call);
      if (!earlier || (!earlier->empty() && !is_strangers(earlier->front()))) return earlier;
    }
    return observe_in(here(), call);
  }

  engine::Verdict compare(const engine::Wish& wish, const engine::Observed& observed) const override {
    engine::Verdict out;
    if (is_strangers(observed)) {
      out.refused =
          Error(Code::kConflict, fmt::format("{} is there, and tombolo did not make it", here().daemon_set().text()))
              .hint("Remove it, or choose another home.nebulaNamespace.");
      return out;
    }
    if (!observed.attributes.is_object()) return out;
    // Its maker wrote down what it was made from; a field it did not know is a change too.
    for (const auto& [key, after] : wish.inputs.get_object()) {
      const auto* before = observed.attributes.get_object().if_contains(key);
      // One in two namespaces would be two members of one name on a node.
      const bool moves = key == "namespace" && codec::text_at(observed.outputs, "namespace") != here().space;
      if (moves || !before || codec::to_canonical_text(*before) != codec::to_canonical_text(after))
        out.changes.push_back({std::string(key), before ? *before : Json(), after, moves});
    }
    const auto trust = desk_.trust();
    if (trust && codec::text_at(observed.attributes, "trust") != *trust)
      out.changes.push_back({"trust", Json(codec::text_at(observed.attributes, "trust")), Json(*trust), false});
    // What is laid anew for another reason takes these back, too.
    if (out.changes.empty()) out.changes = taken_back(observed);
    return out;
  }

  engine::Step converge(const engine::Wish& wish, const engine::Current&, const engine::Call& call) override {
    auto client = desk_.kubernetes.home(call.stop);
    if (!client) return engine::Failed{home_failure(client.error())};
    if (applied_ != codec::to_canonical_text(wish.inputs)) {
      if (by_gitops())
        if (auto wait = awaited(**client, {here().name_space()}, {}, call)) return std::move(*wait);
      const auto done = lay(**client, wish.inputs, call);
      if (!done)
        return away_.again_or_failed(done.error(), given_up(done.error()), "home", call, std::chrono::minutes(1));
      away_.over();
      applied_ = codec::to_canonical_text(wish.inputs);
      there_since_ = {};
    }
    if (by_gitops()) {
      const auto made_from = with_trust(wish.inputs);
      if (!made_from) return engine::Failed{made_from.error()};
      if (auto wait = awaited(**client, {here().config_map(), here().daemon_set()}, *made_from, call))
        return std::move(*wait);
    }
    if (there_since_ == Time{}) there_since_ = call.clock.now();
    return rollout_.follow(**client, there_since_, call);
  }

  engine::Step remove(const engine::Current& current, const engine::Call& call) override {
    auto client = desk_.kubernetes.home(call.stop);
    if (!client) return engine::Failed{home_failure(client.error())};
    const auto space = codec::text_at(current.outputs, "namespace");
    const auto gone = take_away(**client, space.empty() ? here() : Objects{space}, call.stop);
    if (!gone) return engine::Failed{home_failure(gone.error())};
    return engine::Done{current.id, {}};
  }

 private:
  // What is ours at home, in one namespace.
  struct Objects {
    std::string space;
    kube::ObjectName name_space() const { return {kube::kNamespaces, "", space}; }
    kube::ObjectName config_map() const { return {kube::kConfigMaps, space, std::string(kNebulaName)}; }
    kube::ObjectName daemon_set() const { return nebula_daemon_set(space); }
    kube::ObjectName secret() const { return {kube::kSecrets, space, std::string(kHostSecretName)}; }
  };
  // Seen, and without attributes. One that could not be asked has no id either.
  static bool is_strangers(const engine::Observed& seen) { return !seen.attributes.is_object() && !seen.id.empty(); }
  // Where the cluster file wants them.
  Objects here() const { return {desk_.cluster.home.nebula_namespace}; }

  Result<std::vector<engine::Observed>> observe_in(const Objects& place, const engine::Call& call) const {
    auto out = seen("home", "");
    out.outputs = {{"namespace", place.space}};
    const auto object = read(place, call);
    if (!object) {
      if (object.error().code() == Code::kCancelled) return fail(object.error());
      out.status = engine::Status::kPending;
      out.status_detail = object.error().sentence();
      return std::vector{std::move(out)};
    }
    if (!*object) return begun(place, std::move(out), call);
    out.id = kube::uid_of(**object);
    if (is_ours(**object)) {
      out.attributes = made_from(**object);
      if (!by_gitops() && place.space == here().space)
        if (auto changed = changed_by_hand(**object, call)) out.attributes.as_object()["byHand"] = std::move(*changed);
    }
    if (auto trouble = kube::rollout_trouble(**object); !trouble.empty()) {
      out.status = engine::Status::kPending;
      out.status_detail = std::move(trouble);
    }
    return std::vector{std::move(out)};
  }

  // A run that ended early has left the namespace, or some of what is in it where the namespace is somebody else's.
  Result<std::vector<engine::Observed>> begun(const Objects& place, engine::Observed out,
                                              const engine::Call& call) const {
    auto* client = TRY(desk_.kubernetes.home(call.stop));
    for (const auto& name : {place.name_space(), place.config_map(), place.secret()}) {
      const auto found = TRY(kube::find(*client, name, call.stop));
      if (!found || !is_ours(*found) || kube::is_being_deleted(*found)) continue;
      out.id = kube::uid_of(*found);
      out.attributes = codec::JsonObject{};
      out.status = engine::Status::kPending;
      out.status_detail = "it is laid in part only";
      return std::vector{std::move(out)};
    }
    return std::vector<engine::Observed>{};
  }

  // Fields of ours that somebody has changed or removed since we laid them, and objects that are gone.
  Result<codec::JsonArray> changed_by_hand(const Json& daemon_set, const engine::Call& call) const {
    auto* client = TRY(desk_.kubernetes.home(call.stop));
    // The account of fields knows names only: neither certificates nor keys are needed.
    HomeMesh mesh;
    for (const auto* member : desk_.cluster.mesh.home()) mesh.members.push_back({member->name, member->node, "", {}});
    codec::JsonArray out;
    for (const auto& wanted : nebula_manifests(desk_.cluster, mesh, codec::JsonObject{})) {
      const auto kind = kube::kind_of(wanted);
      std::optional<Json> live = daemon_set;
      if (kind != kube::kDaemonSets.kind)
        live = TRY(kube::find(*client,
                              kind == kube::kNamespaces.kind   ? here().name_space()
                              : kind == kube::kConfigMaps.kind ? here().config_map()
                                                               : here().secret(),
                              call.stop));
      const auto what = fmt::format("{} {}", kind, kube::name_of(wanted));
      if (!live) out.push_back({{"field", what}, {"is", "gone"}});
      if (!live || (kind == kube::kNamespaces.kind && !is_ours(*live))) continue;
      for (const auto& field : kube::lost_fields(*live, wanted))
        out.push_back({{"field", field.path.empty() ? what : what + " " + field.path},
                       {"is", field.holder.empty() ? "removed" : "changed by " + field.holder}});
    }
    return out;
  }

  Result<std::optional<Json>> read(const Objects& place, const engine::Call& call) const {
    auto* client = TRY(desk_.kubernetes.home(call.stop));
    return kube::find(*client, place.daemon_set(), call.stop);
  }

  Result<Json> with_trust(const Json& inputs) const {
    auto out = inputs;
    out.as_object()["trust"] = TRY(desk_.trust());
    return out;
  }

  // How the step goes on while one of these is not applied, or a DaemonSet is from another export; nothing when all are there.
  std::optional<engine::Step> awaited(kube::Client& client, const std::vector<kube::ObjectName>& names,
                                      const Json& inputs, const engine::Call& call) {
    for (const auto& name : names) {
      const auto found = kube::find(client, name, call.stop);
      if (!found)
        return away_.again_or_failed(found.error(), home_failure(found.error()), "home", call,
                                     desk_.cluster.home.gitops_wait);
      away_.over();
      if (!*found || kube::is_being_deleted(**found))
        return wait_for_gitops(desk_.cluster, name.text() + " is not applied yet", call);
      if (name.resource == kube::kDaemonSets && !is_from(**found, inputs))
        return wait_for_gitops(
            desk_.cluster, name.text() + " is from an export of something else: run `tombolo export` and commit that",
            call);
    }
    return std::nullopt;
  }

  Result<> lay(kube::Client& client, const Json& inputs, const engine::Call& call) {
    const auto mesh = TRY(desk_.home_mesh(codec::text_at(inputs, "lighthouse")));
    TRY(check_home(client, desk_.cluster, call.stop));
    auto objects = nebula_manifests(desk_.cluster, mesh, TRY(with_trust(inputs)));
    const auto there = TRY(kube::find(client, here().name_space(), call.stop));
    const bool foreign = there && !is_ours(*there);
    for (const auto& name : {here().config_map(), here().secret()})
      if (const auto found = TRY(kube::find(client, name, call.stop)); found && !is_ours(*found))
        return fail(Code::kConflict, name.text() + " is there, and tombolo did not make it",
                    "Remove it, or choose another home.nebulaNamespace.");
    // Keys never enter a git repository: the Secret is laid from here even where GitOps lays the rest.
    if (by_gitops()) objects = {objects.back()};
    if (foreign && !by_gitops()) {
      TRY(label_foreign(client, std::move(objects.front()), call.stop));
      objects.erase(objects.begin());
    }
    const auto applied =
        TRY(kube::apply_all(client, std::move(objects), [&](const Json& live) { return is_ours(live); }, call.stop));
    call.say("apply", fmt::format("{} objects, {} changed", applied.objects, applied.changed));
    return {};
  }

  // A namespace that somebody else has made gets the labels Nebula needs, and not ours: `down` must leave it. A level that its
  // owner has set is his.
  Result<> label_foreign(kube::Client& client, Json wanted, const std::stop_token& stop) const {
    const auto ours = home_labels(desk_.cluster);
    for (const auto& label : ours.as_object()) wanted.at("metadata").at("labels").as_object().erase(label.key());
    const auto done = kube::apply(client, here().name_space(), wanted, stop);
    if (done) return {};
    if (done.error().code() != Code::kConflict) return fail(done.error());
    const auto& space = desk_.cluster.home.nebula_namespace;
    return fail(Code::kConflict, done.error().sentence(),
                fmt::format("Nebula needs the level privileged: kubectl label namespace {} "
                            "pod-security.kubernetes.io/enforce=privileged --overwrite (and audit, warn), or choose "
                            "another home.nebulaNamespace.",
                            space));
  }

  bool by_gitops() const { return desk_.cluster.home.manage == spec::Manage::kGitops; }
  bool is_ours(const Json& object) const { return cluster::is_ours(object, desk_.cluster); }

  // The namespace when it is ours, else what we laid in it; where GitOps keeps the rest, the Secret alone.
  Result<> take_away(kube::Client& client, const Objects& place, const std::stop_token& stop) const {
    const auto name_space = place.name_space();
    std::vector<kube::ObjectName> ours{place.secret()};
    if (!by_gitops()) {
      ours.insert(ours.begin(), {place.daemon_set(), place.config_map()});
      const auto space = TRY(kube::find(client, name_space, stop));
      if (space && is_ours(*space)) ours = {name_space};
      // An apply of nothing gives back the labels that a namespace of somebody else has got.
      if (space && !is_ours(*space) && kube::has_applied(*space))
        TRY(kube::apply(client, name_space,
                        {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name_space.name}}}},
                        stop));
    }
    for (const auto& name : ours) {
      const auto found = TRY(kube::find(client, name, stop));
      if (!found || !is_ours(*found)) continue;
      TRY(kube::remove(client, name, stop));
      // A namespace takes its time: `down` looks again at the end. Where Nebula moves, the new one wants its device.
      if (name.resource != kube::kNamespaces || place.space != here().space)
        TRY(kube::wait_until_gone(client, name, kube::uid_of(*found), std::chrono::minutes(2), stop));
    }
    return {};
  }

  ClusterDesk desk_;
  // One step at a time works on these.
  std::string applied_;  // the inputs of what this run has laid
  Time there_since_{};  // all of it, as far as this run knows
  engine::Absence away_;  // home, while its objects are laid or awaited
  HomeRollout rollout_;
};

}  // namespace

std::shared_ptr<engine::Kind> home_nebula_kind(ClusterDesk desk) {
  return std::make_shared<HomeNebulaKind>(std::move(desk));
}

}  // namespace tombolo::cluster
