// XML as AWS speaks it: elements and text, looked up by local name, whatever the namespace prefix.
// Reads with pugixml, but refuses what an answer never has: DOCTYPE, entities beyond the five and character references.
// Limits: 32 MiB of text, 64 levels.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace tombolo::codec {

struct XmlElement {
  std::string name;  // local: "ns2:item" is "item"
  std::string text;  // all character data directly inside, joined, blanks around it cut off
  std::vector<std::pair<std::string, std::string>> attributes;  // local names
  std::vector<XmlElement> children;

  // First child / descendant along a path of names, "instancesSet/item/instanceId"; nullptr when there is none.
  const XmlElement* find(std::string_view path) const;
  // Every element at the end of a path, taking every branch: "reservationSet/item/instancesSet/item".
  std::vector<const XmlElement*> all(std::string_view path) const;
  // Text of find(path), or the fallback when absent.
  std::string text_at(std::string_view path, std::string_view fallback = "") const;
};

// The root element. kCorrupt, with a sentence that says where and what; an HTML page is named as such.
Result<XmlElement> parse_xml(std::string_view text);

// Text for an element's content or a double-quoted attribute. Characters that XML 1.0 cannot hold become U+FFFD.
std::string escape_xml(std::string_view text);

// Writes a document piece by piece, without blanks between elements.
//   XmlWriter xml;
//   xml.open("Response", {{"xmlns", "..."}}).leaf("return", "true").close();
//   std::string text = xml.finish();
class XmlWriter {
 public:
  using Attributes = std::vector<std::pair<std::string, std::string>>;
  XmlWriter();  // begins with the XML declaration
  XmlWriter& open(std::string_view name, const Attributes& attributes = {});
  XmlWriter& leaf(std::string_view name, std::string_view text);
  XmlWriter& text(std::string_view text);
  XmlWriter& close();  // the innermost open element; nothing when none is open
  std::string finish();  // closes what is open and hands out the text

 private:
  std::string out_;
  std::vector<std::string> open_;
};

}  // namespace tombolo::codec
