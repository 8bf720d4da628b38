// For tests: the certificates that Nebula made (tests/data/nebula).
#pragma once
#include <map>
#include <string>

#include "base/files.hpp"
#include "codec/json.hpp"
#include "nebula/certificate.hpp"
#include "nebula/key_file.hpp"

namespace tombolo::nebula::test {

struct Vector {
  codec::Json json;

  std::string text(const char* field) const { return codec::text_at(json, field); }
  Bytes bytes(const char* field) const { return from_hex(text(field)).value(); }
  Version version() const { return static_cast<Version>(codec::number_at(json, "version")); }
  Curve curve() const { return static_cast<Curve>(codec::number_at(json, "curve")); }
  bool is_ca() const { return codec::bool_at(json, "is_ca"); }
  Certificate certificate() const { return Certificate::decode(version(), bytes("raw")).value(); }

  std::vector<std::string> list(const char* field) const {
    std::vector<std::string> items;
    for (const auto& item : codec::find(json, field)->as_array()) items.emplace_back(item.as_string());
    return items;
  }
  std::vector<codec::Cidr> networks(const char* field) const {
    std::vector<codec::Cidr> items;
    for (const auto& item : list(field)) items.push_back(codec::Cidr::parse(item).value());
    return items;
  }
  // The fields of the file, not those of the certificate.
  Details details() const {
    return {.version = version(),
            .name = text("name"),
            .networks = networks("networks"),
            .unsafe_networks = networks("unsafe"),
            .groups = list("groups"),
            .not_before = Seconds(std::chrono::seconds(codec::number_at(json, "not_before"))),
            .not_after = Seconds(std::chrono::seconds(codec::number_at(json, "not_after"))),
            .is_ca = is_ca(),
            .issuer = Fingerprint(text("issuer")),
            .public_key = {curve(), bytes("public_key")}};
  }
  SigningKey signing_key() const {
    auto key = parse_signing_key(text("key_pem")).value();
    if (auto* encrypted = std::get_if<EncryptedKey>(&key))
      return encrypted->unlock(Passphrase(text("passphrase"))).value();
    return std::get<SigningKey>(std::move(key));
  }
};

// By label: "old-ca.crt".
inline const std::map<std::string, Vector>& vectors() {
  static const auto all = [] {
    std::map<std::string, Vector> map;
    const auto json =
        codec::parse_json(read_file(TOMBOLO_SOURCE_DIR "/tests/data/nebula/cert_vectors.json").value()).value();
    for (const auto& entry : json.as_array()) map[codec::text_at(entry, "file")] = Vector{entry};
    return map;
  }();
  return all;
}

inline const Vector& vector_of(const std::string& label) { return vectors().at(label); }

// Inside the validity of every vector.
inline constexpr Seconds kNow{std::chrono::seconds(1800000000)};

// The authority that signed each host.
inline const std::map<std::string, std::string>& issuers() {
  static const std::map<std::string, std::string> pairs = {{"old-h1.crt", "old-ca.crt"}, {"n1-h1.crt", "n1-ca.crt"},
                                                           {"n2-h1.crt", "n2-ca.crt"},   {"n2-h1v1.crt", "n2-ca.crt"},
                                                           {"p1-h.crt", "p1-ca.crt"},    {"p2-h.crt", "p2-ca.crt"}};
  return pairs;
}

}  // namespace tombolo::nebula::test
