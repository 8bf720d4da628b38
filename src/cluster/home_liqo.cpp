#include "cluster/home_liqo.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "cluster/home_flux.hpp"
#include "kube/discovery.hpp"
#include "kube/ownership.hpp"
#include "liqo/release.hpp"

namespace tombolo::cluster {

namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

constexpr auto kGoing = std::chrono::minutes(2);
constexpr auto kUninstalled = std::chrono::minutes(6);  // by Flux, whose own patience are five
constexpr auto kRendering = std::chrono::seconds(60);

kube::ObjectName inventory_name(const spec::Cluster& cluster) {
  return {kube::kConfigMaps, cluster.home.liqo_namespace, std::string(kInventoryName)};
}

Json inventory_object(const spec::Cluster& cluster, const LiqoInventory& inventory) {
  JsonArray objects(inventory.objects.begin(), inventory.objects.end());
  JsonObject marks;
  for (const auto& [reference, mark] : inventory.marks) marks[reference] = mark;
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata",
           {{"name", kInventoryName}, {"namespace", cluster.home.liqo_namespace}, {"labels", home_labels(cluster)}}},
          {"data",
           {{"inputs", codec::to_canonical_text(inventory.made_from)},
            {"objects", codec::to_text(objects)},
            {"marks", codec::to_text(marks)},
            {"flux", inventory.with_flux ? "true" : "false"}}}};
}

Result<> write_inventory(kube::Client& home, const spec::Cluster& cluster, const LiqoInventory& inventory,
                         const std::stop_token& stop) {
  TRY(kube::apply(home, inventory_name(cluster), inventory_object(cluster, inventory), stop, {true, false}));
  return {};
}

// Kinds of objects that have no namespace, of those that the chart holds.
bool is_cluster_wide(const std::string& kind) {
  return kind == "Namespace" || kind == "CustomResourceDefinition" || kind == "ClusterRole" ||
         kind == "ClusterRoleBinding" || kind == "MutatingWebhookConfiguration" ||
         kind == "ValidatingWebhookConfiguration" || kind == "RuntimeClass" || kind == "StorageClass" ||
         kind == "PriorityClass" || kind == "APIService" || kind == "IngressClass";
}

// Those of the inventory that are there and carry our mark, by their references: one list for each kind.
Result<std::map<std::string, Json>> objects_of(kube::Client& home, const spec::Cluster& cluster,
                                               const LiqoInventory& inventory, const std::stop_token& stop) {
  std::set<std::array<std::string, 3>> kinds;  // version, kind, namespace
  for (const auto& reference : inventory.objects) {
    const auto version_end = reference.find(' '), kind_end = reference.find(' ', version_end + 1);
    if (kind_end == std::string::npos) continue;
    const auto slash = reference.find('/', kind_end);
    kinds.insert({reference.substr(0, version_end), reference.substr(version_end + 1, kind_end - version_end - 1),
                  slash == std::string::npos ? "" : reference.substr(kind_end + 1, slash - kind_end - 1)});
  }
  const std::set<std::string> ours(inventory.objects.begin(), inventory.objects.end());
  const auto labels = fmt::format("{}={}", kClusterLabel, cluster.name);
  kube::Catalogue catalogue(home);
  std::map<std::string, Json> out;
  for (const auto& [version, kind, space] : kinds) {
    const auto resource = catalogue.find(version, kind, stop);
    if (!resource && resource.error().code() == Code::kNotFound) continue;
    if (!resource) return fail(resource.error());
    for (auto& object : TRY(kube::list(home, {{*resource, space, ""}, labels, "", 500}, stop)))
      if (auto reference = kube::reference_text(object); ours.contains(reference) && !kube::is_being_deleted(object))
        out.emplace(std::move(reference), std::move(object));
  }
  return out;
}

// Objects of definitions whose controllers are gone: nobody else would ever take their finalizers off, and the definitions
// would wait for them for ever.
Result<> let_objects_go(kube::Client& home, const std::vector<std::string>& references, const std::stop_token& stop) {
  for (const auto& reference : references) {
    const auto at = reference.find(" CustomResourceDefinition ");
    if (at == std::string::npos) continue;
    const auto definition =
        TRY(kube::find(home, {kube::kDefinitions, "", reference.substr(reference.rfind(' ') + 1)}, stop));
    if (!definition) continue;
    const auto& versions = codec::array_at(*definition, "spec.versions");
    if (versions.empty()) continue;
    const kube::Resource resource{codec::text_at(*definition, "spec.group"), codec::text_at(versions.front(), "name"),
                                  codec::text_at(*definition, "spec.names.plural"),
                                  codec::text_at(*definition, "spec.names.kind"),
                                  codec::text_at(*definition, "spec.scope") == "Namespaced"};
    for (const auto& object : TRY(kube::list(home, {{resource, "", ""}, "", "", 500}, stop))) {
      const kube::ObjectName name{resource, kube::namespace_of(object), kube::name_of(object)};
      TRY(kube::remove(home, name, stop));
      TRY(kube::release(home, name, stop));
    }
  }
  return {};
}

