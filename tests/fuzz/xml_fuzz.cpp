// XML: whatever a remote sends is a tree or an error; what is escaped comes back.
#include <cstdint>
#include <cstdlib>

#include "codec/xml.hpp"

namespace {

void write(tombolo::codec::XmlWriter& xml, const tombolo::codec::XmlElement& element) {
  xml.open("e", {}).text(element.text);
  for (const auto& child : element.children) write(xml, child);
  xml.close();
}

bool same(const tombolo::codec::XmlElement& a, const tombolo::codec::XmlElement& b) {
  if (a.text != b.text || a.children.size() != b.children.size()) return false;
  for (std::size_t i = 0; i < a.children.size(); ++i)
    if (!same(a.children[i], b.children[i])) return false;
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tombolo::codec;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto root = parse_xml(text);
  if (!root) return 0;
  XmlWriter xml;
  write(xml, *root);
  const auto again = parse_xml(xml.finish());
  if (!again || !same(*root, *again)) std::abort();
  return 0;
}
