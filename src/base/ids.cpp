#include "base/ids.hpp"

#include <sys/random.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace tombolo {

std::string random_id(std::size_t bytes) {
  std::vector<unsigned char> raw(bytes);
  for (std::size_t have = 0; have < bytes;) {
    const ssize_t n = ::getrandom(raw.data() + have, bytes - have, 0);
    if (n > 0)
      have += static_cast<std::size_t>(n);
    else if (n < 0 && errno != EINTR) {
      // Only a kernel older than 3.17 has no getrandom; a weak id would be worse than none.
      std::perror("getrandom");
      std::abort();
    }
  }
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes);
  for (const unsigned char byte : raw) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace tombolo
