// Two clusters become one: what `liqoctl peer --networking-disabled` does, by the resources of both API servers, from
// wherever an earlier try has left off, and on until the virtual node is Ready. Objects that are as they should be are not
// written. Source: Liqo 1.2.0 (pkg/liqoctl/{authenticate,peer}); what real clusters did where that differs.
#pragma once
#include <optional>
#include <set>
#include <string>

#include "crypto/signing_key.hpp"
#include "liqo/parties.hpp"
#include "liqo/progress.hpp"
#include "liqo/resources.hpp"
#include "liqo/unpeering.hpp"

namespace tombolo::liqo {

struct PeeringRequest {
  Resources resources;  // what the cloud offers; what is not named gets the provider's defaults
  std::string api_server;  // "https://10.42.0.1:6443": what the cloud must tell home to call; "": whatever it says
  std::string authority;  // PEM: the cloud's own authority as we know it; "": unknown
  bool renew = false;  // the certificates, whatever their age; those that are due are renewed without it
};

// One peering being made. Never waits: advance() does all that can be done now and says what it waits for.
class Peering {
 public:
  explicit Peering(PeeringRequest request) : request_(std::move(request)) {}
  // Errors: those of the clients; kConflict, kBroken, kTimeout with the reason that Liqo's events give.
  Result<Progress> advance(const Sides& sides, const std::stop_token& stop);

  const Parties& parties() const { return parties_; }  // once the first stage is through
  const std::string& slice() const { return parties_.cloud.id; }  // also the VirtualNode's and the Node's name

 private:
  using Method = Result<bool> (Peering::*)(const Sides&, const std::stop_token&);
  struct Stage {
    const char* name;
    Method work;  // true: go on with the next stage; false: waiting_ says for what
  };
  static const Stage kStages[];

  // peering.cpp: until both sides know each other.
  Result<bool> find_both(const Sides& sides, const std::stop_token& stop);
  Result<bool> clear_old_one(const Sides& sides, const std::stop_token& stop);
  Result<bool> make_namespaces(const Sides& sides, const std::stop_token& stop);
  Result<bool> read_key(const Sides& sides, const std::stop_token& stop);
  Result<bool> sign_nonce(const Sides& sides, const std::stop_token& stop);
  Result<bool> make_tenant(const Sides& sides, const std::stop_token& stop);
  Result<bool> await_tenant(const Sides& sides, const std::stop_token& stop);
  Result<bool> make_identity(const Sides& sides, const std::stop_token& stop);
  Result<> check_answer() const;
  Result<> forget_other_certificates(kube::Client& cloud, const std::stop_token& stop);
  bool is_of_another_cloud(const codec::Json& identity) const;

  // peering_renewal.cpp: certificates before they end.
  Result<bool> renew_tenant(const Sides& sides, const std::stop_token& stop);
  Result<bool> renew_slice(const Sides& sides, const std::stop_token& stop);

  // peering_node.cpp: from there to the virtual node.
  Result<bool> make_slice(const Sides& sides, const std::stop_token& stop);
  Result<bool> await_slice(const Sides& sides, const std::stop_token& stop);
  Result<bool> await_virtual_node(const Sides& sides, const std::stop_token& stop);
  Result<bool> await_node(const Sides& sides, const std::stop_token& stop);
  Result<> look_again(kube::Client& home, const std::stop_token& stop);
  Result<> renew_checker(const codec::Json& foreign, const Sides& sides, const std::stop_token& stop);
  Result<bool> await_foreign_cluster(const Sides& sides, const std::stop_token& stop);
  Result<> drop_leases(kube::Client& home, const std::stop_token& stop);
  Result<> wake_virtual_kubelet(kube::Client& home, const std::stop_token& stop);
  Result<> make_way_for_node(kube::Client& home, const std::stop_token& stop);
  Result<> apply_slice(kube::Client& home, const std::stop_token& stop);

  Result<bool> take_down(Way way, std::string why, const Sides& sides, const std::stop_token& stop);
  // What is tried once, when a wait has become suspicious: each gets one of Liqo's controllers out of a corner.
  enum class Remedy { kBeginAnew, kRenewChecker, kWakeVirtualKubelet, kRestartSigner };
  bool was_tried(Remedy remedy) const { return tried_.contains(remedy); }
  bool first_time(Remedy remedy) { return tried_.insert(remedy).second; }
  // Where Liqo's events about it stand.
  struct About {
    kube::Client& client;
    std::string name_space;
    std::string object;
  };
  // Fails once `what` has been waited for too long, with the last thing that Liqo's events say.
  Result<bool> wait_for(Duration longest, std::string what, const About& about, const std::stop_token& stop);

  PeeringRequest request_;
  Parties parties_;
  std::string home_tenant_;  // tenant namespaces
  std::string cloud_tenant_;
  std::optional<crypto::SigningKey> key_;
  std::string csr_;  // PEM
  std::string nonce_, signature_;
  codec::Json answer_;  // the Tenant's authParams
  std::string old_certificate_, old_slice_certificate_;  // base64: those that are being renewed
  std::optional<Unpeering> old_one_;
  bool tenant_is_new_ = false;  // made in this run: what the slice's status says may be older
  bool made_anything_ = false;  // of the slice and what follows from it
  std::set<Remedy> tried_;
  Time nudged_{};  // home's controllers, by look_again()
  std::size_t stage_ = 0;
  std::string waiting_;
  std::string said_;
  Patience patience_;
};

}  // namespace tombolo::liqo
