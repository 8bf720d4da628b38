#include "codec/xml.hpp"

#include <fmt/format.h>

#include <charconv>
#include <pugixml.hpp>

#include "codec/utf8.hpp"

namespace tombolo::codec {
namespace {

constexpr std::size_t kLongestXml = 32u << 20;
constexpr int kDeepestXml = 64;

tl::unexpected<Error> broken(std::string_view why) { return fail(Code::kCorrupt, fmt::format("not XML: {}", why)); }

std::string local_name(std::string_view name) {
  const auto colon = name.rfind(':');
  return std::string(colon == std::string_view::npos ? name : name.substr(colon + 1));
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool looks_like_html(std::string_view text) {
  std::string head;
  for (const char c : trimmed(text).substr(0, 15)) head += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return head.starts_with("<!doctype html") || head.starts_with("<html");
}

// XML 1.0, production 2.
bool allowed(std::uint32_t c) {
  return c == 0x9 || c == 0xa || c == 0xd || (c >= 0x20 && c <= 0xd7ff) || (c >= 0xe000 && c <= 0xfffd) ||
         (c >= 0x10000 && c <= 0x10ffff);
}

// Where the first byte stands that is not UTF-8 or that XML does not allow; the size of the text when there is none.
std::size_t first_not_allowed(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto [code, size] = next_code_point(text.substr(at));
    if (code == kNotUtf8 || !allowed(code)) return at;
    at += size;
  }
  return text.size();
}

// "lt", "#60", "#x3c" -> text; false for anything else.
bool append_reference(std::string_view name, std::string& out) {
  if (name == "lt")
    out += '<';
  else if (name == "gt")
    out += '>';
  else if (name == "amp")
    out += '&';
  else if (name == "quot")
    out += '"';
  else if (name == "apos")
    out += '\'';
  else if (name.size() > 1 && name.front() == '#') {
    const bool hex = name[1] == 'x';
    const auto digits = name.substr(hex ? 2 : 1);
    std::uint32_t code = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, hex ? 16 : 10);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() || !allowed(code)) return false;
    append_utf8(out, code);
  } else {
    return false;
  }
  return true;
}

Result<std::string> unescape(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  while (!raw.empty()) {
    const auto mark = raw.find('&');
    out += raw.substr(0, mark);
    if (mark == std::string_view::npos) break;
    raw.remove_prefix(mark + 1);
    const auto end = raw.find(';');
    if (end == std::string_view::npos || !append_reference(raw.substr(0, end), out)) {
      return broken(fmt::format("&{} is not one of the five entities XML has by itself",
                                raw.substr(0, std::min<std::size_t>(end, 20))));
    }
    raw.remove_prefix(end + 1);
  }
  return out;
}

Result<XmlElement> read_element(const pugi::xml_node& node, int depth) {
  if (depth > kDeepestXml) return broken(fmt::format("more than {} levels", kDeepestXml));
  XmlElement element;
  element.name = local_name(node.name());
  for (const auto& attribute : node.attributes()) {
    const std::string_view name = attribute.name();
    if (name == "xmlns" || name.starts_with("xmlns:")) continue;
    element.attributes.emplace_back(local_name(name), TRY(unescape(attribute.value())));
  }
  std::string text;
  for (const auto& child : node.children()) {
    if (child.type() == pugi::node_element)
      element.children.push_back(TRY(read_element(child, depth + 1)));
    else if (child.type() == pugi::node_pcdata)
      text += TRY(unescape(child.value()));
    else if (child.type() == pugi::node_cdata)
      text += child.value();
  }
  element.text = trimmed(text);
  return element;
}

// Cuts the first name off a path.
std::string_view next_name(std::string_view& path) {
  const auto slash = path.find('/');
  const auto name = path.substr(0, slash);
  path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  return name;
}

}  // namespace

const XmlElement* XmlElement::find(std::string_view path) const {
  if (path.empty()) return this;
  const auto wanted = next_name(path);
  for (const auto& child : children) {
    if (child.name != wanted) continue;
    if (const auto* found = child.find(path)) return found;
  }
  return nullptr;
}

std::vector<const XmlElement*> XmlElement::all(std::string_view path) const {
  if (path.empty()) return {this};
  const auto wanted = next_name(path);
  std::vector<const XmlElement*> found;
  for (const auto& child : children) {
    if (child.name != wanted) continue;
    const auto deeper = child.all(path);
    found.insert(found.end(), deeper.begin(), deeper.end());
  }
  return found;
}

std::string XmlElement::text_at(std::string_view path, std::string_view fallback) const {
  const auto* element = find(path);
  return element ? element->text : std::string(fallback);
}

Result<XmlElement> parse_xml(std::string_view text) {
  if (text.size() > kLongestXml)
    return broken(fmt::format("{} bytes are more than the {} accepted", text.size(), kLongestXml));
  if (looks_like_html(text)) {
    return fail(Code::kCorrupt, "an HTML page came where XML was expected",
                "Something between here and the service answered in its place: a proxy, a captive portal, a wrong "
                "endpoint URL.");
  }
  if (trimmed(text).empty()) return broken("the text is empty");
  if (const auto bad = first_not_allowed(text); bad < text.size()) {
    return broken(fmt::format("byte {} belongs to no character that XML can hold", bad));
  }
  pugi::xml_document document;
  // No escapes: entities are resolved here, so that unknown ones are found. Doctype: kept, so that it can be refused.
  constexpr unsigned kFlags = pugi::parse_cdata | pugi::parse_eol | pugi::parse_doctype | pugi::parse_ws_pcdata;
  const auto outcome = document.load_buffer(text.data(), text.size(), kFlags, pugi::encoding_utf8);
  if (!outcome) return broken(fmt::format("{} at byte {}", outcome.description(), outcome.offset));
  pugi::xml_node root;
  for (const auto& node : document.children()) {
    if (node.type() == pugi::node_doctype)
      return broken("it has a DOCTYPE, which no answer needs and which can do harm");
    if (node.type() != pugi::node_element) continue;
    if (root) return broken("it has more than one outermost element");
    root = node;
  }
  if (!root) return broken("it has no element");
  return read_element(root, 1);
}

std::string escape_xml(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto [code, size] = next_code_point(text);
    const auto piece = text.substr(0, size);
    text.remove_prefix(size);
    if (code == '&')
      out += "&amp;";
    else if (code == '<')
      out += "&lt;";
    else if (code == '>')
      out += "&gt;";
    else if (code == '"')
      out += "&quot;";
    else if (code == '\r')
      out += "&#13;";
    else if (code == kNotUtf8 || !allowed(code))
      append_utf8(out, 0xfffd);
    else
      out += piece;
  }
  return out;
}

XmlWriter::XmlWriter() : out_("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n") {}

XmlWriter& XmlWriter::open(std::string_view name, const Attributes& attributes) {
  out_ += '<';
  out_ += name;
  for (const auto& [key, value] : attributes) out_ += fmt::format(" {}=\"{}\"", key, escape_xml(value));
  out_ += '>';
  open_.emplace_back(name);
  return *this;
}

XmlWriter& XmlWriter::leaf(std::string_view name, std::string_view content) { return open(name).text(content).close(); }

XmlWriter& XmlWriter::text(std::string_view content) {
  out_ += escape_xml(content);
  return *this;
}

XmlWriter& XmlWriter::close() {
  if (open_.empty()) return *this;
  out_ += fmt::format("</{}>", open_.back());
  open_.pop_back();
  return *this;
}

std::string XmlWriter::finish() {
  while (!open_.empty()) close();
  return std::move(out_);
}

}  // namespace tombolo::codec
