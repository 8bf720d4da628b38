// Why the two clusters are not peered: Liqo itself, the handshake, and what earlier peerings left.
#include <fmt/format.h>

#include <algorithm>

#include "liqo/why_rules.hpp"

namespace tombolo::liqo::why {
namespace {

const Json* control_plane(const Evidence& e) { return e.home.find("Identity", control_plane_identity(e.cloud_id)); }

bool is_peered(const Evidence& e) { return control_plane(e) || !e.home.all("ResourceSlice").empty(); }

const Json* tenant(const Evidence& e) {
  const auto all = e.cloud.all("Tenant");
  return all.empty() ? nullptr : all.front();
}

bool untrusted(const Dial* dial) { return dial && dial->outcome == Dial::Outcome::kUntrusted; }

// --- Liqo itself

Explanation not_installed(std::string_view side) {
  return because(
      "liqo-not-installed",
      {{fmt::format("no ConfigMap is labelled app.kubernetes.io/name=clusterid-configmap in the {}; liqoctl says: "
                    "configmaps \"configmaps\" not found",
                    side == "home" ? "home cluster" : "cloud"),
        fmt::format("{}, all namespaces", side)}},
      side == "home" ? "Liqo is not installed at home." : "Liqo is not installed in the cloud.",
      "Run `tombolo up`: it installs Liqo on both sides. Then `tombolo peer`.");
}

std::string offloaded_namespaces(const Evidence& e) {
  std::string out;
  for (const auto* map : e.home.all("NamespaceMap"))
    if (const auto* wanted = codec::find(*map, "spec.desiredMapping"); wanted && wanted->is_object())
      for (const auto& each : wanted->get_object()) out += fmt::format("`tombolo unoffload {}`, ", each.key_c_str());
  return out;
}

// `helm uninstall` runs a job that refuses while anything looks peered, and hangs until its time is up.
Found uninstalling(const Evidence& e) {
  for (const auto* pod : e.home.all("Pod")) {
    if (kube::name_of(*pod).find("liqo-pre-delete") == std::string::npos) continue;
    Chain chain{{fmt::format("the uninstaller's pod is {}", codec::text_at(*pod, "status.phase")), at_home(*pod)}};
    if (is_peered(e))
      return because("uninstall-while-peered", std::move(chain),
                     "Liqo is being uninstalled while the clusters are peered.",
                     fmt::format("Run {}`tombolo unpeer`, then uninstall again.", offloaded_namespaces(e)));
    const auto* cluster = foreign_cluster(e);
    if (!cluster || !codec::bool_at(*cluster, "status.modules.authentication.enabled")) continue;
    chain.push_back({"its status still says authentication.enabled, though nothing is peered", at_home(*cluster)});
    return because("stale-foreign-cluster", std::move(chain),
                   "The uninstaller believes the ForeignCluster, which nobody brings up to date after unpeering.",
                   fmt::format("At home: `kubectl delete foreignclusters.core.liqo.io {}`; then uninstall again.",
                               kube::name_of(*cluster)));
  }
  return std::nullopt;
}

// --- the handshake

// The nonce that home has signed belongs to an earlier Tenant namespace of the cloud.
Found other_nonce(const Evidence& e) {
  if (e.nonces_agree.value_or(true)) return std::nullopt;
  return because("nonce-differs",
                 {{"home's signed nonce is not about the nonce that the cloud has",
                   fmt::format("home, Secret {}/{}; cloud, Secret {}/{}", e.home.tenant_namespace, kSignedNonceSecret,
                               e.cloud.tenant_namespace, kNonceSecret)}},
                 "The signed nonce is left from an earlier peering: the cloud has made a new one since.",
                 fmt::format("At home: `kubectl -n {} delete secret {}`; then `tombolo peer`.", e.home.tenant_namespace,
                             kSignedNonceSecret));
}

Explanation other_csr(const Evidence& e, const Json& tenant, Chain chain) {
  chain.push_back({"the stored and the provided CSR do not match",
                   fmt::format("cloud, Secret {}/{}", e.cloud.tenant_namespace, kCertificateSecret)});
  return because("csr-differs", std::move(chain),
                 "The cloud has a certificate for home's former keys: home's Liqo was installed anew since.",
                 fmt::format("`tombolo kubectl -n {} delete secret {}` and every {}-*; then `tombolo peer`.",
                             kube::namespace_of(tenant), kCertificateSecret, kCertificateSecret));
}

// The cloud has the Tenant and does not answer it.
Found unanswered_tenant(const Evidence& e) {
  const auto* asked = tenant(e);
  if (!asked || codec::find(*asked, "status.authParams")) return std::nullopt;
  Chain chain{{"the cloud has not answered the request for a certificate: no status.authParams", in_cloud(*asked)}};
  const auto said = message_of(warning(e.cloud, "Tenant", kube::name_of(*asked)));
  if (!said.empty()) chain.push_back({said, "cloud, event on the Tenant"});
  if (said.find("stored and the provided CSR") != said.npos || (said.empty() && !e.csr_agrees.value_or(true)))
    return other_csr(e, *asked, std::move(chain));
  if (const auto advice = advice_for_text(said))
    return because(advice->id, std::move(chain), advice->cause, advice->fix);
  if (!said.empty())
    return because("tenant-refused", std::move(chain), "The cloud's Liqo refuses home's request: " + said,
                   "Run `tombolo peer` again; if it stays, `tombolo unpeer --force` and `tombolo peer`.");
  return std::nullopt;
}

// Nothing of a peering at home: it never was, it ended, or it stopped half-way.
Explanation not_peered(const Evidence& e) {
  Chain chain{{"home has neither an Identity nor a ResourceSlice for the cloud", "home, " + e.home.tenant_namespace}};
  if (const auto* cluster = foreign_cluster(e))
    chain.push_back(
        {"role " + codec::text_at(*cluster, "status.role") + ", which says nothing: it stays after unpeering",
         at_home(*cluster)});
  if (e.cloud.liqo && e.cloud.liqo->name_space != "liqo")
    chain.push_back({fmt::format("the cloud's Liqo is in {}: without --remote-namespace {} liqoctl says configmaps "
                                 "\"configmaps\" not found",
                                 e.cloud.liqo->name_space, e.cloud.liqo->name_space),
                     "cloud, Liqo's ConfigMap"});
  return because("not-peered", std::move(chain), "The clusters are not peered.",
                 "Run `tombolo peer`, which finds Liqo's namespaces itself.");
}

Explanation orphaned(const Evidence& e, const Json& asked, Chain chain) {
  const auto left = e.cloud.all("ShadowPod").size();
  chain.push_back({fmt::format("the Tenant is still there, with {} offloaded pods that still run and cost", left),
                   in_cloud(asked)});
  return because("orphans-in-cloud", std::move(chain),
                 "Home has left the peering without the cloud: unpeering was forced, or home was made anew.",
                 "Run `tombolo peer`: peering again removes the orphans. Then `tombolo unpeer` if it is to end.");
}

Found without_peering(const Evidence& e) {
  const auto* cluster = foreign_cluster(e);
  const bool forced = cluster && kube::annotation_of(*cluster, kUnreachable) == "true";
  Chain chain;
  if (forced) chain.push_back({fmt::format("annotation {}=true", kUnreachable), at_home(*cluster)});
  const auto with_annotation = [&](Explanation out) {
    if (forced)
      out.fix = fmt::format("At home: `kubectl annotate foreignclusters.core.liqo.io {} {}-`. {}",
                            kube::name_of(*cluster), kUnreachable, out.fix);
    return out;
  };
  if (!e.cloud.silent.empty()) {
    chain.push_back({e.cloud.silent, "cloud, API server"});
    return because(forced ? "declared-unreachable" : "cloud-api-silent", std::move(chain),
                   forced ? "The cloud was given up for good (a forced unpeering), and it still does not answer."
                          : "The clusters are not peered, and the cloud's API server could not be asked.",
                   "Run `tombolo doctor`, then `tombolo up`; when the cloud answers, `tombolo peer`.");
  }
  if (auto found = other_nonce(e)) return with_annotation(after(std::move(chain), std::move(*found)));
  if (auto found = unanswered_tenant(e)) return with_annotation(after(std::move(chain), std::move(*found)));
  if (const auto* asked = tenant(e)) return with_annotation(orphaned(e, *asked, std::move(chain)));
  if (forced)
    return with_annotation(
        because("declared-unreachable", std::move(chain),
                "The cloud was given up for good (a forced unpeering); nothing takes the annotation away.",
                "Then `tombolo peer`."));
  return not_peered(e);
}

// --- a peering that the cloud knows nothing of, or no longer the same

Found lost_tenant(const Evidence& e) {
  if (tenant(e) || !e.cloud.knows("Tenant") || !is_peered(e)) return std::nullopt;
  Chain chain;
  for (const auto* slice : e.home.all("ResourceSlice"))
    if (condition_word(*slice, "Authentication") == "Accepted")
      chain.push_back({"Accepted: a copied status, which survives the cluster that gave it", at_home(*slice)});
  if (const auto* dial = e.dial("Identity"); untrusted(dial)) {
    chain.push_back(dial_link(*dial));
    chain.push_back({"no Tenant for home there", "cloud, tenants.authentication.liqo.io"});
    return because("cloud-replaced", std::move(chain),
                   "The cloud's cluster is another one than home is peered with: it was made anew.",
                   "Run `tombolo unpeer --force`, then `tombolo up` and `tombolo peer`.");
  }
  if (e.cloud.liqo_known && !e.cloud.liqo) return not_installed("cloud");
  chain.push_back({fmt::format("tenants.authentication.liqo.io \"{}\" not found", e.home_id), "cloud, Tenants"});
  return because("tenant-missing", std::move(chain),
                 "The cloud has no Tenant for home: it was deleted there, or the cloud's Liqo was installed anew.",
                 "Run `tombolo unpeer --force`, then `tombolo peer`.");
}

// A Secret on its way out and a new Identity: the replicator waits for ever for what the new Identity makes again.
Found peered_too_soon(const Evidence& e) {
  const auto name = kubeconfig_secret(control_plane_identity(e.cloud_id));
  const auto* secret = e.home.find("Secret", name);
  if (!secret || !kube::is_being_deleted(*secret) || !control_plane(e)) return std::nullopt;
  return because(
      "peered-too-soon",
      {{fmt::format("terminating, held by {}, while the Identity is there again",
                    kube::finalizers_of(*secret).empty() ? "nobody" : kube::finalizers_of(*secret).front()),
        at_home(*secret)}},
      "The clusters were peered again before the last unpeering had ended: Liqo waits for itself.",
      fmt::format(
          "Run `tombolo unpeer`, at home `kubectl -n {} rollout restart deployment liqo-crd-replicator`, wait until "
          "`kubectl -n {} get secret {}` finds nothing, then `tombolo peer`.",
          e.home.liqo ? e.home.liqo->name_space : "liqo", kube::namespace_of(*secret), name));
}

Found without_secret(const Evidence& e) {
  const auto name = kubeconfig_secret(control_plane_identity(e.cloud_id));
  if (!e.home.knows("Secret") || e.home.find("Secret", name)) return std::nullopt;
  return because(
      "identity-without-secret", {{fmt::format("there is no Secret {} for it", name), at_home(*control_plane(e))}},
      "Home has no kubeconfig for the cloud: Liqo has not made it from the Identity, or somebody deleted it.",
      fmt::format("At home: `kubectl -n {} rollout restart deployment liqo-controller-manager`, which makes it again.",
                  e.home.liqo ? e.home.liqo->name_space : "liqo"));
}

Found expired(const Evidence& e) {
  for (const auto& [name, end] : e.identity_ends) {
    if (end > e.now) continue;
    return because("identity-expired",
                   {{"the certificate that home logs in with ended at " + format_time(end),
                     fmt::format("home, Identity {}/{}", e.home.tenant_namespace, name)}},
                   "Home's certificate for the cloud has expired, so the cloud refuses home.",
                   fmt::format("`tombolo kubectl -n {} delete secret {}` and every {}-*; then `tombolo peer`.",
                               e.cloud.tenant_namespace, kCertificateSecret, kCertificateSecret));
  }
  return std::nullopt;
}

}  // namespace

Found installation_trouble(const Evidence& e) {
  if (e.home.liqo_known && !e.home.liqo) return not_installed("home");
  if (auto found = uninstalling(e)) return found;
  if (e.cloud.liqo_known && !e.cloud.liqo && !untrusted(e.dial("Identity"))) return not_installed("cloud");
  return std::nullopt;
}

Found authentication_trouble(const Evidence& e) {
  if (!e.home.knows("Identity") || !e.home.knows("ResourceSlice")) return std::nullopt;
  if (!is_peered(e)) return without_peering(e);
  if (auto found = lost_tenant(e)) return found;
  if (auto found = unanswered_tenant(e)) return found;
  if (!control_plane(e)) {
    if (auto found = other_nonce(e)) return found;
    return not_peered(e);
  }
  if (auto found = peered_too_soon(e)) return found;
  if (auto found = without_secret(e)) return found;
  return expired(e);
}

}  // namespace tombolo::liqo::why
