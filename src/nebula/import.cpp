#include "nebula/import.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.hpp"
#include "nebula/authority.hpp"
#include "nebula/layout.hpp"
#include "nebula/trust.hpp"

namespace tombolo::nebula {
namespace {

constexpr std::string_view kAuthorityCertificate = "ca.crt";
constexpr std::string_view kAuthorityKey = "ca.key";
constexpr std::string_view kCertificateEnding = ".crt";
constexpr std::string_view kKeyEnding = ".key";

const FoundFile* find(const std::vector<FoundFile>& files, std::string_view name) {
  const auto at = std::ranges::find(files, name, &FoundFile::name);
  return at == files.end() ? nullptr : &*at;
}

std::string stem(const std::string& name) { return name.substr(0, name.rfind('.')); }

Result<SigningKey> read_authority_key(const FoundFile& file, const std::function<Result<Passphrase>()>& ask) {
  auto key = TRY(context(parse_signing_key(file.content.expose()), "reading " + file.name));
  if (const auto* encrypted = std::get_if<EncryptedKey>(&key)) {
    return context(encrypted->unlock(TRY(ask())), "unlocking " + file.name);
  }
  return std::get<SigningKey>(std::move(key));
}

Result<> read_authority(const std::vector<FoundFile>& files, Seconds now,
                        const std::function<Result<Passphrase>()>& ask, Import& found) {
  const auto* certificate_file = find(files, kAuthorityCertificate);
  const auto* key_file = find(files, kAuthorityKey);
  if (!certificate_file || !key_file) {
    return fail(Code::kNotFound,
                fmt::format("the folder has no {}", certificate_file ? kAuthorityKey : kAuthorityCertificate),
                "Name the folder in which `nebula-cert ca` wrote ca.crt and ca.key.");
  }
  auto certificate = TRY(context(parse_certificate(certificate_file->content.expose()), "reading ca.crt"));
  if (now > certificate.details().not_after) {
    return fail(Code::kUntrusted,
                fmt::format("the authority of ca.crt expired at {}", format_time(certificate.details().not_after)),
                "An expired authority is of no use to anybody; let `tombolo up` make a new one.");
  }
  const auto key = TRY(read_authority_key(*key_file, ask));
  const auto authority = TRY(context(Authority::open(std::move(certificate), key), "checking ca.crt and ca.key"));
  found.authority = authority.certificate();
  found.authority_pem = authority.certificate().to_pem();
  found.authority_key_pem = key_file->content;
  return {};
}

// Two blocks in one file are one member in two versions; a running Nebula wants the same of them.
Result<> check_together(const std::vector<Certificate>& certificates, const std::string& file) {
  const auto& first = certificates.front().details();
  for (const auto& certificate : certificates) {
    const auto& d = certificate.details();
    if (d.name != first.name || d.public_key != first.public_key) {
      return fail(Code::kConflict, fmt::format("{} holds certificates of different members", file),
                  "Put each member into its own file.");
    }
  }
  return {};
}

// Nothing: an expired member, which is left out with a note.
Result<std::optional<ImportedMember>> read_member(const FoundFile& file, const FoundFile* key_file, const Trust& trust,
                                                  Seconds now, Import& found) {
  ImportedMember member;
  member.certificates = TRY(context(parse_certificates(file.content.expose()), "reading " + file.name));
  TRY(check_together(member.certificates, file.name));
  member.name = member.certificates.front().details().name;
  if (!is_member_folder(member.name)) {
    return fail(Code::kBadInput, fmt::format("the member's name in {} cannot be a folder's name", file.name),
                "Names may hold letters, digits, '.', '_' and '-'. Issue the certificate again under such a name.");
  }
  for (const auto& certificate : member.certificates) {
    if (now > certificate.details().not_after) {
      found.left_out.push_back(
          fmt::format("{}: expired at {}", file.name, format_time(certificate.details().not_after)));
      return std::optional<ImportedMember>();
    }
    TRY(context(trust.verify(certificate, now), "checking " + file.name));
    member.certificate_pem += certificate.to_pem();
  }
  if (key_file) {
    const auto key = TRY(context(parse_member_key(key_file->content.expose()), "reading " + key_file->name));
    TRY(context(check_pair(member.certificates.front(), key.public_key()),
                fmt::format("checking {} and {}", file.name, key_file->name)));
    member.key_pem = key_file->content;
  }
  return std::optional(std::move(member));
}

Result<> add_member(ImportedMember member, const std::string& file, Import& found) {
  const bool taken = std::ranges::find(found.members, member.name, &ImportedMember::name) != found.members.end();
  if (taken) {
    return fail(Code::kConflict, fmt::format("{} and another file are both certificates of \"{}\"", file, member.name),
                "Move the older one out of the folder.");
  }
  found.members.push_back(std::move(member));
  return {};
}

}  // namespace

Result<Import> read_folder(const std::vector<FoundFile>& files, Seconds now,
                           const std::function<Result<Passphrase>()>& ask) {
  Import found;
  TRY(read_authority(files, now, ask, found));
  Trust trust;
  TRY(trust.add(*found.authority));
  for (const auto& file : files) {
    if (file.name == kAuthorityCertificate || file.name == kAuthorityKey) continue;
    if (file.name.ends_with(kCertificateEnding)) {
      const auto* key_file = find(files, stem(file.name) + std::string(kKeyEnding));
      if (auto member = TRY(read_member(file, key_file, trust, now, found)))
        TRY(add_member(std::move(*member), file.name, found));
    } else if (!file.name.ends_with(kKeyEnding)) {
      found.left_out.push_back(file.name + ": neither .crt nor .key");
    } else if (!find(files, stem(file.name) + std::string(kCertificateEnding))) {
      found.left_out.push_back(fmt::format("{}: there is no {}.crt to it", file.name, stem(file.name)));
    }
  }
  return found;
}

}  // namespace tombolo::nebula
