#include "sim/xml_out.hpp"

namespace tombolo::sim {
namespace {

// XML 1.0 has no way to write control characters; a service that holds user text must drop them.
bool is_writable(unsigned char c) { return c >= 0x20 || c == '\t' || c == '\n' || c == '\r'; }

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\r': out += "&#13;"; break;
      default:
        if (is_writable(static_cast<unsigned char>(c))) out += c;
    }
  }
  return out;
}

}  // namespace

XmlOut& XmlOut::leaf(std::string_view name, std::string_view text) {
  out_ += fmt::format("<{}>{}</{}>", name, escaped(text), name);
  return *this;
}

}  // namespace tombolo::sim
