#include "cluster/key_backup.hpp"

#include <fmt/format.h>

#include <variant>

#include "base/files.hpp"
#include "nebula/layout.hpp"

namespace tombolo::cluster {
namespace {

// A key file's content, shown to be an authority's key.
Result<> check_key(const Secret<Bytes>& key, const std::string& where) {
  auto parsed = nebula::parse_signing_key(as_text(key.expose()));
  if (!parsed)
    return fail(Code::kUntrusted, fmt::format("{} holds no authority's key: {}", where, parsed.error().sentence()));
  return {};
}

Result<nebula::Authority> join(const Secret<Bytes>& key, const nebula::Certificate& certificate,
                               const store::AskPassphrase& ask) {
  auto parsed = TRY(nebula::parse_signing_key(as_text(key.expose())));
  if (auto* plain = std::get_if<nebula::SigningKey>(&parsed))
    return nebula::Authority::open(certificate, std::move(*plain));
  if (!ask)
    return fail(Code::kBadInput, "the CA key is encrypted, and nobody can be asked for its passphrase",
                "Set NEBULA_CA_PASSPHRASE, or run this in a terminal.");
  auto unlocked = TRY(std::get<nebula::EncryptedKey>(parsed).unlock(TRY(ask(false))));
  return nebula::Authority::open(certificate, std::move(unlocked));
}

Result<std::optional<Secret<Bytes>>> key_here(const std::string& path) {
  auto text = read_file(path);
  if (!text && text.error().code() == Code::kNotFound) return std::nullopt;
  if (!text) return fail(std::move(text.error()));
  const Secret<std::string> read(std::move(*text));
  return Secret<Bytes>(to_bytes(read.expose()));
}

// What is backed up must be of use: a key that can be read without a passphrase is held against the certificate beside it.
Result<> check_pair(const Secret<Bytes>& key, const nebula::Layout& layout) {
  const auto pem = read_file(layout.home_ca_certificate());
  auto parsed = TRY(nebula::parse_signing_key(as_text(key.expose())));
  auto* plain = std::get_if<nebula::SigningKey>(&parsed);
  if (!pem || !plain) return {};
  const auto certificate = TRY(context(nebula::parse_certificate(*pem), "reading " + layout.home_ca_certificate()));
  if (auto joined = nebula::Authority::open(certificate, std::move(*plain)); !joined)
    return fail(Code::kUntrusted,
                fmt::format("{} and {} do not belong together: {}", layout.home_ca_key(), layout.home_ca_certificate(),
                            joined.error().sentence()),
                "Nothing was backed up. Put the right one of the two in its place; `tombolo secrets restore` brings "
                "back an earlier key.");
  return {};
}

struct FoundCertificate {
  std::string pem;
  bool is_here = false;
};

Result<FoundCertificate> find_certificate(const std::string& path, const std::optional<std::string>& given) {
  auto here = read_file(path);
  if (here) {
    if (given && TRY(nebula::parse_certificate(*given)).fingerprint() !=
                     TRY(context(nebula::parse_certificate(*here), "reading " + path)).fingerprint())
      return fail(Code::kConflict, fmt::format("{} is another authority's certificate than the one given", path),
                  "Move it away if it is the wrong one.");
    return FoundCertificate{*here, true};
  }
  if (here.error().code() != Code::kNotFound) return fail(std::move(here.error()));
  if (given) return FoundCertificate{*given, false};
  return fail(Code::kNotFound,
              fmt::format("there is no {}: the key cannot be checked without its authority's certificate", path),
              "Give it with --ca-crt: every member of the mesh has it as /etc/nebula/ca.crt.");
}

}  // namespace

Result<Kept> back_up_ca_key(const store::StateFolder& folder, store::SecretBackup& place, const std::string& name,
                            bool replace, const std::stop_token& stop) {
  const nebula::Layout layout(folder.path());
  const auto key = TRY(key_here(layout.home_ca_key()));
  if (!key)
    return fail(Code::kNotFound, fmt::format("there is no CA key here ({})", layout.home_ca_key()),
                "`tombolo up` makes one, `tombolo cert import` takes over one that you have, `tombolo secrets restore` "
                "brings it back.");
  TRY(check_key(*key, layout.home_ca_key()));
  TRY(check_pair(*key, layout));

  auto there = place.fetch(name, stop);
  if (!there && there.error().code() != Code::kNotFound) return fail(std::move(there.error()));
  if (there && store::same_key_text(*there, *key)) return Kept::kAlready;
  if (there && !replace)
    return fail(Code::kConflict, fmt::format("another key is kept in {}", place.place(name)),
                "It may be the only copy of somebody's key: rename it or choose another secrets.target. --replace "
                "overwrites it.");
  const auto kept = there ? Kept::kReplaced : Kept::kNew;
  TRY(place.store(name, *key, stop));
  const auto read_back = TRY(context(place.fetch(name, stop), "reading the backup back"));
  if (!store::same_key_text(read_back, *key))
    return fail(Code::kUntrusted, fmt::format("what came back from {} is not what was put there", place.place(name)),
                "Look at it there before you rely on it.");
  return kept;
}

Result<Restored> restore_ca_key(const store::StateFolder& folder, store::SecretBackup& place,
                                const RestoreRequest& request, const std::stop_token& stop) {
  const nebula::Layout layout(folder.path());
  const auto here = TRY(key_here(layout.home_ca_key()));
  const auto certificate = TRY(find_certificate(layout.home_ca_certificate(), request.certificate));
  const auto parsed = TRY(nebula::parse_certificate(certificate.pem));
  const auto key = TRY(place.fetch(request.name, stop));
  TRY(check_key(key, place.place(request.name)));
  if (here && !store::same_key_text(*here, key))
    return fail(Code::kConflict,
                fmt::format("{} is another key than the one in {}", layout.home_ca_key(), place.place(request.name)),
                "A key is never overwritten. Move it away if the backup is the right one, and run this again.");
  auto joined = join(key, parsed, request.ask_passphrase);
  if (!joined && joined.error().code() == Code::kUntrusted)
    return fail(Code::kUntrusted,
                fmt::format("the key in {} does not belong to the authority \"{}\": {}", place.place(request.name),
                            parsed.details().name, joined.error().sentence()),
                "Nothing was changed. Look for the right backup, or for the right certificate.");
  const auto authority = TRY(std::move(joined));
  if (!here) TRY(folder.create("nebula/home-ca.key", as_text(key.expose())));
  if (!certificate.is_here) TRY(folder.create("nebula/home-ca.crt", certificate.pem));
  return Restored{here ? Kept::kAlready : Kept::kNew, certificate.is_here ? Kept::kAlready : Kept::kNew,
                  authority.certificate()};
}

}  // namespace tombolo::cluster
