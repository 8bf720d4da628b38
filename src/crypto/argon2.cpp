#include "crypto/argon2.hpp"

#include <argon2.h>
#include <fmt/format.h>

namespace tombolo::crypto {
namespace {

constexpr std::uint32_t kMostLanes = 255;
constexpr std::uint32_t kMostIterations = 1000;
constexpr std::uint32_t kLeastKibPerLane = 8;
constexpr std::size_t kLeastSalt = 16;

Result<> check(ByteView salt, const Argon2Cost& cost) {
  if (cost.parallelism < 1 || cost.parallelism > kMostLanes)
    return fail(Code::kBadInput, "argon2 parallelism must be from 1 to 255");
  if (cost.iterations < 1 || cost.iterations > kMostIterations)
    return fail(Code::kBadInput, "argon2 iterations must be from 1 to 1000");
  if (cost.memory_kib < kLeastKibPerLane * cost.parallelism || cost.memory_kib > kArgon2MemoryLimitKib) {
    return fail(Code::kBadInput,
                fmt::format("argon2 memory must be from {} to {} KiB with parallelism {}",
                            kLeastKibPerLane * cost.parallelism, kArgon2MemoryLimitKib, cost.parallelism));
  }
  if (salt.size() < kLeastSalt) return fail(Code::kBadInput, "an argon2 salt has at least 16 bytes");
  return {};
}

}  // namespace

Result<Secret<std::array<Byte, 32>>> argon2id(const Secret<std::string>& passphrase, ByteView salt,
                                              const Argon2Cost& cost) {
  TRY(check(salt, cost));
  std::array<Byte, 32> key{};
  const auto& words = passphrase.expose();
  const int status = argon2id_hash_raw(cost.iterations, cost.memory_kib, cost.parallelism, words.data(), words.size(),
                                       salt.data(), salt.size(), key.data(), key.size());
  if (status != ARGON2_OK) {
    return fail(
        Code::kIo,
        fmt::format("deriving the key from the passphrase needs {} MiB of memory: {}", cost.memory_kib / 1024,
                    argon2_error_message(status)),
        "Free memory, or use a machine that has it; a new key file can be written with a smaller --argon-memory.");
  }
  Secret<std::array<Byte, 32>> result(key);
  wipe(key.data(), key.size());
  return result;
}

}  // namespace tombolo::crypto
