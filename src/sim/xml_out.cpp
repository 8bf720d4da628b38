#include "sim/xml_out.hpp"

#include "codec/xml.hpp"

namespace tombolo::sim {

XmlOut& XmlOut::leaf(std::string_view name, std::string_view text) {
  out_ += fmt::format("<{}>{}</{}>", name, codec::escape_xml(text), name);
  return *this;
}

}  // namespace tombolo::sim
