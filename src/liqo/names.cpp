#include "liqo/names.hpp"

#include "base/bytes.hpp"
#include "crypto/hash.hpp"

namespace tombolo::liqo {

std::string slice_user(const std::string& slice, const std::string& consumer_id) {
  return slice + "-" + to_hex(crypto::sha256(consumer_id)).substr(0, 12);
}

}  // namespace tombolo::liqo
