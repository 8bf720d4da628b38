// A key from a passphrase, slowly: argon2id (RFC 9106), version 0x13.
#pragma once
#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

namespace tombolo::crypto {

struct Argon2Cost {
  std::uint32_t memory_kib = 2097152;  // Nebula's default: 2 GiB
  std::uint32_t iterations = 1;
  std::uint32_t parallelism = 4;
  auto operator<=>(const Argon2Cost&) const = default;
};

inline constexpr std::uint32_t kArgon2Version = 0x13;
inline constexpr std::uint32_t kArgon2MemoryLimitKib = 4u << 20;  // 4 GiB: a file must not ask us for more

// Errors: kBadInput for a cost out of range (memory at least 8 KiB a lane and at most the limit above, 1..255 lanes,
// 1..1000 passes) or a salt under 16 bytes; kIo when this machine has not that much memory.
Result<Secret<std::array<Byte, 32>>> argon2id(const Secret<std::string>& passphrase, ByteView salt,
                                              const Argon2Cost& cost);

}  // namespace tombolo::crypto