// Flux uninstalls the chart before it lets go of the release, and says there what keeps it.
Result<> remove_release(kube::Client& home, const spec::Cluster& cluster, const std::vector<std::string>& references,
                        const std::stop_token& stop) {
  TRY(resume_release(home, cluster, stop));
  auto gone = kube::remove_all(home, references, kUninstalled, stop);
  if (gone) return {};
  if (gone.error().code() == Code::kTimeout) {
    const auto release = liqo::find_release(home, cluster.home.liqo_namespace, std::string(kFluxName), stop);
    if (release && *release)
      return fail(Code::kTimeout, fmt::format("{}; {}", gone.error().sentence(), (*release)->trouble),
                  (*release)->advice);
  }
  return fail(std::move(gone.error()));
}

}  // namespace

Result<std::optional<LiqoInventory>> read_inventory(kube::Client& client, const spec::Cluster& cluster,
                                                    const std::stop_token& stop) {
  const auto found = TRY(kube::find(client, inventory_name(cluster), stop));
  if (!found || !is_ours(*found, cluster)) return std::nullopt;
  const auto* data = codec::find(*found, "data");
  LiqoInventory out;
  const auto inputs = codec::parse_json(data ? codec::text_at(*data, "inputs") : "");
  const auto objects = codec::parse_json(data ? codec::text_at(*data, "objects") : "");
  if (!inputs || !objects || !objects->is_array())
    return fail(Code::kCorrupt, inventory_name(cluster).text() + " at home cannot be read",
                "Delete it; `tombolo up` then lays Liqo anew.");
  out.made_from = *inputs;
  for (const auto& o : objects->get_array())
    if (o.is_string()) out.objects.emplace_back(o.get_string());
  out.with_flux = codec::text_at(*data, "flux") == "true";
  if (const auto marks = codec::parse_json(codec::text_at(*data, "marks")); marks && marks->is_object())
    for (const auto& [reference, mark] : marks->get_object())
      if (mark.is_string()) out.marks.emplace(reference, mark.get_string());
  return out;
}

Result<> keep_marks(kube::Client& home, const spec::Cluster& cluster, const std::stop_token& stop) {
  auto inventory = TRY(read_inventory(home, cluster, stop));
  if (!inventory) return {};
  LiqoMarks marks;
  for (auto& [reference, object] : TRY(objects_of(home, cluster, *inventory, stop)))
    if (auto mark = kube::ownership_mark(object); !mark.empty()) marks.emplace(reference, std::move(mark));
  if (std::exchange(inventory->marks, marks) == marks) return {};
  return write_inventory(home, cluster, *inventory, stop);
}

Result<JsonArray> changed_by_hand(kube::Client& home, const spec::Cluster& cluster, const LiqoInventory& inventory,
                                  const std::stop_token& stop) {
  JsonArray out;
  if (inventory.marks.empty()) return out;
  const auto there = TRY(objects_of(home, cluster, inventory, stop));
  for (const auto& [reference, mark] : inventory.marks) {
    const auto what = reference.substr(reference.find(' ') + 1);
    const auto live = there.find(reference);
    if (live == there.end()) {
      out.push_back({{"field", what}, {"is", "gone"}});
    } else if (kube::ownership_mark(live->second) != mark) {
      const auto who = kube::other_writers(live->second);
      out.push_back({{"field", what}, {"is", who.empty() ? "changed by hand" : "changed by " + who}});
    }
  }
  return out;
}

Result<bool> has_own_namespace(kube::Client& home, const spec::Cluster& cluster, const std::stop_token& stop) {
  // The exported tree's namespace carries our mark as well, and is GitOps' to remove.
  if (cluster.home.manage == spec::Manage::kGitops) return false;
  const auto found = TRY(kube::find(home, {kube::kNamespaces, "", cluster.home.liqo_namespace}, stop));
  return found && is_ours(*found, cluster) && !kube::is_being_deleted(*found);
}

Json liqo_namespace(const spec::Cluster& cluster) {
  return {{"apiVersion", "v1"},
          {"kind", "Namespace"},
          {"metadata", {{"name", cluster.home.liqo_namespace}, {"labels", home_labels(cluster)}}}};
}

Result<std::vector<Json>> rendered_manifests(const ClusterDesk& desk, kube::Client& home, const Json& values,
                                             const std::stop_token& stop) {
  const auto version = TRY(kube::server_version(home, stop));
  const auto& cluster = desk.cluster;
  const auto answer =
      TRY(desk.machine.machine->ask(cloudinit::kRenderCommand,
                                    cloudinit::render_script({cluster.liqo.version, cluster.home.liqo_namespace,
                                                              codec::to_text(values), version.git}),
                                    kRendering, stop));
  std::vector<Json> out;
  for (const auto& document : TRY(cloudinit::read_rendered(answer))) {
    auto object = TRY(context(kube::parse_manifest(document), "reading Liqo's rendered chart"));
    if (!object || kube::kind_of(*object) == "Job") continue;
    auto& meta = object->as_object()["metadata"].as_object();
    if (!is_cluster_wide(kube::kind_of(*object)) && !meta.contains("namespace"))
      meta["namespace"] = cluster.home.liqo_namespace;
    if (!meta.contains("labels") || !meta["labels"].is_object()) meta["labels"] = JsonObject{};
    meta["labels"].as_object()[kClusterLabel] = cluster.name;
    out.push_back(std::move(*object));
  }
  return out;
}

