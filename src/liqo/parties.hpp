// The two sides of a peering as Liqo's own objects name them, and what every step of peering, unpeering and offloading asks
// them. Nobody is told a namespace: both are found by what Liqo puts there.
#pragma once
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kube/client.hpp"
#include "kube/objects.hpp"
#include "liqo/names.hpp"

namespace tombolo::liqo {

// The way to both API servers. home is Liqo's consumer, cloud its provider.
struct Sides {
  kube::Client& home;
  kube::Client& cloud;
};

struct Party {
  std::string name_space;  // Liqo's own
  std::string id;  // its cluster ID
};

// Errors: kNotFound when Liqo is not installed there, kConflict when it is twice. `side`: "home" or "cloud", for messages.
Result<Party> find_party(kube::Client& client, std::string_view side, const std::stop_token& stop);

struct Parties {
  Party home;
  Party cloud;
};
// Errors also: kConflict when both have the same ID.
Result<Parties> find_parties(const Sides& sides, const std::stop_token& stop);

// The namespaces that carry a peer's mark as its tenant's: one when there is a peering, none before.
Result<std::vector<codec::Json>> tenant_namespaces(kube::Client& client, const std::string& peer_id,
                                                   const std::stop_token& stop);

// "Warning AuthParamsFailed: the stored and the provided CSR do not match": warnings in a namespace about the object of that
// name, no older than `since`, newest last. What Liqo retries by itself (lost races) is left out.
struct Warning {
  std::string reason;
  std::string message;
};
Result<std::vector<Warning>> warnings_about(kube::Client& client, const std::string& name_space,
                                            const std::string& object, Time since, const std::stop_token& stop);

// Those of a label, everywhere; none where the kind is not served: Liqo may have been uninstalled.
Result<std::vector<codec::Json>> list_where_served(kube::Client& client, const kube::Resource& resource,
                                                   const std::string& labels, const std::stop_token& stop);

// A field of data of a Secret, decoded; "" when the Secret or the field is not there.
std::string secret_text(const codec::Json& secret, std::string_view key);
std::string encoded(std::string_view text);  // base64, as data of Secrets and []byte fields are written

// The smallest object that server-side apply knows what to do with.
codec::Json blank_object(const kube::ObjectName& name);

// How far a piece of work has got that goes on by being called again.
struct Progress {
  bool done = false;
  std::string stage;  // short, stable: "nonce", "tenant", "slice", "node"
  std::string waiting_for;  // a sentence; "" when it goes on at once
  Duration waited{};
  std::string said;  // something worth a line, once
};

// What a long piece of work waits for, and how long already. Pieces are told by their texts.
class Patience {
 public:
  // The time since the same text was last given first.
  Duration waited_for(const std::string& what, Time now) {
    if (what != what_) {
      what_ = what;
      since_ = now;
    }
    return now - since_;
  }
  Time since() const { return since_; }

 private:
  std::string what_;
  Time since_{};
};

}  // namespace tombolo::liqo
