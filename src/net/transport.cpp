#include "net/transport.hpp"

#include <algorithm>
#include <cctype>

namespace tombolo::net {
namespace {

bool same_letter(char a, char b) {
  return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
}

}  // namespace

std::string_view header(const Headers& headers, std::string_view name) {
  for (const Header& h : headers)
    if (std::ranges::equal(h.name, name, same_letter)) return h.value;
  return "";
}

}  // namespace tombolo::net
