// Random bytes from OpenSSL's generator, which the kernel seeds. Never fails: without randomness the program ends.
#pragma once
#include <array>
#include <span>

#include "base/bytes.hpp"

namespace tombolo::crypto {

void fill_random(std::span<Byte> buffer);
Bytes random_bytes(std::size_t count);

}  // namespace tombolo::crypto