Result<kube::Applied> lay_liqo(const ClusterDesk& desk, kube::Client& home, const Json& inputs,
                               const std::stop_token& stop) {
  const auto& cluster = desk.cluster;
  const auto values = TRY(desk.home_values());
  const auto before = TRY(read_inventory(home, cluster, stop));
  // What was laid one way stays that way: Flux would refuse to take over what it has not installed.
  LiqoInventory inventory{inputs, {}, before ? before->with_flux : TRY(has_flux(home, stop)), {}};
  if (inventory.with_flux) {
    if (before && !TRY(has_flux(home, stop)))
      return fail(Code::kBroken, "Liqo at home was laid as a HelmRelease, and Flux is not there any more",
                  "Install Flux again, or run `tombolo down` and `tombolo up`: without Flux Liqo is laid directly.");
    // Before anything is written, so that the change is still to be made when Flux may act again.
    const auto release = TRY(liqo::find_release(home, cluster.home.liqo_namespace, std::string(kFluxName), stop));
    if (release && release->suspended) return fail(Code::kBroken, release->trouble, release->advice);
  }
  auto objects =
      inventory.with_flux ? flux_manifests(cluster, values, inputs) : TRY(rendered_manifests(desk, home, values, stop));
  // flux_manifests() begins with the namespace as well. One that somebody else has made is not ours to label or to remove.
  if (!inventory.with_flux) objects.insert(objects.begin(), liqo_namespace(cluster));
  const auto there = TRY(kube::find(home, {kube::kNamespaces, "", cluster.home.liqo_namespace}, stop));
  const bool foreign = there && !is_ours(*there, cluster);
  if (foreign) objects.erase(objects.begin());
  kube::sort_for_apply(objects);
  // Liqo makes its own keys when it starts; they go with it, after it.
  inventory.objects.push_back("v1 Secret " + cluster.home.liqo_namespace + "/authentication-keys");
  for (const auto& object : objects) inventory.objects.push_back(kube::reference_text(object));
  // The inventory first: what a crash leaves half applied is named in it. Complete only once everything is there.
  const kube::IsOurs ours = [&](const Json& live) { return is_ours(live, cluster); };
  if (!foreign) TRY(kube::apply_all(home, {liqo_namespace(cluster)}, ours, stop));
  LiqoInventory begun = inventory;
  for (auto& [key, value] : begun.made_from.as_object()) value = nullptr;  // differs from every wish
  if (before)
    for (const auto& o : before->objects)
      if (std::find(begun.objects.begin(), begun.objects.end(), o) == begun.objects.end())
        begun.objects.insert(begun.objects.begin(), o);
  const bool unchanged = before && before->made_from == inputs && before->objects == inventory.objects;
  if (!unchanged) TRY(write_inventory(home, cluster, begun, stop));
  const auto applied = TRY(kube::apply_all(home, objects, ours, stop));
  if (before && !unchanged) {
    std::vector<std::string> stale;
    for (const auto& o : before->objects)
      if (std::find(inventory.objects.begin(), inventory.objects.end(), o) == inventory.objects.end())
        stale.push_back(o);
    TRY(kube::remove_all(home, stale, kGoing, stop));
  }
  if (!unchanged) TRY(write_inventory(home, cluster, inventory, stop));
  return applied;
}

Result<> take_liqo_away(kube::Client& home, const spec::Cluster& cluster, const std::stop_token& stop) {
  const auto inventory = TRY(read_inventory(home, cluster, stop));
  if (!inventory) {
    if (TRY(has_own_namespace(home, cluster, stop)))
      TRY(kube::remove(home, {kube::kNamespaces, "", cluster.home.liqo_namespace}, stop));
    return {};
  }
  // Its webhooks would refuse what its controllers are no longer there to allow: remove_all goes from the last to the first.
  const auto is_late = [](const std::string& reference) {
    return reference.find(" CustomResourceDefinition ") != std::string::npos || reference.starts_with("v1 Namespace ");
  };
  std::vector<std::string> late, others;
  for (const auto& reference : inventory->objects) (is_late(reference) ? late : others).push_back(reference);
  if (inventory->with_flux) {
    TRY(remove_release(home, cluster, others, stop));
    for (auto& definition : TRY(definitions_of_release(home, cluster, stop))) late.push_back(std::move(definition));
  } else {
    TRY(kube::remove_all(home, others, kGoing, stop));
  }
  TRY(let_objects_go(home, late, stop));
  TRY(kube::remove_all(home, late, kGoing, stop));
  TRY(kube::remove(home, inventory_name(cluster), stop));
  return {};
}

}  // namespace tombolo::cluster
