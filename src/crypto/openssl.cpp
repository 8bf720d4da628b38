#include "crypto/openssl.hpp"

#include <cstdio>
#include <cstdlib>

namespace tombolo::crypto {

void must(bool ok, const char* what) {
  if (ok) return;
  std::fprintf(stderr, "tombolo: the crypto library cannot do %s; stopping before anything wrong is written\n", what);
  std::abort();
}

}  // namespace tombolo::crypto
