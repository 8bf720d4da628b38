// The two sides of a peering as Liqo's own objects name them, and what every step of peering, unpeering and offloading asks
// them. Nobody is told a namespace: both are found by what Liqo puts there.
#pragma once
#include <optional>
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

// The ConfigMap that Liqo reads its cluster ID from; nothing when Liqo is nowhere. Errors: kConflict when it is in several
// namespaces.
Result<std::optional<codec::Json>> find_cluster_id(kube::Client& client, const std::stop_token& stop);
// Errors: kNotFound when Liqo is not installed there, kBroken when it has no ID, and find_cluster_id()'s. `side`: "home" or
// "cloud", for messages.
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

// Those of a label, everywhere, and one by its name: nothing where the kind is not served, for Liqo may have been uninstalled.
Result<std::vector<codec::Json>> list_where_served(kube::Client& client, const kube::Resource& resource,
                                                   const std::string& labels, const std::stop_token& stop);

Result<std::optional<codec::Json>> find_where_served(kube::Client& client, const kube::ObjectName& name,
                                                     const std::stop_token& stop);

// What a condition says where Liqo writes a word of its own ("Accepted", "Established"); "" when there is no such condition.
std::string condition_word(const codec::Json& object, std::string_view type);

// Ends the pods with those labels; their controllers make them anew.
inline constexpr std::string_view kControllerManager = "app.kubernetes.io/name=controller-manager";
inline constexpr std::string_view kReplicator = "app.kubernetes.io/name=crd-replicator";
Result<> end_pods(kube::Client& client, const std::string& name_space, std::string_view labels,
                  const std::stop_token& stop);

// A field of data of a Secret, decoded; "" when the Secret or the field is not there.
std::string secret_text(const codec::Json& secret, std::string_view key);
std::string encoded(std::string_view text);  // base64, as data of Secrets and []byte fields are written

// The smallest object that server-side apply knows what to do with.
codec::Json blank_object(const kube::ObjectName& name);

}  // namespace tombolo::liqo
