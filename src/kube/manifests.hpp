// Several objects that belong together: read from YAML, applied in an order that works, removed in the opposite one.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kube/objects.hpp"

namespace tombolo::kube {

// One YAML document as an object. Nothing for an empty document. kCorrupt for anything that is no object of an API.
Result<std::optional<codec::Json>> parse_manifest(std::string_view yaml);
// The object as YAML, keys in their order: same input, same bytes. Ends with a line feed.
std::string manifest_yaml(const codec::Json& object);

// "apps/v1 DaemonSet nebula-system/nebula": names an object without its content; what an inventory keeps.
std::string reference_text(const codec::Json& object);

// Namespaces and definitions of resources first, webhooks and what uses definitions last. Stable otherwise.
void sort_for_apply(std::vector<codec::Json>& objects);

struct Applied {
  int objects = 0;
  int changed = 0;  // made, or with a new resourceVersion
};
// Says of an object as it is whether it is the caller's: fields that somebody else has changed in it are taken back.
using IsOurs = std::function<bool(const codec::Json& live)>;
// Applies all of them as the manager "tombolo", each by the resource that the server says its kind has. After definitions it
// waits until they are served. Errors: apply()'s, among them kConflict for what is not ours, and kNotFound for a kind that the
// server does not have.
Result<Applied> apply_all(Client& client, std::vector<codec::Json> objects, const IsOurs& is_ours,
                          const std::stop_token& stop);

// Removes what the inventory names, in its opposite order, kind after kind, and waits until they are gone. What is gone
// already, or whose kind is, counts as removed. Namespaces are only told to go, for that takes Kubernetes five seconds at
// least: who must know that they are gone looks. Returns how many objects were there.
Result<int> remove_all(Client& client, const std::vector<std::string>& references, Duration patience,
                       const std::stop_token& stop);

}  // namespace tombolo::kube
