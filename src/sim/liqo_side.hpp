// What the parts of the simulated Liqo share: one cluster as its controllers see it, and the few ways in which they write.
// Each part is a controller (kube_controllers.hpp): liqo_manager.cpp and liqo_provider.cpp are liqo-controller-manager,
// liqo_replicator.cpp liqo-crd-replicator, liqo_kubelet.cpp the virtual kubelets, liqo_offloading.cpp the namespaces, liqo_webhooks.cpp liqo-webhook.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "liqo/names.hpp"
#include "liqo/parties.hpp"
#include "sim/kube_controllers.hpp"
#include "sim/liqo_keys.hpp"

namespace tombolo::sim {

struct LiqoSide {
  KubeScene& scene;
  std::string id;  // of the cluster
  std::string name_space;  // Liqo's own
  std::string api_server;  // what others are told to call
  std::string node_labels;  // "a=b,c=d": of the nodes that stand for this cluster elsewhere

  KubeStore& store() const { return scene.store; }
  Time now() const { return scene.now; }
};
// Nothing while no liqo-controller-manager runs there.
std::optional<LiqoSide> liqo_in(KubeScene& scene);
std::optional<crypto::Ed25519Key> keys_of(const LiqoSide& side);

// The other cluster's store, when its API server answers this one; by its ID.
KubeStore* peer_of(const LiqoSide& side, const std::string& id);

// What a cluster believes of the other one's API server: it asks every 15 seconds, and a node's lease outlives its kubelet's
// last word. (Observed: Error after at most 20 s, NotReady after 75; Established after 15, Ready 60 later.)
struct Reach {
  bool api = false;
  bool node = false;
};
Reach reach_of(const LiqoSide& side, const std::string& id);

KubeKey liqo_key(const kube::Resource& resource, const std::string& name_space, const std::string& name);
// Tenant namespaces, with whom each is about.
std::vector<std::pair<std::string, std::string>> tenants_of(const KubeStore& store);

// What a namespace is called in the other cluster; "" while it is not there.
std::string remote_namespace(const KubeStore& store, const std::string& tenant_space, const std::string& peer,
                             const std::string& space);

// Makes the object or brings it up to date: `labels`, `annotations` and `parts` (spec, data, …) are set, the rest stays.
struct LiqoObject {
  kube::Resource resource;
  std::string name_space, name;
  codec::JsonObject labels = {};
  codec::JsonObject annotations = {};
  codec::JsonObject parts = {};
  KubeObject owner = {};
};
KubeObject ensure(KubeStore& store, const LiqoObject& wanted, Time now);
void set_status(KubeStore& store, const KubeKey& key, const codec::Json& status, Time now);
void add_finalizer(KubeStore& store, const KubeKey& key, std::string_view finalizer, Time now);
// The object goes when it was the last one and it is being deleted.
void remove_finalizer(KubeStore& store, const KubeKey& key, std::string_view finalizer, Time now);
bool holds_finalizer(const codec::Json& object, std::string_view finalizer);
// Deletes, unless it is being deleted already or is not there.
void let_go(KubeStore& store, const KubeKey& key, Time now);
// An Event about an object, once.
void report_event(const LiqoSide& side, const codec::Json& about, std::string_view type, std::string_view reason,
                  const std::string& message);

void run_liqo_manager(KubeScene& scene);
void run_liqo_provider(KubeScene& scene);
void run_liqo_replicator(KubeScene& scene);
void run_liqo_kubelet(KubeScene& scene);
void run_liqo_offloading(KubeScene& scene);

}  // namespace tombolo::sim
