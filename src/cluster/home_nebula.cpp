// Nebula on the home cluster: the objects, their rollout, and the device that must come up.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cluster/cluster_kinds.hpp"
#include "cluster/gitops.hpp"
#include "engine/retry.hpp"
#include "kube/logs.hpp"
#include "kube/manifests.hpp"
#include "kube/review.hpp"
#include "kube/workloads.hpp"

namespace tombolo::cluster {

namespace {

using engine::Json;

constexpr auto kRollout = std::chrono::minutes(3);
constexpr std::string_view kSelector = "app.kubernetes.io/name=nebula,tombolo/cluster";

kube::ObjectName daemon_set_name(const spec::Cluster& cluster) {
  return {kube::kDaemonSets, cluster.home.nebula_namespace, std::string(kNebulaName)};
}

// Networks of home that the file does not know of, or that another network lies over.
Result<> check_networks(kube::Client& client, const spec::Cluster& cluster, const std::stop_token& stop) {
  const auto nodes = TRY(kube::list(client, {{kube::kNodes, "", ""}, "", "", 500}, stop));
  const std::pair<std::string_view, const codec::Cidr*> others[] = {
      {"mesh.cidr", &cluster.mesh.cidr},
      {"cloud.kubernetes.podCIDR", &cluster.kubernetes.pods},
      {"cloud.kubernetes.serviceCIDR", &cluster.kubernetes.services}};
  for (const auto& node : nodes) {
    const auto text = codec::text_at(node, "spec.podCIDR");
    const auto pods = codec::Cidr::parse(text);
    if (text.empty() || !pods || !pods->address().is_v4()) continue;
    for (const auto& [field, other] : others)
      if (pods->overlaps(*other))
        return fail(Code::kBadInput,
                    fmt::format("node {} of home has the pod network {}, which overlaps with {} {}",
                                kube::name_of(node), text, field, other->text()),
                    fmt::format("Choose another {}: packets would go astray.", field));
  }
  const auto api = TRY(kube::find(client, {{"", "v1", "services", "Service"}, "default", "kubernetes"}, stop));
  const auto address = codec::Address::parse(api ? codec::text_at(*api, "spec.clusterIP") : "");
  if (address && address->is_v4() && !cluster.home.services.contains(*address))
    return fail(Code::kBadInput,
                fmt::format("home's services have addresses such as {}, which home.serviceCIDR {} does not hold",
                            address->text(), cluster.home.services.text()),
                "Correct home.serviceCIDR: Liqo is told of it.");
  return {};
}

// Every member must be a node, and where there are several nodes each member must say which.
Result<> check_nodes(kube::Client& client, const HomeMesh& mesh, const std::stop_token& stop) {
  std::vector<std::string> names;
  for (const auto& node : TRY(kube::nodes(client, stop)))
    if (!node.is_virtual) names.push_back(node.name);
  for (const auto& member : mesh.members) {
    if (member.node.empty() && names.size() > 1)
      return fail(Code::kBadInput,
                  fmt::format("home has {} nodes ({}), and the cluster file does not say which one is {}", names.size(),
                              fmt::join(names, ", "), member.name),
                  "Give every member with role home its node under mesh.members, one member for each node that joins.");
    if (!member.node.empty() && std::find(names.begin(), names.end(), member.node) == names.end())
      return fail(Code::kBadInput,
                  fmt::format("{} is said to be the node {}, but home's nodes are {}", member.name, member.node,
                              fmt::join(names, ", ")),
                  "Correct the member's node in the cluster file.");
  }
  return {};
}

class HomeNebulaKind final : public engine::ConvergedKind {
 public:
  explicit HomeNebulaKind(ClusterDesk desk) : desk_(std::move(desk)) {}
  std::string name() const override { return std::string(kHomeNebulaKind); }

