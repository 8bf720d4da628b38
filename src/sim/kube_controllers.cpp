#include "sim/kube_controllers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "kube/object.hpp"
#include "sim/kube_kinds.hpp"
#include "sim/kube_write.hpp"
#include "sim/liqo_side.hpp"

namespace tombolo::sim {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

constexpr std::string_view kCleanup = "customresourcecleanup.apiextensions.k8s.io";
constexpr std::string_view kForeground = "foregroundDeletion";

void drop_finalizer(KubeScene& scene, const KubeKey& key, std::string_view finalizer) {
  Json object = *scene.store.find(key);
  auto& list = metadata_of(object)["finalizers"];
  if (!list.is_array()) return;
  auto& items = list.get_array();
  items.erase(
      std::remove_if(items.begin(), items.end(),
                     [&](const Json& i) { return i.is_string() && std::string_view(i.get_string()) == finalizer; }),
      items.end());
  const bool free = items.empty();
  scene.store.put(key, std::move(object), scene.now);
  if (free) scene.store.erase(key);
}

bool has_finalizer(const Json& object, std::string_view finalizer) {
  const auto all = kube::finalizers_of(object);
  return std::ranges::find(all, finalizer) != all.end();
}

// CustomResourceDefinitions: accepted at once; deleted after their objects.
void run_definitions(KubeScene& scene) {
  for (const auto& [key, object] : scene.store.of("apiextensions.k8s.io", "customresourcedefinitions")) {
    const auto group = codec::text_at(*object, "spec.group"), plural = codec::text_at(*object, "spec.names.plural");
    if (kube::is_being_deleted(*object)) {
      for (const auto& [each, unused] : scene.store.of(group, plural)) begin_deletion(scene.store, each, scene.now, 0);
      if (scene.store.of(group, plural).empty()) drop_finalizer(scene, key, kCleanup);
      continue;
    }
    if (kube::condition_of(*object, "Established")) continue;
    Json now = *object;
    set_condition(now, "NamesAccepted", true, "NoConflicts", "no conflicts found", scene.now);
    set_condition(now, "Established", true, "InitialNamesAccepted", "the initial names have been accepted", scene.now);
    auto& status = child(now.as_object(), "status");
    if (const auto* names = codec::find(*object, "spec.names")) status["acceptedNames"] = *names;
    JsonArray stored;
    if (const auto* versions = codec::find(*object, "spec.versions"); versions && versions->is_array())
      for (const auto& v : versions->get_array())
        if (codec::bool_at(v, "storage")) stored.emplace_back(codec::text_at(v, "name"));
    status["storedVersions"] = std::move(stored);
    auto& finalizers = metadata_of(now)["finalizers"];
    if (!finalizers.is_array()) finalizers = JsonArray();
    finalizers.get_array().emplace_back(boost::json::string_view(kCleanup.data(), kCleanup.size()));
    scene.store.put(key, std::move(now), scene.now);
  }
}

// A namespace that was deleted takes what is in it with it, and says what holds it up.
void run_namespaces(KubeScene& scene) {
  for (const auto& [key, object] : scene.store.of("", "namespaces")) {
    if (!kube::is_being_deleted(*object)) continue;
    std::vector<KubeKey> inside;
    for (const auto& [each, unused] : scene.store.all())
      if (each.name_space == key.name) inside.push_back(each);
    std::map<std::string, int> held, left;
    for (const auto& each : inside) {
      if (const auto there = scene.store.find(each); there && !kube::is_being_deleted(*there))
        begin_deletion(scene.store, each, scene.now,
                       codec::number_at(*there, "spec.terminationGracePeriodSeconds", 30));
      if (const auto there = scene.store.find(each)) {
        ++left[each.group.empty() ? each.plural + "." : each.plural + "." + each.group];
        for (const auto& finalizer : kube::finalizers_of(*there)) ++held[finalizer];
      }
    }
    if (left.empty()) {
      if (codec::find(*object, "metadata.finalizers.0")) continue;
      scene.store.erase(key);
      continue;
    }
    const auto list = [](const std::map<std::string, int>& counts, std::string_view form) {
      std::string out;
      for (const auto& [what, count] : counts)
        out += fmt::format("{}{} {} {} resource instances", out.empty() ? "" : ", ", what, form, count);
      return out;
    };
    Json now = *object;
    set_condition(now, "NamespaceContentRemaining", true, "SomeResourcesRemain",
                  "Some resources are remaining: " + list(left, "has"), scene.now);
    set_condition(now, "NamespaceFinalizersRemaining", !held.empty(),
                  held.empty() ? "ContentHasNoFinalizers" : "SomeFinalizersRemain",
                  held.empty() ? "All content-preserving finalizers finished"
                               : "Some content in the namespace has finalizers remaining: " + list(held, "in"),
                  scene.now);
    scene.store.put(key, std::move(now), scene.now);
  }
}

// What belongs to nobody any more goes; what is deleted in the foreground goes after what belongs to it.
void collect_garbage(KubeScene& scene) {
  std::map<std::string, KubeKey> by_uid;
  std::map<std::string, std::vector<KubeKey>> dependents;
  for (const auto& [key, object] : scene.store.all()) {
    by_uid.emplace(kube::uid_of(*object), key);
    if (const auto* owners = codec::find(*object, "metadata.ownerReferences"); owners && owners->is_array())
      for (const auto& owner : owners->get_array()) dependents[codec::text_at(owner, "uid")].push_back(key);
  }
  const auto remove = [&](const KubeKey& key) {
    const auto object = scene.store.find(key);
    if (object && !kube::is_being_deleted(*object))
      begin_deletion(scene.store, key, scene.now, codec::number_at(*object, "spec.terminationGracePeriodSeconds", 30));
  };
  for (const auto& [uid, keys] : dependents) {
    const auto owner = by_uid.find(uid);
    const auto object = owner == by_uid.end() ? nullptr : scene.store.find(owner->second);
    if (object && !(kube::is_being_deleted(*object) && has_finalizer(*object, kForeground))) continue;
    for (const auto& key : keys) {
      const auto dependent = scene.store.find(key);
      const auto* owners = dependent ? codec::find(*dependent, "metadata.ownerReferences") : nullptr;
      const bool another =
          owners && std::any_of(owners->get_array().begin(), owners->get_array().end(), [&](const Json& o) {
            const auto other = codec::text_at(o, "uid");
            return other != uid && by_uid.contains(other);
          });
      if (!another) remove(key);
    }
  }
  for (const auto& [uid, key] : by_uid) {
    const auto object = scene.store.find(key);
    if (!object || !kube::is_being_deleted(*object) || !has_finalizer(*object, kForeground)) continue;
    const auto it = dependents.find(uid);
    const bool waits = it != dependents.end() && std::ranges::any_of(it->second, [&](const KubeKey& k) {
                         return scene.store.find(k) != nullptr;
                       });
    if (!waits) drop_finalizer(scene, key, kForeground);
  }
}

}  // namespace

