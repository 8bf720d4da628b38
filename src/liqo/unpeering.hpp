// A peering goes away: in the order that cannot deadlock (the Tenant, and with it home's rights on the provider, only when
// nothing of home's is left there), and to the end: liqoctl leaves namespaces, secrets and ForeignClusters behind, which
// stand in the way of the next peering. Source: what real clusters did; pkg/liqoctl/unpeer for what may be left.
#pragma once
#include <string>
#include <vector>

#include "liqo/parties.hpp"
#include "liqo/progress.hpp"

namespace tombolo::liqo {

enum class Way {
  kGraceful,
  kForced,  // the provider is gone: home is freed without it
  kAbandon,  // the provider goes next, whatever is left on it: pods are drained, home is freed, and its tenant namespace is
  // told to go
};

// One peering being taken down, from any half-done state. Never waits, as Peering.
class Unpeering {
 public:
  Unpeering(Way way, std::string home_id, std::string cloud_id)
      : way_(way), home_id_(std::move(home_id)), cloud_id_(std::move(cloud_id)) {}

  // `cloud` may be nullptr unless it is graceful. Errors: those of the clients; kTimeout naming what blocks it for too long;
  // kConflict when it shall be forced and the provider answers.
  Result<Progress> advance(kube::Client& home, kube::Client* cloud, const std::stop_token& stop);

 private:
  enum class Stage { kDeclareDead, kDrain, kFreeHome, kMap, kIdentity, kTenant, kNamespaces, kForgetClusters };
  static std::string_view name(Stage stage);
  // True: go on with the next stage. False: waiting_ says for what.
  Result<bool> carry_out(Stage stage, kube::Client& home, kube::Client* cloud, const std::stop_token& stop);
  Result<bool> declare_dead(kube::Client& home, const std::stop_token& stop);
  Result<bool> drain(kube::Client& home, const std::stop_token& stop);
  Result<bool> free_home(kube::Client& home, const std::stop_token& stop);
  Result<bool> drop_map(kube::Client& home, const std::stop_token& stop);
  Result<bool> drop_identity(kube::Client& home, const std::stop_token& stop);
  Result<bool> drop_tenant(kube::Client& cloud, const std::stop_token& stop);
  Result<bool> drop_namespaces(kube::Client& client, const std::string& peer_id, const std::stop_token& stop);
  Result<bool> drop_both_namespaces(kube::Client& home, kube::Client* cloud, const std::stop_token& stop);
  Result<bool> drop_foreign_clusters(kube::Client& home, kube::Client* cloud, const std::stop_token& stop);
  Result<bool> blocked(Duration longest, std::string what, kube::Client& home, const std::stop_token& stop);
  std::string home_tenant() const { return tenant_namespace(cloud_id_); }

  Way way_;
  std::string home_id_;
  std::string cloud_id_;
  std::size_t stage_ = 0;
  std::string waiting_;
  Patience patience_;
};

// Pods at home that run in the cloud and that nobody would make again: what a drain ends for good. "namespace/name".
Result<std::vector<std::string>> bare_offloaded_pods(kube::Client& home, const std::string& node,
                                                     const std::stop_token& stop);

}  // namespace tombolo::liqo
