// Writes the XML of an answer, top down: nodes with bodies, leaves with text, EC2's lists of <item>.
#pragma once
#include <fmt/format.h>

#include <concepts>
#include <string>
#include <string_view>

namespace tombolo::sim {

class XmlOut {
 public:
  XmlOut& leaf(std::string_view name, std::string_view text);
  XmlOut& leaf(std::string_view name, const char* text) { return leaf(name, std::string_view(text)); }
  XmlOut& leaf(std::string_view name, const std::string& text) { return leaf(name, std::string_view(text)); }
  XmlOut& leaf(std::string_view name, bool value) { return leaf(name, std::string_view(value ? "true" : "false")); }
  template <std::integral Number>
    requires(!std::same_as<Number, bool>)
  XmlOut& leaf(std::string_view name, Number value) {
    return leaf(name, std::to_string(value));
  }
  // Nothing at all when the text is empty, as EC2 does for absent fields.
  XmlOut& leaf_if(std::string_view name, std::string_view text) { return text.empty() ? *this : leaf(name, text); }

  template <std::invocable Body>
  XmlOut& node(std::string_view name, Body body) {
    out_ += fmt::format("<{}>", name);
    body();
    out_ += fmt::format("</{}>", name);
    return *this;
  }
  template <std::invocable Body>
  XmlOut& node(std::string_view name, std::string_view xmlns, Body body) {
    out_ += fmt::format("<{} xmlns=\"{}\">", name, xmlns);
    body();
    out_ += fmt::format("</{}>", name);
    return *this;
  }
  // <name><item>...</item><item>...</item></name>; the name stands there for an empty list too.
  template <class Range, class Body>
  XmlOut& list(std::string_view name, const Range& range, Body body) {
    return node(name, [&] {
      for (const auto& each : range) node("item", [&] { body(each); });
    });
  }

  const std::string& fragment() const { return out_; }
  void append(const XmlOut& other) { out_ += other.out_; }
  std::string document() const { return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + out_; }

 private:
  std::string out_;
};

}  // namespace tombolo::sim