  Result<std::vector<engine::Observed>> observe(const engine::Call& call) override {
    auto out = seen("home", "");
    const auto object = read(call);
    if (!object) {
      if (object.error().code() == Code::kCancelled) return fail(object.error());
      out.status = engine::Status::kPending;
      out.status_detail = object.error().sentence();
      return std::vector{std::move(out)};
    }
    if (!*object) return begun(std::move(out), call);
    out.id = kube::uid_of(**object);
    if (is_ours(**object)) out.attributes = made_from(**object);
    out.outputs = {{"namespace", desk_.cluster.home.nebula_namespace}};
    if (auto trouble = kube::rollout_trouble(**object); !trouble.empty()) {
      out.status = engine::Status::kPending;
      out.status_detail = std::move(trouble);
    }
    return std::vector{std::move(out)};
  }

  engine::Verdict compare(const engine::Wish& wish, const engine::Observed& observed) const override {
    engine::Verdict out;
    // Seen, and without attributes: somebody else's. One that could not be asked has no id either.
    if (!observed.attributes.is_object() && !observed.id.empty()) {
      out.refused = Error(Code::kConflict, fmt::format("{} is there, and tombolo did not make it",
                                                       daemon_set_name(desk_.cluster).text()))
                        .hint("Remove it, or choose another home.nebulaNamespace.");
      return out;
    }
    if (!observed.attributes.is_object()) return out;
    // Its maker wrote down what it was made from; a field it did not know is a change too.
    for (const auto& [key, after] : wish.inputs.get_object()) {
      const auto* before = observed.attributes.get_object().if_contains(key);
      if (!before || codec::to_canonical_text(*before) != codec::to_canonical_text(after))
        out.changes.push_back({std::string(key), before ? *before : Json(), after, false});
    }
    const auto trust = desk_.trust();
    if (trust && codec::text_at(observed.attributes, "trust") != *trust)
      out.changes.push_back({"trust", Json(codec::text_at(observed.attributes, "trust")), Json(*trust), false});
    return out;
  }

  engine::Step converge(const engine::Wish& wish, const engine::Current&, const engine::Call& call) override {
    auto client = desk_.kubernetes.home(call.stop);
    if (!client) return engine::Failed{home_failure(desk_.cluster, client.error())};
    if (applied_ != codec::to_canonical_text(wish.inputs)) {
      if (by_gitops())
        if (auto wait = awaited(**client, {name_space()}, {}, call)) return std::move(*wait);
      const auto done = lay(**client, wish.inputs, call);
      if (!done && engine::reaction(done.error().code()).again &&
          call.clock.now() - call.since < std::chrono::minutes(1)) {
        call.say("home", done.error().sentence());
        return engine::RetryAfter{std::chrono::seconds(1), ""};
      }
      if (!done) return engine::Failed{home_failure(desk_.cluster, done.error())};
      applied_ = codec::to_canonical_text(wish.inputs);
      there_since_ = {};
    }
    if (by_gitops()) {
      const auto made_from = with_trust(wish.inputs);
      if (!made_from) return engine::Failed{made_from.error()};
      const auto& space = desk_.cluster.home.nebula_namespace;
      if (auto wait =
              awaited(**client, {{kube::kConfigMaps, space, std::string(kNebulaName)}, daemon_set_name(desk_.cluster)},
                      *made_from, call))
        return std::move(*wait);
    }
    if (there_since_ == Time{}) there_since_ = call.clock.now();
    return follow(**client, call);
  }

  engine::Step remove(const engine::Current& current, const engine::Call& call) override {
    auto client = desk_.kubernetes.home(call.stop);
    if (!client) return engine::Failed{home_failure(desk_.cluster, client.error())};
    const auto gone = take_away(**client, call.stop);
    if (!gone) return engine::Failed{home_failure(desk_.cluster, gone.error())};
    return engine::Done{current.id, {}};
  }

 private:
  // A run that ended early has left the namespace, and perhaps some of what is in it.
  Result<std::vector<engine::Observed>> begun(engine::Observed out, const engine::Call& call) const {
    auto* client = TRY(desk_.kubernetes.home(call.stop));
    const auto found = TRY(kube::find(*client, name_space(), call.stop));
    if (!found || !is_ours(*found) || kube::is_being_deleted(*found)) return std::vector<engine::Observed>{};
    out.id = kube::uid_of(*found);
    out.attributes = codec::JsonObject{};
    out.status = engine::Status::kPending;
    out.status_detail = "it is laid in part only";
    return std::vector{std::move(out)};
  }

