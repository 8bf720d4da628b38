#include "sim/kube_store.hpp"

#include <fmt/format.h>

#include "kube/object.hpp"
#include "sim/world.hpp"

namespace tombolo::sim {
namespace {

constexpr std::size_t kHistory = 5000;  // a real server forgets after five minutes

boost::json::string_view key_text(std::string_view key) { return {key.data(), key.size()}; }

bool is_same(const codec::Json& a, const codec::Json& b) {
  if (&a == &b) return true;
  if (a.is_object() && b.is_object()) {
    if (a.get_object().size() != b.get_object().size()) return false;
    for (const auto& [key, value] : a.get_object()) {
      const auto* other = b.get_object().if_contains(key);
      if (!other || !is_same(value, *other)) return false;
    }
    return true;
  }
  return a == b;
}

}  // namespace

codec::JsonObject& child(codec::JsonObject& object, std::string_view key) {
  auto& value = object[key_text(key)];
  if (!value.is_object()) value = codec::JsonObject();
  return value.get_object();
}

codec::JsonObject& metadata_of(codec::Json& object) {
  if (!object.is_object()) object = codec::JsonObject();
  return child(object.get_object(), "metadata");
}

KubeStore::KubeStore(std::string name, std::uint64_t seed) : name_(std::move(name)), seed_(seed ^ stable_hash(name_)) {}

std::string KubeStore::new_uid() { return Random(seed_ + ++uids_ * 0x9e37).uuid(); }

std::string KubeStore::new_address(const std::string& network) {
  return fmt::format("{}{}", network, ++addresses_[network] % 240 + 10);
}

KubeObject KubeStore::find(const KubeKey& key) const {
  const auto it = objects_.find(key);
  return it == objects_.end() ? nullptr : it->second;
}

std::map<KubeKey, KubeObject> KubeStore::of(const std::string& group, const std::string& plural,
                                            const std::string& name_space) const {
  std::map<KubeKey, KubeObject> out;
  for (auto it = objects_.lower_bound({group, plural, name_space, ""}); it != objects_.end(); ++it) {
    const auto& key = it->first;
    if (key.group != group || key.plural != plural || (!name_space.empty() && key.name_space != name_space)) break;
    out.emplace_hint(out.end(), *it);
  }
  return out;
}

void KubeStore::remember(KubeChange change) {
  changes_.push_back(std::move(change));
  if (changes_.size() <= kHistory) return;
  forgotten_ = changes_.front().version;
  changes_.pop_front();
}

KubeObject KubeStore::put(const KubeKey& key, codec::Json object, Time at) {
  auto& slot = objects_[key];
  auto& meta = metadata_of(object);
  meta["name"] = key.name;
  if (!key.name_space.empty()) meta["namespace"] = key.name_space;
  if (slot) {
    for (const auto* kept : {"uid", "creationTimestamp", "resourceVersion"})
      if (const auto* value = codec::find(*slot, std::string("metadata.") + kept)) meta[kept] = *value;
    if (is_same(*slot, object)) return slot;
  } else {
    meta["uid"] = new_uid();
    meta["creationTimestamp"] = format_time(at);
  }
  meta["resourceVersion"] = std::to_string(++version_);
  const auto before = slot;
  slot = std::make_shared<const codec::Json>(std::move(object));
  remember({version_, key, before, slot, nullptr});
  return slot;
}

KubeObject KubeStore::erase(const KubeKey& key) {
  const auto it = objects_.find(key);
  if (it == objects_.end()) return nullptr;
  const auto before = it->second;
  objects_.erase(it);
  codec::Json last = *before;
  metadata_of(last)["resourceVersion"] = std::to_string(++version_);
  remember({version_, key, before, nullptr, std::make_shared<const codec::Json>(std::move(last))});
  return before;
}

}  // namespace tombolo::sim
