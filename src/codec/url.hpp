// URLs and form bodies as HTTP and AWS need them. Format: RFC 3986; forms: the HTML "urlencoded" rules.
// Percent-encoding leaves only RFC 3986's unreserved characters (A-Z a-z 0-9 - . _ ~), as AWS's signatures demand.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace tombolo::codec {

enum class Slash { kEncode, kKeep };  // kKeep: for a whole path

std::string percent_encode(std::string_view text, Slash slash = Slash::kEncode);
// kCorrupt when a % is not followed by two hex digits. '+' stays '+': only forms give it a meaning.
Result<std::string> percent_decode(std::string_view text);

// An absolute URL, cut in pieces that are still encoded as they were written.
struct Url {
  std::string scheme;      // lower case
  std::string host;        // lower case; an IPv6 literal without its brackets
  std::uint16_t port = 0;  // 0: not written
  std::string path;        // "" or begins with '/'
  std::string query;       // without '?'

  std::uint16_t effective_port() const;  // the written one, or 80/443 by scheme, or 0
  std::string authority() const;  // "host" or "host:port" as the Host header wants it: no port when it is the scheme's
  std::string text() const;
};

// kBadInput (the sentence quotes the text) when it is not absolute, has no host, user information, a bad port, blanks or
// control characters. A fragment is dropped: it is never sent.
Result<Url> parse_url(std::string_view absolute);

using Form = std::vector<std::pair<std::string, std::string>>;  // decoded names and values, in order

std::string encode_form(const Form& fields);  // "a=b&c=d%20e"
// Of a query or a body; '+' is a blank; a field without '=' has an empty value; empty fields are skipped. kCorrupt: see percent_decode.
Result<Form> decode_form(std::string_view text);
// The first value of a name, or "".
std::string_view field(const Form& fields, std::string_view name);

}  // namespace tombolo::codec
