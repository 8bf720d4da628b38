#include "aws/sigv4.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "aws/config_file.hpp"
#include "codec/url.hpp"
#include "crypto/hash.hpp"

namespace tombolo::aws {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

// Blanks around it cut off, inner runs of blanks collapsed.
std::string trimmed(std::string_view value) {
  std::string out;
  for (char c : value) {
    const bool blank = c == ' ' || c == '\t';
    if (!blank)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

void set_header(net::Headers& headers, std::string_view name, std::string value) {
  std::erase_if(headers, [&](const net::Header& h) { return lower(h.name) == lower(name); });
  headers.push_back({std::string(name), std::move(value)});
}

std::string basic_time(Time at) {  // "20150830T123600Z"
  std::string text = format_time(at);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

std::string sha256_hex(std::string_view data) { return to_hex(crypto::sha256(data)); }

Result<std::string> canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view value = equals < pair.size() ? pair.substr(equals + 1) : std::string_view();
    // Decoded and encoded again: the same text whatever the sender left unencoded.
    pairs.emplace_back(codec::percent_encode(TRY(codec::percent_decode(pair.substr(0, equals)))),
                       codec::percent_encode(TRY(codec::percent_decode(value))));
  }
  std::ranges::sort(pairs);
  std::string out;
  for (const auto& [name, value] : pairs) out += (out.empty() ? "" : "&") + name + "=" + value;
  return out;
}

// The header lines of the canonical request by lower-case name, host included; several of one name are joined by commas.
Result<std::map<std::string, std::string>> canonical_headers(const net::Request& request) {
  std::map<std::string, std::string> out;
  for (const net::Header& h : request.headers) {
    auto [at, fresh] = out.try_emplace(lower(h.name), trimmed(h.value));
    if (!fresh) at->second += "," + trimmed(h.value);
  }
  if (!out.contains("host")) out["host"] = TRY(codec::parse_url(request.url)).authority();
  return out;
}

bool is_signed(const std::string& name) {
  return name == "host" || name == "content-type" || name == "if-match" || name == "if-none-match" ||
         name.starts_with("x-amz-");
}

std::string joined(const std::vector<std::string>& names) { return fmt::format("{}", fmt::join(names, ";")); }

Result<std::string> signature(const net::Request& request, const std::vector<std::string>& signed_headers,
                              const SigningScope& scope, std::string_view date, std::string_view timestamp,
                              const Secret<std::string>& secret_key) {
  const std::string canonical = TRY(canonical_request(request, signed_headers, scope));
  const std::string to_sign = fmt::format("{}\n{}\n{}/{}/{}/aws4_request\n{}", kAlgorithm, timestamp, date,
                                          scope.region, scope.service, sha256_hex(canonical));
  Bytes key = signing_key(secret_key, date, scope);
  std::string hex = to_hex(crypto::hmac_sha256(key, to_sign));
  wipe(key.data(), key.size());
  return hex;
}

}  // namespace

Bytes signing_key(const Secret<std::string>& secret_key, std::string_view date, const SigningScope& scope) {
  const Secret<std::string> start("AWS4" + secret_key.expose());
  crypto::Digest32 key = crypto::hmac_sha256(std::string_view(start.expose()), date);
  for (std::string_view part :
       {std::string_view(scope.region), std::string_view(scope.service), std::string_view("aws4_request")})
    key = crypto::hmac_sha256(ByteView(key), part);
  Bytes out(key.begin(), key.end());
  wipe(key.data(), key.size());
  return out;
}

Result<std::string> canonical_request(const net::Request& request, const std::vector<std::string>& signed_headers,
                                      const SigningScope& scope) {
  const codec::Url url = TRY(codec::parse_url(request.url));
  const std::string sent_path = url.path.empty() ? "/" : url.path;
  // S3 signs the path as it was sent; every other service encodes the encoded path once more.
  const std::string path = scope.service == "s3" ? sent_path : codec::percent_encode(sent_path, codec::Slash::kKeep);
  const auto headers = TRY(canonical_headers(request));
  std::string lines;
  for (const std::string& name : signed_headers) {
    const auto found = headers.find(name);
    lines += name + ":" + (found == headers.end() ? "" : found->second) + "\n";
  }
  // What S3 clients say about the body is part of what they sign ("UNSIGNED-PAYLOAD" among it).
  std::string body_hash(net::header(request.headers, "x-amz-content-sha256"));
  if (body_hash.empty()) body_hash = sha256_hex(request.body);
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, path, TRY(canonical_query(url.query)), lines,
                     joined(signed_headers), body_hash);
}

