// FNV-1a, 64 bits (draft-eastlake-fnv), over fields with their lengths: finds accidental damage, not an attacker's.
#pragma once
#include <cstdint>
#include <string_view>

namespace tombolo::store {

class Checksum {
 public:
  Checksum& add(std::int64_t number) {
    for (int shift = 0; shift < 64; shift += 8)
      mix(static_cast<std::uint8_t>(static_cast<std::uint64_t>(number) >> shift));
    return *this;
  }
  Checksum& add(std::string_view text) {
    add(static_cast<std::int64_t>(text.size()));
    for (const char c : text) mix(static_cast<std::uint8_t>(c));
    return *this;
  }
  std::int64_t value() const { return static_cast<std::int64_t>(hash_); }

 private:
  void mix(std::uint8_t byte) { hash_ = (hash_ ^ byte) * 0x100000001b3; }
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace tombolo::store
