#include "cluster/mesh_trust.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/files.hpp"
#include "nebula/layout.hpp"

namespace tombolo::cluster {

namespace {

nebula::Seconds seconds(Time now) { return std::chrono::floor<std::chrono::seconds>(now); }

Result<> rename_file(const std::string& from, const std::string& to) {
  std::error_code error;
  std::filesystem::rename(from, to, error);
  if (error) return fail(Code::kIo, fmt::format("cannot rename {} to {}: {}", from, to, error.message()));
  return {};
}

Result<nebula::Certificate> read_certificate(const std::string& path) {
  return context(nebula::parse_certificate(TRY(read_file(path))), "reading " + path);
}

Result<> write_ledger(const store::StateFolder& state, const nebula::Ledger& ledger) {
  return write_file(nebula::Layout(state.path()).ledger(), ledger.to_text(), kPrivateFile);
}

}  // namespace

Result<nebula::Ledger> read_ledger(const store::StateFolder& state) {
  const auto path = nebula::Layout(state.path()).ledger();
  return context(nebula::Ledger::parse(file_exists(path) ? TRY(read_file(path)) : ""), "reading " + path);
}

Result<MeshTrust> mesh_trust(const store::StateFolder& state, Time now) {
  const nebula::Layout layout(state.path());
  MeshTrust out;
  out.authorities_pem = TRY(read_file(layout.home_ca_certificate()));
  if (rotating(state)) out.authorities_pem += TRY(read_file(layout.previous_ca_certificate()));
  out.authorities_pem += TRY(read_file(layout.worker_ca_certificate()));
  const auto ledger = TRY(read_ledger(state));
  for (const auto& fingerprint : ledger.revoked())
    if (const auto* entry = ledger.find(fingerprint); entry && entry->not_after >= seconds(now))
      out.blocklist.push_back(fingerprint);
  return out;
}

bool rotating(const store::StateFolder& state) {
  return file_exists(nebula::Layout(state.path()).previous_ca_certificate());
}

// Everything new is on disk before anything old moves. Then the key, then the certificate: a crash between the two leaves a
// key that fits the waiting certificate, which the next begin_rotation() or the certificate's own check finds.
Result<nebula::Certificate> begin_rotation(
    const Desk& desk, Time now, const std::function<Result<std::string>(const nebula::SigningKey&)>& key_text) {
  const nebula::Layout layout(desk.state.path());
  const auto next_certificate = layout.home_ca_certificate() + ".next";
  const auto next_key = layout.home_ca_key() + ".next";
  if (file_exists(next_certificate) && !file_exists(next_key)) {  // died between the two renames
    TRY(rename_file(next_certificate, layout.home_ca_certificate()));
    return read_certificate(layout.home_ca_certificate());
  }
  if (rotating(desk.state) && !file_exists(next_key))
    return fail(
        Code::kState, "the home authority is being replaced already",
        "Run `tombolo up`, lay the new certificates on the other members, then `tombolo cert rotate-ca --finish`.");
  const auto old = TRY(read_certificate(layout.home_ca_certificate()));
  const auto& d = old.details();
  nebula::AuthorityRequest request{.name = d.name,
                                   .version = d.version,
                                   .not_before = seconds(now),
                                   .validity = d.not_after - d.not_before,
                                   .networks = d.networks,
                                   .unsafe_networks = d.unsafe_networks,
                                   .groups = d.groups};
  const auto authority = TRY(nebula::Authority::create(request, nebula::SigningKey::generate()));
  TRY(write_file(next_key, TRY(key_text(authority.key())), kPrivateFile));
  TRY(write_file(next_certificate, authority.certificate().to_pem(), kPrivateFile));
  TRY(write_file(layout.previous_ca_certificate(), old.to_pem(), kPrivateFile));
  if (!file_exists(layout.previous_ca_key()) && file_exists(layout.home_ca_key()))
    TRY(rename_file(layout.home_ca_key(), layout.previous_ca_key()));
  TRY(rename_file(next_key, layout.home_ca_key()));
  TRY(rename_file(next_certificate, layout.home_ca_certificate()));
  TRY(enter_in_ledger(desk, authority.certificate()));
  return authority.certificate();
}

Result<std::vector<std::string>> not_rotated(const store::StateFolder& state, Time now) {
  const auto old = TRY(read_certificate(nebula::Layout(state.path()).previous_ca_certificate())).fingerprint();
  const auto ledger = TRY(read_ledger(state));
  std::set<std::string> on_old, on_new;
  for (const auto* entry : ledger.valid(seconds(now)))
    if (!entry->is_ca) (entry->issuer == old ? on_old : on_new).insert(entry->name);
  std::vector<std::string> out;
  std::set_difference(on_old.begin(), on_old.end(), on_new.begin(), on_new.end(), std::back_inserter(out));
  return out;
}

Result<> finish_rotation(const store::StateFolder& state) {
  if (!rotating(state)) return fail(Code::kState, "the home authority is not being replaced");
  const nebula::Layout layout(state.path());
  // The certificate last: while it is there, the rotation is not finished.
  TRY(remove_file(layout.previous_ca_key()));
  return remove_file(layout.previous_ca_certificate());
}

Result<std::vector<nebula::Fingerprint>> revoke(const Desk& desk, const std::string& whom, bool reissue, Time now) {
  auto ledger = TRY(read_ledger(desk.state));
  std::vector<const nebula::LedgerEntry*> found = ledger.valid(seconds(now), whom);
  if (found.empty() && whom.size() >= 8)
    for (const auto* entry : ledger.valid(seconds(now)))
      if (entry->fingerprint.text().starts_with(whom)) found.push_back(entry);
  if (found.empty())
    return fail(Code::kNotFound, fmt::format("no valid certificate belongs to {}", whom),
                "`tombolo cert status` lists them; give a member's name or the beginning of a fingerprint.");
  if (std::any_of(found.begin(), found.end(), [](const auto* e) { return e->is_ca; }))
    return fail(Code::kBadInput, fmt::format("{} is an authority: it is replaced, not revoked", whom),
                "Run `tombolo cert rotate-ca`.");
  const std::string member = found.front()->name;
  if (member != whom && found.size() > 1)
    return fail(Code::kBadInput, fmt::format("{} fits {} certificates", whom, found.size()), "Give more of it.");
  std::vector<nebula::Fingerprint> out;
  for (const auto* entry : found) out.push_back(entry->fingerprint);
  for (const auto& fingerprint : out) TRY(ledger.revoke(fingerprint, seconds(now)));
  TRY(write_ledger(desk.state, ledger));
  if (reissue) {
    const nebula::Layout layout(desk.state.path());
    for (const auto& path : {layout.member_key(member), layout.member_certificate(member)})
      if (file_exists(path)) TRY(rename_file(path, path + ".revoked"));
  }
  return out;
}

}  // namespace tombolo::cluster
