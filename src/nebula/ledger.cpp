#include "nebula/ledger.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/clock.hpp"
#include "codec/json.hpp"

namespace tombolo::nebula {
namespace {

constexpr std::int64_t kFormat = 1;

tl::unexpected<Error> corrupt(std::string_view why) {
  return fail(Code::kCorrupt, fmt::format("the certificate ledger cannot be read: {}", why),
              "Restore the file from a backup, or remove it and run `tombolo cert import` on the folder that holds "
              "your certificates.");
}

codec::JsonArray texts(const std::vector<codec::Cidr>& networks) {
  codec::JsonArray array;
  for (const auto& network : networks) array.emplace_back(network.text());
  return array;
}

codec::Json to_json(const LedgerEntry& entry) {
  codec::JsonArray groups;
  for (const auto& group : entry.groups) groups.emplace_back(group);
  codec::JsonObject json{{"fingerprint", entry.fingerprint.text()},
                         {"name", entry.name},
                         {"version", static_cast<int>(entry.version)},
                         {"isCa", entry.is_ca},
                         {"networks", texts(entry.networks)},
                         {"unsafeNetworks", texts(entry.unsafe_networks)},
                         {"groups", std::move(groups)},
                         {"notBefore", format_time(entry.not_before)},
                         {"notAfter", format_time(entry.not_after)},
                         {"issuer", entry.issuer.text()},
                         {"curve", name(entry.public_key.curve)},
                         {"publicKey", to_hex(entry.public_key.bytes)}};
  if (entry.revoked_at) json["revokedAt"] = format_time(*entry.revoked_at);
  return json;
}

Result<Seconds> read_time(const codec::Json& json, std::string_view field) {
  const auto time = parse_time(codec::text_at(json, field));
  if (!time) return corrupt(fmt::format("{} is not a time", field));
  return std::chrono::floor<std::chrono::seconds>(*time);
}

Result<std::vector<std::string>> read_texts(const codec::Json& json, std::string_view field) {
  std::vector<std::string> list;
  const auto* array = codec::find(json, field);
  if (!array || !array->is_array()) return corrupt(fmt::format("{} is not a list", field));
  for (const auto& item : array->as_array()) {
    if (!item.is_string()) return corrupt(fmt::format("{} is not a list of texts", field));
    list.emplace_back(item.as_string());
  }
  return list;
}

Result<std::vector<codec::Cidr>> read_networks(const codec::Json& json, std::string_view field) {
  std::vector<codec::Cidr> list;
  for (const auto& text : TRY(read_texts(json, field))) {
    const auto network = codec::Cidr::parse(text);
    if (!network) return corrupt(fmt::format("{} holds \"{}\", which is no network", field, text));
    list.push_back(*network);
  }
  return list;
}

// 64 hex digits; only an authority has no issuer.
Result<Fingerprint> read_fingerprint(const codec::Json& json, std::string_view field, bool may_be_empty) {
  const auto text = codec::text_at(json, field);
  const auto bytes = from_hex(text);
  if (!(may_be_empty && text.empty()) && (!bytes || bytes->size() != 32))
    return corrupt(fmt::format("{} is not a fingerprint", field));
  return Fingerprint(text);
}

Result<LedgerEntry> read_entry(const codec::Json& json) {
  LedgerEntry entry;
  entry.fingerprint = TRY(read_fingerprint(json, "fingerprint", false));
  entry.name = codec::text_at(json, "name");
  const auto version = codec::number_at(json, "version");
  if (version != 1 && version != 2) return corrupt("a version is neither 1 nor 2");
  entry.version = static_cast<Version>(version);
  entry.is_ca = codec::bool_at(json, "isCa");
  entry.networks = TRY(read_networks(json, "networks"));
  entry.unsafe_networks = TRY(read_networks(json, "unsafeNetworks"));
  entry.groups = TRY(read_texts(json, "groups"));
  entry.not_before = TRY(read_time(json, "notBefore"));
  entry.not_after = TRY(read_time(json, "notAfter"));
  entry.issuer = TRY(read_fingerprint(json, "issuer", entry.is_ca));
  const auto curve = codec::text_at(json, "curve");
  if (curve != name(Curve::k25519) && curve != name(Curve::kP256)) return corrupt("a curve is unknown");
  entry.public_key.curve = curve == name(Curve::kP256) ? Curve::kP256 : Curve::k25519;
  auto key = from_hex(codec::text_at(json, "publicKey"));
  if (!key || key->empty()) return corrupt("a public key is not in hex");
  entry.public_key.bytes = std::move(*key);
  if (codec::find(json, "revokedAt")) entry.revoked_at = TRY(read_time(json, "revokedAt"));
  return entry;
}

}  // namespace

Result<Ledger> Ledger::parse(std::string_view text) {
  Ledger ledger;
  if (text.empty()) return ledger;
  const auto json = codec::parse_json(text);
  if (!json) return corrupt(json.error().sentence());
  const auto format = codec::number_at(*json, "format");
  if (format > kFormat) {
    return fail(Code::kUnsupported, "the certificate ledger was written by a newer Tombolo", "Update this program.");
  }
  const auto* list = codec::find(*json, "certificates");
  if (format != kFormat || !list || !list->is_array()) return corrupt("it is not in the form Tombolo writes");
  for (const auto& item : list->as_array()) {
    auto entry = TRY(read_entry(item));
    const auto fingerprint = entry.fingerprint;
    if (!ledger.entries_.emplace(fingerprint, std::move(entry)).second) {
      return corrupt(fmt::format("{} stands there twice", fingerprint.text()));
    }
  }
  return ledger;
}

std::string Ledger::to_text() const {
  codec::JsonArray list;
  for (const auto* entry : entries()) list.push_back(to_json(*entry));
  return codec::to_pretty_text(codec::JsonObject{{"format", kFormat}, {"certificates", std::move(list)}});
}

void Ledger::add(const Certificate& certificate) {
  const auto& d = certificate.details();
  entries_.emplace(certificate.fingerprint(), LedgerEntry{.fingerprint = certificate.fingerprint(),
                                                          .name = d.name,
                                                          .version = d.version,
                                                          .is_ca = d.is_ca,
                                                          .networks = d.networks,
                                                          .unsafe_networks = d.unsafe_networks,
                                                          .groups = d.groups,
                                                          .not_before = d.not_before,
                                                          .not_after = d.not_after,
                                                          .issuer = d.issuer,
                                                          .public_key = d.public_key,
                                                          .revoked_at = std::nullopt});
}

Result<> Ledger::revoke(const Fingerprint& fingerprint, Seconds now) {
  const auto at = entries_.find(fingerprint);
  if (at == entries_.end())
    return fail(Code::kNotFound, fmt::format("no certificate with fingerprint {} was issued here", fingerprint.text()));
  if (!at->second.revoked_at) at->second.revoked_at = now;
  return {};
}

const LedgerEntry* Ledger::find(const Fingerprint& fingerprint) const {
  const auto at = entries_.find(fingerprint);
  return at == entries_.end() ? nullptr : &at->second;
}

std::vector<const LedgerEntry*> Ledger::entries() const {
  std::vector<const LedgerEntry*> list;
  for (const auto& [fingerprint, entry] : entries_) list.push_back(&entry);
  std::ranges::sort(list, {}, [](const LedgerEntry* entry) { return std::tie(entry->not_before, entry->fingerprint); });
  return list;
}

std::vector<const LedgerEntry*> Ledger::valid(Seconds now, std::string_view name) const {
  auto list = entries();
  std::erase_if(list, [&](const LedgerEntry* entry) {
    return entry->revoked_at || now < entry->not_before || now > entry->not_after ||
           (!name.empty() && entry->name != name);
  });
  return list;
}

std::vector<Fingerprint> Ledger::revoked() const {
  std::vector<Fingerprint> list;
  for (const auto& [fingerprint, entry] : entries_) {
    if (entry.revoked_at) list.push_back(fingerprint);
  }
  return list;
}

}  // namespace tombolo::nebula
