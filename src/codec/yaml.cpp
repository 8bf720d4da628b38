#include "codec/yaml.hpp"

#include <fmt/format.h>
#include <yaml.h>

#include <algorithm>
#include <array>
#include <map>

#include "codec/utf8.hpp"

namespace tombolo::codec {
namespace {

constexpr std::size_t kLongestYaml = 1u << 20;
constexpr std::size_t kMostNodes = 100'000;
constexpr std::size_t kMostDiagnostics = 100;  // of one file: nobody reads more

Position position(const yaml_mark_t& mark) {
  return {static_cast<int>(mark.line) + 1, static_cast<int>(mark.column) + 1};
}

// What libyaml says, in words for somebody who wrote a file.
struct Translation {
  std::string_view libyaml;
  std::string_view message;
  std::string_view hint;
};

constexpr std::array kTranslations{
    Translation{"found character that cannot start any token", "a character that cannot begin anything in YAML",
                "YAML is indented with blanks, never with tabs; values with special characters need quotes."},
    Translation{"mapping values are not allowed in this context", "a ':' where no key can be",
                "Check the indentation of this line and the one above; a value that contains ': ' needs quotes."},
    Translation{"did not find expected key", "the indentation of this line fits nothing above it",
                "Keys of one block begin in the same column."},
    Translation{"could not find expected ':'", "a key without ':'", "Write it as \"key: value\"."},
    Translation{"found unexpected end of stream", "the file ends in the middle of something",
                "Close the quote or bracket that is open."},
    Translation{"did not find expected ',' or ']'", "a list in [ ] that is not closed",
                "Separate the items by commas and close it with ]."},
    Translation{"did not find expected ',' or '}'", "a mapping in { } that is not closed",
                "Separate the entries by commas and close it with }."},
    Translation{"did not find expected '-' indicator", "a line in a list that does not begin with '-'",
                "Items of one list begin with '-' in the same column."},
};

class Reader {
 public:
  Reader(std::string_view text, std::string_view file, Diagnostics& diagnostics, int levels)
      : text_(text), file_(file), diagnostics_(diagnostics), levels_(levels) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    for (std::size_t at = 0; at != std::string_view::npos;) {
      line_starts_.push_back(at);
      const auto end = text.find('\n', at);
      at = end == std::string_view::npos ? end : end + 1;
    }
  }
  ~Reader() {
    yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  std::optional<YamlNode> read() {
    next();  // the start of the stream
    next();
    if (!failed_ && event_.type == YAML_STREAM_END_EVENT) {
      fault({0, 0}, 1, "the file is empty", "`tombolo init` writes one to begin with.");
      return std::nullopt;
    }
    next();
    auto root = node(1);
    if (failed_) return std::nullopt;
    next();  // past the end of the document
    if (!failed_ && event_.type == YAML_DOCUMENT_START_EVENT) {
      fault(position(event_.start_mark), 3, "a second document begins here",
            "One file holds one cluster: remove the line and what follows.");
    }
    return failed_ ? std::nullopt : std::optional(std::move(root));
  }

 private:
  void fault(Position at, int length, std::string message, std::string hint) {
    if (diagnostics_.list().size() >= kMostDiagnostics) return;
    Diagnostic d;
    d.file = file_;
    d.at = at;
    d.length = length;
    d.message = std::move(message);
    d.hint = std::move(hint);
    diagnostics_.add(std::move(d));
  }

  void give_up(Position at, std::string message, std::string hint) {
    if (!failed_) fault(at, 1, std::move(message), std::move(hint));
    failed_ = true;
  }

  void next() {
    if (failed_) return;
    yaml_event_delete(&event_);
    if (yaml_parser_parse(&parser_, &event_)) return;
    event_ = {};
    const std::string_view problem = parser_.problem ? parser_.problem : "unknown problem";
    if (parser_.error == YAML_READER_ERROR) {
      // The reader counts bytes, and only from a character that no text file has.
      give_up(position_of_byte(parser_.problem_offset), "a control character that YAML does not allow",
              "Remove it, or write it as \"\\x1b\" in double quotes.");
      return;
    }
    const auto at = position(parser_.problem_mark);
    for (const auto& translation : kTranslations) {
      if (translation.libyaml == problem)
        return give_up(at, std::string(translation.message), std::string(translation.hint));
    }
    give_up(
        at,
        fmt::format("not YAML: {}{}{}", parser_.context ? parser_.context : "", parser_.context ? ", " : "", problem),
        "");
  }

  Position position_of_byte(std::size_t offset) const {
    const auto next_line = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
    const auto line = static_cast<std::size_t>(next_line - line_starts_.begin());
    const auto before = text_.substr(line_starts_[line - 1], offset - line_starts_[line - 1]);
    const auto column = std::count_if(before.begin(), before.end(),
                                      [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
    return {static_cast<int>(line), static_cast<int>(column) + 1};
  }

  // Characters from `start` to `end`, or to the end of the first line when it spans several.
  int span(const yaml_mark_t& start, const yaml_mark_t& end) const {
    if (end.line == start.line) return std::max(1, static_cast<int>(end.column) - static_cast<int>(start.column));
    if (start.line >= line_starts_.size()) return 1;
    const auto from = line_starts_[start.line];
    auto line = text_.substr(from, text_.find('\n', from) - from);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    const auto size =
        std::count_if(line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
    return std::max(1, static_cast<int>(size) - static_cast<int>(start.column));
  }

  // Anchors and tags change nothing that we read, but the file would mean more than it says to us.
  void refuse_extras(const yaml_char_t* anchor, const yaml_char_t* tag) {
    const auto at = position(event_.start_mark);
    if (anchor) fault(at, 1, "anchors (&name) are not used in cluster files", "Write the value where it is needed.");
    if (tag)
      fault(at, 1, "tags (!name) are not used in cluster files", "Write the value without a tag; quotes make it text.");
  }

  // Of the current event, which is consumed; leaves the next one as current.
  YamlNode node(int depth) {
    YamlNode out;
    if (failed_) return out;
    out.at = position(event_.start_mark);
    out.length = span(event_.start_mark, event_.end_mark);
    if (++nodes_ > kMostNodes) give_up(out.at, fmt::format("more than {} values in one file", kMostNodes), "");
    if (depth > levels_) give_up(out.at, fmt::format("more than {} levels of nesting", levels_), "");
    if (failed_) return out;
    const yaml_mark_t start = event_.start_mark;
    switch (event_.type) {
      case YAML_SCALAR_EVENT: {
        const auto& scalar = event_.data.scalar;
        refuse_extras(scalar.anchor, scalar.tag);
        out.text.assign(reinterpret_cast<const char*>(scalar.value), scalar.length);
        out.plain = scalar.style == YAML_PLAIN_SCALAR_STYLE;
        break;
      }
      case YAML_ALIAS_EVENT:
        fault(out.at, out.length, "aliases (*name) are not used in cluster files",
              "Write the value where it is needed.");
        out.refused = true;
        break;
      case YAML_SEQUENCE_START_EVENT:
        out.kind = YamlNode::Kind::kSequence;
        refuse_extras(event_.data.sequence_start.anchor, event_.data.sequence_start.tag);
        next();
        while (!failed_ && event_.type != YAML_SEQUENCE_END_EVENT) out.items.push_back(node(depth + 1));
        break;
      case YAML_MAPPING_START_EVENT:
        out.kind = YamlNode::Kind::kMapping;
        refuse_extras(event_.data.mapping_start.anchor, event_.data.mapping_start.tag);
        next();
        entries(out, depth);
        break;
      default: give_up(out.at, "a value was expected here", "");
    }
    if (!failed_ && out.kind != YamlNode::Kind::kScalar) out.length = span(start, event_.end_mark);
    next();
    return out;
  }

  void entries(YamlNode& mapping, int depth) {
    std::map<std::string, Position, std::less<>> seen;
    while (!failed_ && event_.type != YAML_MAPPING_END_EVENT) {
      auto key = node(depth + 1);
      auto value = node(depth + 1);
      if (failed_) return;
      if (key.kind != YamlNode::Kind::kScalar || key.refused) {
        fault(key.at, key.length, "a key that is not a word", "Write it as \"key: value\".");
        continue;
      }
      const auto [first, is_new] = seen.emplace(key.text, key.at);
      if (!is_new) {
        fault(key.at, key.length,
              fmt::format("the key \"{}\" is written twice; the first is in line {}", key.text, first->second.line),
              "Remove one of them.");
        continue;
      }
      mapping.entries.push_back({std::move(key.text), key.at, key.length, std::move(value)});
    }
  }

  std::string_view text_;
  std::string file_;
  Diagnostics& diagnostics_;
  yaml_parser_t parser_{};
  yaml_event_t event_{};
  std::vector<std::size_t> line_starts_;
  int levels_;
  std::size_t nodes_ = 0;
  bool failed_ = false;
};

bool all_of_set(std::string_view text, std::string_view set) {
  return !text.empty() && text.find_first_not_of(set) == std::string_view::npos;
}

constexpr std::string_view kDigits = "0123456789";

bool is_core_integer(std::string_view text) {
  if (text.starts_with("0o")) return all_of_set(text.substr(2), "01234567");
  if (text.starts_with("0x")) return all_of_set(text.substr(2), "0123456789abcdefABCDEF");
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return all_of_set(text, kDigits);
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?, and the infinities and not-a-number.
bool is_core_float(std::string_view text) {
  if (text == ".nan" || text == ".NaN" || text == ".NAN") return true;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  if (text == ".inf" || text == ".Inf" || text == ".INF") return true;
  const auto e = text.find_first_of("eE");
  if (e != std::string_view::npos) {
    auto exponent = text.substr(e + 1);
    if (!exponent.empty() && (exponent.front() == '-' || exponent.front() == '+')) exponent.remove_prefix(1);
    if (!all_of_set(exponent, kDigits)) return false;
    text = text.substr(0, e);
  }
  const auto dot = text.find('.');
  const auto whole = text.substr(0, dot);
  const auto fraction = dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
  if (whole.empty()) return all_of_set(fraction, kDigits);
  return all_of_set(whole, kDigits) && (fraction.empty() || all_of_set(fraction, kDigits));
}

bool one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

// Text that every YAML reader, also of version 1.1, takes as this very text without quotes.
bool safe_plain(std::string_view text) {
  static constexpr std::string_view kInner = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./+~-";
  if (!all_of_set(text, kInner) || one_of(text.substr(0, 1), {"-", "+", "."}) || text == "~") return false;
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (one_of(lower, {"y", "n", "yes", "no", "on", "off", "true", "false", "null"})) return false;
  // Numbers of 1.1 have underscores and other bases, and dates look like 2026-11-26: ask for a letter that none of them has.
  const bool starts_as_number = lower.front() >= '0' && lower.front() <= '9';
  const bool address = std::count(lower.begin(), lower.end(), '.') == 3 || lower.find('/') != std::string::npos;
  return !starts_as_number || address || lower.find_first_of("ghijklmnpqrstuvwyz") != std::string::npos;
}

}  // namespace

const YamlEntry* YamlNode::find(std::string_view key) const {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const YamlEntry& e) { return e.key == key; });
  return found == entries.end() ? nullptr : &*found;
}

ScalarType scalar_type(const YamlNode& scalar) {
  const std::string_view text = scalar.text;
  if (!scalar.plain) return ScalarType::kText;
  if (one_of(text, {"", "~", "null", "Null", "NULL"})) return ScalarType::kNull;
  if (one_of(text, {"true", "True", "TRUE", "false", "False", "FALSE"})) return ScalarType::kBool;
  if (is_core_integer(text)) return ScalarType::kInteger;
  if (is_core_float(text)) return ScalarType::kFloat;
  return ScalarType::kText;
}

std::string_view describe(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kSequence) return "a list";
  if (node.kind == YamlNode::Kind::kMapping) return "a block of keys";
  switch (scalar_type(node)) {
    case ScalarType::kNull: return "nothing";
    case ScalarType::kBool: return "true or false";
    case ScalarType::kInteger: return "a whole number";
    case ScalarType::kFloat: return "a number";
    case ScalarType::kText: break;
  }
  return "text";
}

std::optional<YamlNode> parse_yaml(std::string_view text, std::string_view file, Diagnostics& diagnostics, int levels) {
  const auto refuse = [&](Position at, std::string message, std::string hint) {
    Diagnostic d;
    d.file = file;
    d.at = at;
    d.message = std::move(message);
    d.hint = std::move(hint);
    diagnostics.add(std::move(d));
    return std::nullopt;
  };
  if (text.size() > kLongestYaml)
    return refuse({}, fmt::format("the file has {} bytes, more than the {} accepted", text.size(), kLongestYaml), "");
  Position at{1, 1};
  for (auto rest = text; !rest.empty();) {
    const auto [code, size] = next_code_point(rest);
    if (code == kNotUtf8) return refuse(at, "a byte that is not UTF-8 text", "Save the file as UTF-8.");
    // To libyaml these end a line, to most editors they do not: lines would be counted differently.
    const bool lone_return = code == '\r' && rest.substr(1, 1) != "\n";
    if (lone_return || code == 0x85 || code == 0x2028 || code == 0x2029) {
      return refuse(at, "a line end that not every editor shows", "Save the file with plain line ends (LF).");
    }
    at = code == '\n' ? Position{at.line + 1, 1} : Position{at.line, at.column + 1};
    rest.remove_prefix(size);
  }
  return Reader(text, file, diagnostics, levels).read();
}

std::string yaml_scalar(std::string_view text) {
  if (safe_plain(text)) return std::string(text);
  std::string out = "\"";
  while (!text.empty()) {
    const auto [code, size] = next_code_point(text);
    if (code == kNotUtf8)
      append_utf8(out, 0xfffd);
    else if (code == '"' || code == '\\')
      out += fmt::format("\\{}", static_cast<char>(code));
    else if (code == '\n')
      out += "\\n";
    else if (code == '\t')
      out += "\\t";
    else if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029 || code == 0xfeff)
      out += fmt::format("\\u{:04x}", code);
    else
      out += text.substr(0, size);
    text.remove_prefix(size);
  }
  return out + '"';
}

}  // namespace tombolo::codec