Result<> sign(net::Request& request, const Credentials& credentials, const SigningScope& scope, Time now) {
  const std::string timestamp = basic_time(now);
  const std::string date = timestamp.substr(0, 8);
  std::erase_if(request.headers, [](const net::Header& h) {
    const std::string name = lower(h.name);
    return name == "authorization" || name == "x-amz-security-token";
  });
  set_header(request.headers, "X-Amz-Date", timestamp);
  if (!credentials.session_token.empty())
    set_header(request.headers, "X-Amz-Security-Token", credentials.session_token.expose());
  if (scope.service == "s3") set_header(request.headers, "X-Amz-Content-Sha256", sha256_hex(request.body));

  std::vector<std::string> names;
  for (const auto& [name, value] : TRY(canonical_headers(request)))
    if (is_signed(name) && !value.empty()) names.push_back(name);
  const std::string hex = TRY(signature(request, names, scope, date, timestamp, credentials.secret_key));
  request.headers.push_back(
      {"Authorization",
       fmt::format("{} Credential={}/{}/{}/{}/aws4_request, SignedHeaders={}, Signature={}", kAlgorithm,
                   credentials.access_key, date, scope.region, scope.service, joined(names), hex)});
  return {};
}

Result<ReceivedSignature> read_signature(const net::Request& request) {
  std::string_view text = net::header(request.headers, "authorization");
  if (text.empty()) return fail(Code::kNotFound, "the request carries no Authorization header");
  if (!text.starts_with(kAlgorithm) || text.size() <= kAlgorithm.size() || text[kAlgorithm.size()] != ' ')
    return fail(Code::kBadInput, fmt::format("the Authorization header does not begin with {}", kAlgorithm));
  text.remove_prefix(kAlgorithm.size() + 1);

  std::map<std::string, std::string, std::less<>> fields;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (part.starts_with(' ')) part.remove_prefix(1);
    const std::size_t equals = part.find('=');
    if (equals != std::string_view::npos)
      fields[std::string(part.substr(0, equals))] = trimmed(part.substr(equals + 1));
  }
  for (std::string_view needed : {"Credential", "SignedHeaders", "Signature"})
    if (!fields.contains(needed))
      return fail(Code::kBadInput, fmt::format("Authorization header requires '{}' parameter.", needed));

  std::vector<std::string> scope;
  std::string_view credential = fields.find("Credential")->second;
  for (std::size_t end = 0; end != std::string_view::npos;) {
    end = credential.find('/');
    scope.emplace_back(credential.substr(0, end));
    if (end != std::string_view::npos) credential.remove_prefix(end + 1);
  }
  if (scope.size() != 5 || scope[1].size() != 8 || scope[4] != "aws4_request")
    return fail(Code::kBadInput,
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term");

  ReceivedSignature received;
  received.access_key = scope[0];
  received.date = scope[1];
  received.scope = {scope[2], scope[3]};
  received.signature = fields.find("Signature")->second;
  std::string_view names = fields.find("SignedHeaders")->second;
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(';'), names.size());
    received.signed_headers.emplace_back(names.substr(0, end));
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  if (std::ranges::find(received.signed_headers, "host") == received.signed_headers.end())
    return fail(Code::kBadInput, "'Host' must be a 'SignedHeader' in the AWS Authorization.");
  received.session_token = std::string(net::header(request.headers, "x-amz-security-token"));

  const std::string_view stamp = net::header(request.headers, "x-amz-date");
  const bool basic = stamp.size() == 16 && stamp[8] == 'T' && stamp.starts_with(received.date);
  const Result<Time> at =
      basic ? parse_time(fmt::format("{}-{}-{}T{}:{}:{}Z", stamp.substr(0, 4), stamp.substr(4, 2), stamp.substr(6, 2),
                                     stamp.substr(9, 2), stamp.substr(11, 2), stamp.substr(13, 2)))
            : Result<Time>(fail(Code::kBadInput, "no date"));
  if (!at)
    return fail(Code::kBadInput,
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  received.at = *at;
  return received;
}

Result<std::string> expected_signature(const net::Request& request, const ReceivedSignature& received,
                                       const Secret<std::string>& secret_key) {
  return signature(request, received.signed_headers, received.scope, received.date,
                   net::header(request.headers, "x-amz-date"), secret_key);
}

}  // namespace tombolo::aws