const std::vector<KubeController>& kube_controllers() {
  static const std::vector<KubeController> all{
      run_definitions,  run_namespaces,    collect_garbage,     run_daemon_sets,  run_deployments,    run_pods,
      run_liqo_manager, run_liqo_provider, run_liqo_replicator, run_liqo_kubelet, run_liqo_offloading};
  return all;
}

void settle_kube(World& world, Time now) {
  constexpr int kMostRounds = 200;  // controllers that undo each other's work would go on for ever
  const auto& controllers = kube_controllers();
  const auto version = [&] {
    std::int64_t sum = 0;
    for (const auto& [name, store] : world.kube) sum += store.version();
    return sum;
  };
  // What a controller that saw the same world a moment ago would do is known: nothing.
  std::vector<std::int64_t> seen(world.kube.size() * controllers.size(), -1);
  for (int round = 0; round < kMostRounds; ++round) {
    const auto before = version();
    auto last = seen.begin();
    for (auto& [name, store] : world.kube) {
      KubeScene scene{world, store, now};
      for (const auto controller : controllers) {
        if (const auto current = version(); *last != current) {
          *last = current;
          controller(scene);
        }
        ++last;
      }
    }
    if (version() == before) return;
  }
}

void let_kube_time_pass(World& world, Time now) {
  for (;;) {
    std::optional<Time> next;
    for (const auto& [name, store] : world.kube)
      if (store.due() && *store.due() <= now) next = next ? std::min(*next, *store.due()) : *store.due();
    if (!next) return;
    for (auto& [name, store] : world.kube)
      if (store.due() && *store.due() <= *next) store.awake();
    settle_kube(world, *next);
  }
}

void set_condition(Json& object, std::string_view type, bool holds, std::string_view reason, std::string_view message,
                   Time now) {
  const auto view = [](std::string_view text) { return boost::json::string_view(text.data(), text.size()); };
  auto& list = child(object.as_object(), "status")["conditions"];
  if (!list.is_array()) list = JsonArray();
  auto& items = list.get_array();
  auto it = std::find_if(items.begin(), items.end(), [&](const Json& c) { return codec::text_at(c, "type") == type; });
  if (it == items.end()) {
    items.emplace_back(JsonObject{{"type", view(type)}});
    it = items.end() - 1;
  }
  auto& condition = it->as_object();
  const auto* status = holds ? "True" : "False";
  if (codec::text_at(*it, "status") != status) condition["lastTransitionTime"] = format_time(now);
  condition["status"] = status;
  condition["reason"] = view(reason);
  condition["message"] = view(message);
}

std::string kube_suffix(std::string_view text) {
  constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";  // as Kubernetes' own: no words come of them
  std::string out;
  for (auto hash = stable_hash(text); out.size() < 5; hash /= kLetters.size()) out += kLetters[hash % kLetters.size()];
  return out;
}

}  // namespace tombolo::sim
