#include "nebula/print.hpp"

#include <fmt/format.h>

#include "base/clock.hpp"
#include "codec/utf8.hpp"

namespace tombolo::nebula {
namespace {

codec::JsonArray network_texts(const std::vector<codec::Cidr>& networks) {
  codec::JsonArray array;
  for (const auto& network : networks) array.emplace_back(network.text());
  return array;
}

// A certificate may come from anybody, and a terminal obeys control characters.
std::string shown(std::string_view text) {
  std::string safe;
  while (!text.empty()) {
    const auto [value, size] = codec::next_code_point(text);
    const bool control = value < 0x20 || (value >= 0x7f && value < 0xa0) || value == codec::kNotUtf8;
    safe += control ? std::string_view("?") : text.substr(0, size);
    text.remove_prefix(size);
  }
  return safe;
}

std::string block(std::string_view title, const std::vector<std::string>& lines) {
  if (lines.empty()) return fmt::format("\t\t{}: []\n", title);
  std::string text = fmt::format("\t\t{}: [\n", title);
  for (const auto& line : lines) text += fmt::format("\t\t\t{}\n", line);
  return text + "\t\t]\n";
}

std::vector<std::string> lines_of(const std::vector<codec::Cidr>& networks) {
  std::vector<std::string> lines;
  for (const auto& network : networks) lines.push_back(network.text());
  return lines;
}

std::vector<std::string> quoted(const std::vector<std::string>& groups) {
  std::vector<std::string> lines;
  for (const auto& group : groups) lines.push_back(codec::to_text(codec::Json(shown(group))));
  return lines;
}

}  // namespace

std::string to_text(const Certificate& certificate) {
  const auto& d = certificate.details();
  std::string text = "NebulaCertificate {\n\tDetails {\n";
  text += fmt::format("\t\tVersion: {}\n\t\tName: {}\n", static_cast<int>(d.version), shown(d.name));
  text += block("Networks", lines_of(d.networks));
  text += block("Unsafe networks", lines_of(d.unsafe_networks));
  text += block("Groups", quoted(d.groups));
  text += fmt::format("\t\tNot before: {}\n\t\tNot after: {}\n", format_time(d.not_before), format_time(d.not_after));
  text += fmt::format("\t\tIs CA: {}\n\t\tIssuer: {}\n", d.is_ca, d.issuer.text());
  text +=
      fmt::format("\t\tPublic key: {}\n\t\tCurve: {}\n\t}}\n", to_hex(d.public_key.bytes), name(d.public_key.curve));
  text += fmt::format("\tFingerprint: {}\n\tSignature: {}\n}}\n", certificate.fingerprint().text(),
                      to_hex(certificate.signature()));
  return text;
}

codec::Json to_json(const Certificate& certificate) {
  const auto& d = certificate.details();
  codec::JsonArray groups;
  for (const auto& group : d.groups) groups.emplace_back(group);
  const auto key = to_hex(d.public_key.bytes);
  const auto curve = name(d.public_key.curve);
  return codec::JsonObject{{"details", codec::JsonObject{{"name", d.name},
                                                         {"networks", network_texts(d.networks)},
                                                         {"unsafeNetworks", network_texts(d.unsafe_networks)},
                                                         {"groups", std::move(groups)},
                                                         {"isCa", d.is_ca},
                                                         {"issuer", d.issuer.text()},
                                                         {"notBefore", format_time(d.not_before)},
                                                         {"notAfter", format_time(d.not_after)},
                                                         {"publicKey", key},
                                                         {"curve", curve}}},
                           {"curve", curve},
                           {"publicKey", key},
                           {"fingerprint", certificate.fingerprint().text()},
                           {"signature", to_hex(certificate.signature())},
                           {"version", static_cast<int>(d.version)}};
}

codec::Json to_json(const std::vector<Certificate>& certificates) {
  codec::JsonArray array;
  for (const auto& certificate : certificates) array.push_back(to_json(certificate));
  return array;
}

}  // namespace tombolo::nebula
