// liqo-crd-replicator: what is labelled for it goes to the other cluster, and its status comes back. It works while the control
// plane's kubeconfig is there and is not going. Source: Liqo 1.2.0, internal/crdReplicator; e16 of what two real clusters did.
#include <fmt/format.h>

#include "kube/objects.hpp"
#include "sim/kube_write.hpp"
#include "sim/liqo_side.hpp"

namespace tombolo::sim {
namespace {

using codec::Json;
using codec::JsonObject;

constexpr std::string_view kReplicated = "crdreplicator.liqo.io/resource";

struct Reflection {
  const LiqoSide& side;
  std::string space;  // here
  std::string peer;
  std::string there_space;  // the tenant namespace over there
  KubeStore* there = nullptr;  // null: it does not answer
  bool given_up = false;  // said to be unreachable for ever: deletions count as done
};

// Whether the other side still lets us write: its Tenant carries our rights.
bool is_admitted(const Reflection& r) {
  const auto tenant = r.there->find(liqo_key(liqo::kTenants, r.there_space, r.side.id));
  return tenant && codec::find(*tenant, "status.authParams");
}

void copy_object(const Reflection& r, const kube::Resource& resource, const KubeKey& key, const KubeObject& local) {
  const auto remote_key = liqo_key(resource, r.there_space, key.name);
  const auto remote = r.there->find(remote_key);
  JsonObject labels;
  if (!remote) {
    if (const auto* own = codec::find(*local, "metadata.labels"); own && own->is_object()) labels = own->as_object();
    labels[liqo::kReplication] = "false";
    labels["liqo.io/replicated"] = "true";
    labels["liqo.io/originID"] = r.side.id;
    labels[liqo::kRemoteClusterId] = r.side.id;
  }
  JsonObject parts;
  if (const auto* spec = codec::find(*local, "spec")) parts["spec"] = *spec;
  ensure(*r.there, {resource, r.there_space, key.name, labels, {}, parts}, r.side.now());
  const auto* status = remote ? codec::find(*remote, "status") : nullptr;
  if (status) set_status(r.side.store(), key, *status, r.side.now());
}

void reflect_object(const Reflection& r, const kube::Resource& resource, const KubeKey& key, const KubeObject& local,
                    bool stopping) {
  auto& store = r.side.store();
  const auto now = r.side.now();
  if (!kube::is_being_deleted(*local)) {
    if (stopping || !r.there || !is_admitted(r)) return;
    add_finalizer(store, key, kReplicated, now);
    if (const auto held = store.find(key)) copy_object(r, resource, key, held);
    return;
  }
  if (!holds_finalizer(*local, kReplicated)) return;
  if (r.given_up) return remove_finalizer(store, key, kReplicated, now);
  if (!r.there) return;
  const auto remote_key = liqo_key(resource, r.there_space, key.name);
  if (r.there->find(remote_key)) {
    // Without the Tenant there is no right to delete: the copy stays, and so does what is here.
    if (!is_admitted(r)) return;
    let_go(*r.there, remote_key, now);
    if (r.there->find(remote_key)) return;
  }
  remove_finalizer(store, key, kReplicated, now);
}

}  // namespace

void run_liqo_replicator(KubeScene& scene) {
  const auto side = liqo_in(scene);
  if (!side) return;
  for (const auto& [space, peer] : tenants_of(scene.store)) {
    const auto identity = liqo::control_plane_identity(peer);
    const auto secret = scene.store.find(liqo_key(kube::kSecrets, space, liqo::kubeconfig_secret(identity)));
    const auto known = scene.store.find(liqo_key(liqo::kForeignClusters, "", peer));
    Reflection r{*side,
                 space,
                 peer,
                 secret ? kube::annotation_of(*secret, "liqo.io/remote-tenant-namespace") : "",
                 peer_of(*side, peer),
                 known && kube::annotation_of(*known, liqo::kUnreachable) == "true"};
    if (!secret && !r.given_up) continue;
    const bool stopping = !secret || kube::is_being_deleted(*secret);
    for (const auto& resource : {liqo::kRenews, liqo::kResourceSlices, liqo::kNamespaceMaps})
      for (const auto& [key, local] : scene.store.of(resource.group, resource.plural, space))
        if (kube::label_of(*local, liqo::kReplication) == "true") reflect_object(r, resource, key, local, stopping);
  }
}

}  // namespace tombolo::sim
