#include "cluster/home_gate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "cluster/home_flux.hpp"
#include "cluster/peering_kinds.hpp"
#include "engine/retry.hpp"
#include "kube/discovery.hpp"
#include "kube/workloads.hpp"
#include "liqo/names.hpp"

namespace tombolo::cluster {

namespace {

using engine::Json;
using kube::Permission;
using kube::Resource;

constexpr std::string_view kRole = "tombolo";
constexpr std::array kLiqoGroups{"authentication.liqo.io", "core.liqo.io", "ipam.liqo.io", "networking.liqo.io",
                                 "offloading.liqo.io"};

class Rights {
 public:
  void may(std::initializer_list<const char*> verbs, const Resource& resource, const std::string& name_space = "",
           const std::string& subresource = "") {
    for (const auto* verb : verbs) {
      const auto same = [&](const Permission& p) {
        return p.verb == verb && p.resource == resource && p.name_space == name_space && p.subresource == subresource;
      };
      if (std::ranges::none_of(list, same)) list.push_back({verb, resource, name_space, subresource});
    }
  }
  // What server-side apply, the look for changes by hand, and `down` need.
  void may_lay(const Resource& resource, const std::string& name_space = "") {
    may({"get", "list", "create", "patch", "delete"}, resource, name_space);
  }
  std::vector<Permission> list;
};

void add_nebula(const spec::Cluster& cluster, Rights& rights) {
  const auto& space = cluster.home.nebula_namespace;
  const bool applies = cluster.home.manage == spec::Manage::kApply;
  if (applies)
    rights.may_lay(kube::kNamespaces);
  else
    rights.may({"get"}, kube::kNamespaces);
  rights.may_lay(kube::kSecrets, space);
  if (applies) {
    rights.may_lay(kube::kConfigMaps, space);
    rights.may_lay(kube::kDaemonSets, space);
  } else {
    rights.may({"get"}, kube::kDaemonSets, space);
  }
  rights.may({"list"}, kube::kPods, space);
  rights.may({"get"}, kube::kPods, space, "log");
  rights.may({"list"}, kube::kEvents, space);
  rights.may({"list"}, kube::kNodes);
  rights.may({"get"}, kube::kServices, "default");
}

// The kinds of Liqo's chart. Whoever hands out rights must have them himself, or these two verbs: Liqo's have thousands.
void add_liqo(const spec::Cluster& cluster, bool flux, Rights& rights) {
  const auto& space = cluster.home.liqo_namespace;
  rights.may_lay(kube::kNamespaces);
  rights.may_lay(kube::kConfigMaps, space);
  rights.may({"patch"}, kube::kPods, space);
  if (flux) {
    rights.may_lay(liqo::kHelmReleases, space);
    rights.may_lay(liqo::kHelmRepositories, space);
    rights.may({"get"}, liqo::kHelmCharts, space);
    return;
  }
  const std::string rbac = "rbac.authorization.k8s.io", hooks = "admissionregistration.k8s.io";
  rights.may_lay(kube::kDefinitions);
  rights.may_lay(kube::kSecrets, space);
  rights.may_lay({"", "v1", "serviceaccounts", "ServiceAccount"}, space);
  rights.may_lay(kube::kServices, space);
  rights.may_lay(kube::kDeployments, space);
  // The chart's own objects of these groups, and at the end whatever is left of any of them, which holds the definitions up.
  for (const auto* group : kLiqoGroups) rights.may_lay({group, "", "*", ""});
  for (const auto* kind : {"clusterroles", "clusterrolebindings"}) rights.may_lay({rbac, "v1", kind, "", false});
  for (const auto* kind : {"roles", "rolebindings"}) rights.may_lay({rbac, "v1", kind, ""}, space);
  rights.may({"escalate", "bind"}, {rbac, "v1", "clusterroles", "", false});
  rights.may({"escalate", "bind"}, {rbac, "v1", "roles", ""}, space);
  rights.may_lay({"node.k8s.io", "v1", "runtimeclasses", "RuntimeClass", false});
  for (const auto* kind : {"mutatingwebhookconfigurations", "validatingwebhookconfigurations"})
    rights.may_lay({hooks, "v1", kind, "", false});
}

// What is read of Liqo wherever it comes from, and what the peering writes: by hand it would be liqoctl's.
void add_peering(bool has_groups, Rights& rights) {
  rights.may_lay(kube::kNamespaces);
  rights.may({"list"}, kube::kConfigMaps);
  rights.may({"list"}, kube::kDeployments);
  rights.may_lay(kube::kSecrets);
  rights.may({"list", "delete"}, kube::kPods);
  rights.may({"list"}, kube::kEvents);
  rights.may({"get", "delete"}, kube::kNodes);
  rights.may({"delete"}, kube::kLeases);
  if (has_groups) return;
  for (const auto& resource : {liqo::kIdentities, liqo::kResourceSlices, liqo::kNamespaceOffloadings})
    rights.may_lay(resource);
  for (const auto& resource : {liqo::kRenews, liqo::kVirtualNodes, liqo::kForeignClusters})
    rights.may({"get", "list", "patch", "delete"}, resource);
}

Error refused(const Error& error, std::string_view whom) {
  const auto told = home_failure(error);
  return Error(told.code(), whom.empty() ? told.sentence() : fmt::format("{} ({})", told.sentence(), whom))
      .hint(told.hint() + (told.hint().empty() ? "" : "\n") +
            "Nothing was changed. `tombolo up --lighthouse-only` leaves home out.");
}

// The role is the whole one: whoever applies it again must not lose what he has.
Error not_allowed(const spec::Cluster& cluster, const std::vector<Permission>& missing, bool flux,
                  const std::string& user) {
  const auto bind = fmt::format("kubectl create clusterrolebinding {} --clusterrole={} --user={}", kRole, kRole,
                                user.empty() ? "NAME" : "'" + user + "'");
  return Error(Code::kPermission, fmt::format("home: {} may not do what `up` has to do there: {}",
                                              user.empty() ? "the kubeconfig's user" : "the user " + user,
                                              fmt::join(kube::in_words(missing), "; ")))
      .hint(fmt::format("Nothing was changed. An administrator of that cluster grants all that `up` needs by this "
                        "ClusterRole (kubectl "
                        "apply -f FILE) and\n{}\n{}",
                        bind,
                        kube::cluster_role_for(std::string(kRole), home_rights(cluster, {true, true, true}, flux))));
}

// Codes of what more tries would not mend. The step meets the others again, and waits for them.
bool is_final(Code code) {
  switch (code) {
    case Code::kBadInput:
    case Code::kNotFound:
    case Code::kCredentials:
    case Code::kUntrusted:
    case Code::kUnreachable:
    case Code::kPermission:
    case Code::kIo: return true;
    default: return false;
  }
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
  const auto api = TRY(kube::find(client, {kube::kServices, "default", "kubernetes"}, stop));
  const auto address = codec::Address::parse(api ? codec::text_at(*api, "spec.clusterIP") : "");
  if (address && address->is_v4() && !cluster.home.services.contains(*address))
    return fail(Code::kBadInput,
                fmt::format("home's services have addresses such as {}, which home.serviceCIDR {} does not hold",
                            address->text(), cluster.home.services.text()),
                "Correct home.serviceCIDR: Liqo is told of it.");
  return {};
}

// Every member must be a node, and where there are several nodes each member must say which.
Result<> check_nodes(kube::Client& client, const spec::Cluster& cluster, const std::stop_token& stop) {
  std::vector<std::string> names;
  for (const auto& node : TRY(kube::nodes(client, stop)))
    if (!node.is_virtual) names.push_back(node.name);
  for (const auto* member : cluster.mesh.home()) {
    if (member->node.empty() && names.size() > 1)
      return fail(Code::kBadInput,
                  fmt::format("home has {} nodes ({}), and the cluster file does not say which one is {}", names.size(),
                              fmt::join(names, ", "), member->name),
                  "Give every member with role home its node under mesh.members, one member for each node that joins.");
    if (!member->node.empty() && std::find(names.begin(), names.end(), member->node) == names.end())
      return fail(Code::kBadInput,
                  fmt::format("{} is said to be the node {}, but home's nodes are {}", member->name, member->node,
                              fmt::join(names, ", ")),
                  "Correct the member's node in the cluster file.");
  }
  return {};
}

}  // namespace

Result<> check_home(kube::Client& client, const spec::Cluster& cluster, const std::stop_token& stop) {
  TRY(check_nodes(client, cluster, stop));
  return check_networks(client, cluster, stop);
}

HomeWork home_work(const engine::Plan& plan) {
  HomeWork out;
  for (const auto& change : plan.changes) {
    using engine::Action;
    const bool writes = change.action == Action::kCreate || change.action == Action::kUpdate ||
                        change.action == Action::kWait || change.action == Action::kReplace;
    if (!writes) continue;
    const auto& kind = change.address.kind;
    // Seen without attributes: somebody else has installed it.
    const bool foreign = change.observed && !change.observed->id.empty() && !change.observed->attributes.is_object();
    out.nebula = out.nebula || kind == kHomeNebulaKind;
    out.liqo = out.liqo || (kind == kLiqoKind && change.address.name == "home" && !foreign);
    out.peering = out.peering || kind == kPeeringKind || kind == kOffloadingKind;
  }
  return out;
}

std::vector<Permission> home_rights(const spec::Cluster& cluster, const HomeWork& work, bool flux) {
  Rights rights;
  if (work.nebula) add_nebula(cluster, rights);
  // A kind that is not served is forbidden to whoever has no right to it: whether Flux has laid Liqo could not be told.
  if (work.liqo) rights.may({"get"}, liqo::kHelmReleases, cluster.home.liqo_namespace);
  const bool lays_liqo = work.liqo && cluster.home.manage == spec::Manage::kApply;
  if (lays_liqo) add_liqo(cluster, flux, rights);
  if (work.peering) add_peering(lays_liqo && !flux, rights);
  return std::move(rights.list);
}

std::optional<Error> home_trouble(const ClusterDesk& desk, const HomeWork& work, const std::stop_token& stop) {
  if (!work.any()) return std::nullopt;
  std::string whom;
  bool flux = false;
  const auto look = [&]() -> Result<std::vector<Permission>> {
    auto* client = TRY(desk.kubernetes.home(stop));
    whom = fmt::format("context {}, {}", client->access().context, client->access().server);
    TRY(kube::server_version(*client, stop));
    flux = work.liqo && TRY(has_flux(*client, stop));
    auto missing = TRY(kube::missing(*client, home_rights(desk.cluster, work, flux), stop));
    if (missing.empty() && work.nebula) TRY(check_home(*client, desk.cluster, stop));
    return missing;
  };
  const auto missing = look();
  if (!missing) {
    if (!is_final(missing.error().code())) return std::nullopt;
    return refused(missing.error(), whom);
  }
  if (missing->empty()) return std::nullopt;
  const auto client = desk.kubernetes.home(stop);
  const auto user = client ? kube::who_am_i(**client, stop) : Result<std::string>(std::string());
  return not_allowed(desk.cluster, *missing, flux, user ? *user : "");
}

std::vector<engine::FieldChange> taken_back(const engine::Observed& observed) {
  std::vector<engine::FieldChange> out;
  for (const auto& field : codec::array_at(observed.attributes, "byHand"))
    out.push_back(
        {codec::text_at(field, "field"), Json(codec::text_at(field, "is")), Json("as tombolo laid it"), false});
  return out;
}

Error given_up(const Error& error) {
  const auto told = home_failure(error);
  if (!engine::reaction(told.code()).again) return told;
  return Error(Code::kTimeout, told.sentence()).hint(told.hint());
}

Error home_failure(const Error& error) {
  const auto told = "home: " + error.text();
  if (error.code() == Code::kPermission)
    return Error(error.code(), told)
        .hint(error.hint() + " `tombolo plan` names all rights that are missing, with a ClusterRole that grants them.");
  if (error.code() == Code::kUnreachable)
    return Error(error.code(), told)
        .hint("Is the home cluster up, and does this computer reach it? home.kubeconfig and home.context name it.");
  return Error(error.code(), told).hint(error.hint());
}

}  // namespace tombolo::cluster
