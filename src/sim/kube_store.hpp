// The objects of one simulated API server, their versions and their history. Knows nothing of HTTP nor of what objects mean.
// Values that are stored are shared and never changed: histories and pages cost pointers.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "codec/json.hpp"

namespace tombolo::sim {

// Without its version: an object is the same one in every version of its API.
struct KubeKey {
  std::string group;
  std::string plural;
  std::string name_space;  // "" for kinds without namespaces
  std::string name;
  auto operator<=>(const KubeKey&) const = default;
};

using KubeObject = std::shared_ptr<const codec::Json>;

struct KubeChange {
  std::int64_t version = 0;
  KubeKey key;
  KubeObject before;  // null: it is new
  KubeObject after;  // null: it is gone; else as it is since
  KubeObject last;  // of one that is gone: as it was, with the version of its end
};

class KubeStore {
 public:
  // Uids come from the seed and the name: the same calls make the same objects.
  KubeStore(std::string name, std::uint64_t seed);

  KubeObject find(const KubeKey& key) const;  // null when there is none
  const std::map<KubeKey, KubeObject>& all() const { return objects_; }
  // Every object of a resource, in one namespace or in all (""), in the order of their keys.
  std::map<KubeKey, KubeObject> of(const std::string& group, const std::string& plural,
                                   const std::string& name_space = "") const;

  // Writes it as it is, with name, namespace, uid, creationTimestamp and resourceVersion filled in. An object that is what it
  // was keeps its version, and nothing is written.
  KubeObject put(const KubeKey& key, codec::Json object, Time at);
  KubeObject erase(const KubeKey& key);  // as it was

  std::int64_t version() const { return version_; }
  const std::deque<KubeChange>& changes() const { return changes_; }
  std::int64_t forgotten() const { return forgotten_; }  // changes up to this version are not known any more
  std::string new_uid();
  std::string new_address(const std::string& network);  // "10.96.0." -> the next one in it

  // Controllers are called again at the earliest time that anybody asked for since they were called.
  void wake_at(Time at) { due_ = due_ ? std::min(*due_, at) : at; }
  std::optional<Time> due() const { return due_; }
  void awake() { due_.reset(); }

  const std::string& name() const { return name_; }
  // The level of pod security in namespaces that do not say one.
  const std::string& pod_security() const { return pod_security_; }
  void set_pod_security(std::string level) { pod_security_ = std::move(level); }

 private:
  void remember(KubeChange change);

  std::string name_;
  std::string pod_security_;
  std::uint64_t seed_;
  std::uint64_t uids_ = 0;
  std::map<std::string, int> addresses_;
  std::int64_t version_ = 100;
  std::int64_t forgotten_ = 0;
  std::map<KubeKey, KubeObject> objects_;
  std::deque<KubeChange> changes_;
  std::optional<Time> due_;
};

// The object in "metadata", made when it is not there.
codec::JsonObject& metadata_of(codec::Json& object);
// The object at that key of `object`, made when it is not there or is something else.
codec::JsonObject& child(codec::JsonObject& object, std::string_view key);

}  // namespace tombolo::sim
