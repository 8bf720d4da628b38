#include "codec/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace tombolo::codec {
namespace {

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_unreserved(char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

std::uint16_t scheme_port(std::string_view scheme) {
  if (scheme == "http") return 80;
  if (scheme == "https") return 443;
  return 0;
}

std::string bracketed(const std::string& host) { return host.find(':') == std::string::npos ? host : '[' + host + ']'; }

Result<std::string> decode_form_part(std::string_view text) {
  std::string blanks(text);
  std::replace(blanks.begin(), blanks.end(), '+', ' ');
  return percent_decode(blanks);
}

// What is wrong with "host:port", or "" after filling them in.
std::string_view split_authority(std::string_view authority, Url& url) {
  if (authority.find('@') != std::string_view::npos) return "user names and passwords do not belong in it";
  std::string_view port;
  if (!authority.empty() && authority.front() == '[') {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return "the [ of an IPv6 address is not closed";
    url.host = to_lower(authority.substr(1, end - 1));
    const auto good = [](char c) { return hex_digit(c) >= 0 || c == ':' || c == '.'; };
    if (!std::all_of(url.host.begin(), url.host.end(), good)) return "what stands in [ ] is not an IPv6 address";
    port = authority.substr(end + 1);
    if (!port.empty() && port.front() != ':') return "only a port may follow the ]";
  } else {
    const auto colon = authority.find(':');
    url.host = to_lower(authority.substr(0, colon));
    const auto good = [](char c) { return is_unreserved(c) || c == '%'; };
    if (!std::all_of(url.host.begin(), url.host.end(), good))
      return "the host name has a character that no host name has";
    port = colon == std::string_view::npos ? std::string_view() : authority.substr(colon);
  }
  if (url.host.empty()) return "it has no host";
  if (port.empty()) return "";
  port.remove_prefix(1);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size() || number < 1 || number > 65535) {
    return "the port is not a number from 1 to 65535";
  }
  url.port = static_cast<std::uint16_t>(number);
  return "";
}

}  // namespace

std::string percent_encode(std::string_view text, Slash slash) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size() + text.size() / 4);
  for (const char c : text) {
    if (is_unreserved(c) || (c == '/' && slash == Slash::kKeep)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

Result<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return fail(Code::kCorrupt, fmt::format("percent-encoding broken at byte {}: two hex digits must follow a %", i));
    }
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return out;
}

std::uint16_t Url::effective_port() const { return port ? port : scheme_port(scheme); }

std::string Url::authority() const {
  if (effective_port() == scheme_port(scheme)) return bracketed(host);
  return fmt::format("{}:{}", bracketed(host), port);
}

std::string Url::text() const {
  std::string out = scheme + "://" + bracketed(host);
  if (port) out += fmt::format(":{}", port);
  out += path;
  if (!query.empty()) out += '?' + query;
  return out;
}

Result<Url> parse_url(std::string_view absolute) {
  const auto wrong = [&](std::string_view why) {
    return fail(Code::kBadInput, fmt::format("\"{}\" is not a usable URL: {}", absolute.substr(0, 200), why),
                "Write it like https://host.example/path.");
  };
  const auto printable = [](char c) { return static_cast<unsigned char>(c) > ' ' && c != 0x7f; };
  if (!std::all_of(absolute.begin(), absolute.end(), printable))
    return wrong("it has a blank or a control character in it");
  const auto colon = absolute.find("://");
  if (colon == std::string_view::npos || colon == 0) return wrong("it does not begin with a scheme such as https://");
  Url url;
  url.scheme = to_lower(absolute.substr(0, colon));
  const auto scheme_character = [](char c) { return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; };
  if (!is_alpha(url.scheme.front()) || !std::all_of(url.scheme.begin(), url.scheme.end(), scheme_character)) {
    return wrong("it does not begin with a scheme such as https://");
  }
  auto rest = absolute.substr(colon + 3);
  rest = rest.substr(0, rest.find('#'));
  const auto authority = rest.substr(0, rest.find_first_of("/?"));
  if (const auto why = split_authority(authority, url); !why.empty()) return wrong(why);
  rest.remove_prefix(authority.size());
  const auto question = rest.find('?');
  url.path = rest.substr(0, question);
  if (question != std::string_view::npos) url.query = rest.substr(question + 1);
  return url;
}

std::string encode_form(const Form& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    if (!out.empty()) out += '&';
    out += percent_encode(name) + '=' + percent_encode(value);
  }
  return out;
}

Result<Form> decode_form(std::string_view text) {
  Form fields;
  while (!text.empty()) {
    const auto end = text.find('&');
    const auto pair = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    auto name = TRY(decode_form_part(pair.substr(0, equals)));
    auto value = TRY(decode_form_part(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1)));
    fields.emplace_back(std::move(name), std::move(value));
  }
  return fields;
}

std::string_view field(const Form& fields, std::string_view name) {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return "";
}

}  // namespace tombolo::codec
