// Random names, from the kernel's generator (getrandom).
#pragma once
#include <cstddef>
#include <string>

namespace tombolo {

// `bytes` random bytes as 2 * bytes hex characters.
std::string random_id(std::size_t bytes);

}  // namespace tombolo