  Result<std::optional<Json>> read(const engine::Call& call) const {
    auto* client = TRY(desk_.kubernetes.home(call.stop));
    return kube::find(*client, daemon_set_name(desk_.cluster), call.stop);
  }

  Result<Json> with_trust(const Json& inputs) const {
    auto out = inputs;
    out.as_object()["trust"] = TRY(desk_.trust());
    return out;
  }

  // How the step goes on while one of these is not applied, or a DaemonSet is from another export; nothing when all are there.
  std::optional<engine::Step> awaited(kube::Client& client, const std::vector<kube::ObjectName>& names,
                                      const Json& inputs, const engine::Call& call) const {
    for (const auto& name : names) {
      const auto found = kube::find(client, name, call.stop);
      if (!found)
        return passing_or_failed(found.error(), call.clock.now() - call.since > desk_.cluster.home.gitops_wait, call);
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
    TRY(check_nodes(client, mesh, call.stop));
    TRY(check_networks(client, desk_.cluster, call.stop));
    auto objects = nebula_manifests(desk_.cluster, mesh, TRY(with_trust(inputs)));
    const auto there = TRY(kube::find(client, name_space(), call.stop));
    // A namespace that somebody else has made gets the labels Nebula needs, and not ours: `down` must leave it.
    if (there && !is_ours(*there))
      for (const auto& label : home_labels(desk_.cluster).as_object())
        objects.front().at("metadata").at("labels").as_object().erase(label.key());
    // Keys never enter a git repository: the Secret is laid from here even where GitOps lays the rest.
    if (by_gitops()) objects = {objects.back()};
    const auto applied = TRY(kube::apply_all(client, std::move(objects), false, call.stop));
    call.say("apply", fmt::format("{} objects, {} changed", applied.objects, applied.changed));
    return {};
  }

  engine::Step follow(kube::Client& client, const engine::Call& call) {
    const auto late = call.clock.now() - there_since_ > kRollout;
    const auto object = kube::find(client, daemon_set_name(desk_.cluster), call.stop);
    if (!object) return passing_or_failed(object.error(), late, call);
    const auto trouble = *object ? kube::rollout_trouble(**object) : "it is not applied yet";
    const auto pods = kube::pods(client, desk_.cluster.home.nebula_namespace, std::string(kSelector), call.stop);
    if (!pods) return passing_or_failed(pods.error(), late, call);
    for (const auto& pod : *pods)
      if (!pod.ready && (pod.hopeless || late))
        return engine::Failed{Error(Code::kBroken, fmt::format("Nebula does not run on {}: {}", pod.node, pod.why))
                                  .hint("kubectl -n " + desk_.cluster.home.nebula_namespace + " describe pod " +
                                        pod.name + " says more.")};
    if (!trouble.empty()) {
      if (late) return engine::Failed{Error(Code::kTimeout, "Nebula's DaemonSet at home: " + trouble)};
      return engine::RetryAfter{std::chrono::milliseconds(300), ""};
    }
    for (const auto& pod : *pods) {
      const auto state = device_of(client, pod.name, call.stop);
      if (!state) return passing_or_failed(state.error(), late, call);
      if (state->empty()) continue;
      if (late || state->starts_with("Failed"))
        return engine::Failed{
            Error(Code::kBroken, fmt::format("Nebula on {} has no device: {}", pod.node, *state))
                .hint("The node needs /dev/net/tun, and runc 1.2.4 or newer (1.2.0 to 1.2.3 forbid it).")};
      return engine::RetryAfter{std::chrono::milliseconds(300), ""};
    }
    call.say("interface active", fmt::format("on {} node{}", pods->size(), pods->size() == 1 ? "" : "s"));
    return engine::Done{kube::uid_of(**object), {{"namespace", desk_.cluster.home.nebula_namespace}}};
  }

  engine::Step passing_or_failed(const Error& error, bool late, const engine::Call& call) const {
    if (late || !engine::reaction(error.code()).again) return engine::Failed{home_failure(desk_.cluster, error)};
    call.say("home", error.sentence());
    return engine::RetryAfter{std::chrono::seconds(1), ""};
  }

  // "" when Nebula says that its device is up; else what it said last.
  Result<std::string> device_of(kube::Client& client, const std::string& pod, const std::stop_token& stop) const {
    const auto& name_space = desk_.cluster.home.nebula_namespace;
    std::string state = "it has not said anything yet";
    kube::LogOptions options;
    options.patience = std::chrono::seconds(10);
    TRY(kube::logs(
        client, {kube::kPods, name_space, pod}, options,
        [&](std::string_view line) {
          if (line.find("Nebula interface is active") != std::string_view::npos) state.clear();
          if (line.find("Failed to get a tun/tap device") != std::string_view::npos)
            state = "Failed to get a tun device";
          return true;
        },
        stop));
    return state;
  }

  bool by_gitops() const { return desk_.cluster.home.manage == spec::Manage::kGitops; }
  bool is_ours(const Json& object) const { return kube::label_of(object, kClusterLabel) == desk_.cluster.name; }
  kube::ObjectName name_space() const { return {kube::kNamespaces, "", desk_.cluster.home.nebula_namespace}; }

  // The namespace when it is ours, else what we laid in it; where GitOps keeps the rest, the Secret alone.
  Result<> take_away(kube::Client& client, const std::stop_token& stop) const {
    const auto& space = desk_.cluster.home.nebula_namespace;
    std::vector<kube::ObjectName> ours{{kube::kSecrets, space, std::string(kHostSecretName)}};
    if (!by_gitops()) {
      ours.insert(ours.begin(), {{kube::kDaemonSets, space, std::string(kNebulaName)},
                                 {kube::kConfigMaps, space, std::string(kNebulaName)}});
      if (const auto found = TRY(kube::find(client, name_space(), stop)); found && is_ours(*found))
        ours = {name_space()};
    }
    for (const auto& name : ours) {
      const auto found = TRY(kube::find(client, name, stop));
      if (!found || !is_ours(*found)) continue;
      TRY(kube::remove(client, name, stop));
      // A namespace takes its time: `down` looks again at the end.
      if (name.resource != kube::kNamespaces)
        TRY(kube::wait_until_gone(client, name, kube::uid_of(*found), std::chrono::minutes(2), stop));
    }
    return {};
  }

  ClusterDesk desk_;
  std::string applied_;  // the inputs of what this run has laid. One step at a time works on it
  Time there_since_{};  // all of it, as far as this run knows
};

}  // namespace

Error home_failure(const spec::Cluster& cluster, const Error& error) {
  const auto told = "home: " + error.text();
  if (error.code() == Code::kPermission) {
    const auto& ns = cluster.home.nebula_namespace;
    const auto rules = kube::rules_for({{"patch", kube::kNamespaces, "", ""},
                                        {"patch", kube::kConfigMaps, ns, ""},
                                        {"patch", kube::kSecrets, ns, ""},
                                        {"patch", kube::kDaemonSets, ns, ""},
                                        {"get", kube::kPods, ns, "log"},
                                        {"list", kube::kNodes, "", ""}});
    // What was refused just now first: it may be about Liqo, or Flux.
    return Error(error.code(), told)
        .hint(fmt::format("{}{}The kubeconfig's user needs, among others:\n{}", error.hint(),
                          error.hint().empty() ? "" : "\n", rules));
  }
  if (error.code() == Code::kUnreachable)
    return Error(error.code(), told)
        .hint("Is the home cluster up, and does this computer reach it? home.kubeconfig and home.context name it.");
  return Error(error.code(), told).hint(error.hint());
}

std::shared_ptr<engine::Kind> home_nebula_kind(ClusterDesk desk) {
  return std::make_shared<HomeNebulaKind>(std::move(desk));
}

}  // namespace tombolo::cluster
