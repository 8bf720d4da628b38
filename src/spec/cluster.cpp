#include "spec/cluster.hpp"

#include <algorithm>

#include "spec/words.hpp"

namespace tombolo::spec {
namespace {

template <class Choice>
std::string_view word(Choice choice) {
  for (const auto& [value, text] : Words<Choice>::kAll) {
    if (value == choice) return text;
  }
  return "";
}

}  // namespace

std::string_view name(Role role) { return word(role); }
std::string_view name(Market market) { return word(market); }
std::string_view name(KeyOrigin keys) { return word(keys); }
std::string_view name(BackupKind backup) { return word(backup); }
std::string_view name(Networking networking) { return word(networking); }
std::string_view name(Manage manage) { return word(manage); }
std::string_view name(Distribution distribution) { return word(distribution); }

std::vector<Member> recipe_members() {
  return {
      {"lighthouse", Role::kLighthouse, codec::Address::v4(0x0a2a0001), {"lighthouse", "infrastructure"}},
      {"talos-homelab", Role::kHome, codec::Address::v4(0x0a2a0101), {"kubernetes", "homelab"}},
      {"aws-gpu-worker",
       Role::kWorker,
       codec::Address::v4(0x0a2a0201),
       {"kubernetes", "infrastructure", "gpu-compute"}},
  };
}

const Member* Mesh::lighthouse() const {
  const auto found =
      std::find_if(members.begin(), members.end(), [](const Member& m) { return m.role == Role::kLighthouse; });
  return found == members.end() ? nullptr : &*found;
}

std::vector<const Member*> Mesh::home() const {
  std::vector<const Member*> out;
  for (const auto& m : members)
    if (m.role == Role::kHome) out.push_back(&m);
  return out;
}

codec::Address Mesh::probe_address() const { return codec::Address::v4(cidr.last().v4_value() - 1); }

std::string_view architecture_of(std::string_view instance_type) {
  const auto family = instance_type.substr(0, instance_type.find('.'));
  if (family == "a1") return "arm64";
  const auto generation = family.find_first_of("0123456789");
  if (generation == std::string_view::npos) return "x86_64";
  const auto options = family.substr(generation, family.find('-') - generation);
  return options.find('g') == std::string_view::npos ? "x86_64" : "arm64";
}

}  // namespace tombolo::spec
