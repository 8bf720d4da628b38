#include <fmt/format.h>

#include <filesystem>

#include "base/files.hpp"
#include "cluster/local_kinds.hpp"
#include "codec/base64.hpp"
#include "nebula/layout.hpp"

namespace tombolo::cluster {

namespace {

using engine::Json;

// A member's certificate. Issuing the same thing again is harmless, so making and mending are one: ensure().
class CertificateKind final : public engine::Kind {
 public:
  CertificateKind(Desk desk, std::vector<std::string> members) : desk_(std::move(desk)), members_(std::move(members)) {}
  std::string name() const override { return std::string(kCertificateKind); }
  std::vector<std::string> needs() const override { return {std::string(kAuthorityKind)}; }
  bool repeatable() const override { return true; }

  Result<std::vector<engine::Observed>> observe(const engine::Call& call) override {
    std::vector<engine::Observed> out;
    for (const auto& member : members_) {
      const auto path = layout().member_certificate(member);
      if (!file_exists(path)) continue;
      const auto certificate = TRY(context(nebula::parse_certificate(TRY(read_file(path))), "reading " + path));
      out.push_back(describe(member, certificate));
      if (nebula::due_for_renewal(certificate.details(), std::chrono::floor<std::chrono::seconds>(call.clock.now())))
        out.back().attributes.as_object()["due"] = format_time(certificate.details().not_after);
    }
    return out;
  }

  engine::Verdict compare(const engine::Wish& wish, const engine::Observed& observed) const override {
    auto changes = differences(wish, observed, {"network", "groups", "authority", "publicKey", "member"});
    if (const auto* due = codec::find(observed.attributes, "due"))
      changes.push_back({"notAfter", *due, engine::unknown("renewed before it ends"), false});
    return {std::move(changes), {}};
  }

  engine::Step create(const engine::Intent& intent, const engine::Call& call) override {
    return ensure(intent.request, call.clock.now());
  }
  engine::Step converge(const engine::Wish& wish, const engine::Current&, const engine::Call& call) override {
    return ensure(wish.inputs, call.clock.now());
  }
  engine::Step remove(const engine::Current& current, const engine::Call&) override {
    return engine::Failed{
        Error(Code::kUnsupported, fmt::format("{} is never removed by the program", current.address.text()))};
  }

 private:
  nebula::Layout layout() const { return nebula::Layout(desk_.state.path()); }

  engine::Step ensure(const Json& in, Time now) {
    auto certificate = issue(in, now);
    if (!certificate) return engine::Failed{certificate.error()};
    const auto o = describe(codec::text_at(in, "member"), *certificate);
    return engine::Done{o.id, o.outputs};
  }

  Result<nebula::Certificate> issue(const Json& in, Time now) {
    const auto member = codec::text_at(in, "member");
    const auto path = layout().member_certificate(member);
    const auto key = TRY(public_key(member, in));
    if (file_exists(path)) {
      const auto have = TRY(context(nebula::parse_certificate(TRY(read_file(path))), "reading " + path));
      engine::Wish wish{{name(), member}, in, {}};
      const bool due = nebula::due_for_renewal(have.details(), std::chrono::floor<std::chrono::seconds>(now));
      if (!due && differences(wish, describe(member, have), {}).empty() && have.details().public_key == key)
        return have;
    }
    const auto authority = TRY(open_authority(desk_, "home"));
    nebula::MemberRequest request;
    request.name = member;
    request.public_key = key;
    request.networks = {TRY(codec::Cidr::parse(codec::text_at(in, "network")))};
    if (const Json* groups = codec::find(in, "groups"); groups && groups->is_array())
      for (const auto& g : groups->get_array()) request.groups.push_back(std::string(g.as_string()));
    request.not_before = std::chrono::floor<std::chrono::seconds>(now);
    const auto certificate = TRY(context(authority.issue(request), "issuing the certificate of " + member));
    TRY(make_private_folder(layout().member(member)));
    TRY(write_file(path, certificate.to_pem(), kPrivateFile));
    TRY(enter_in_ledger(desk_, certificate));
    return certificate;
  }

  // The member's own, when it made one; else of the key that is made here and kept beside the certificate.
  Result<nebula::PublicKey> public_key(const std::string& member, const Json& in) const {
    const auto path = layout().member_key(member);
    if (codec::find(in, "publicKey")) {
      const auto text = codec::text_at(in, "publicKey");
      if (text.empty()) return fail(Code::kInconsistent, "the machine has not told its public key yet");
      nebula::PublicKey theirs{nebula::Curve::k25519, TRY(codec::decode_base64(text))};
      // A key of ours that no longer belongs to the member would make a pair that does not fit.
      std::error_code ignored;
      if (file_exists(path)) std::filesystem::rename(path, path + ".old", ignored);
      return theirs;
    }
    // Made by the member itself, which gave us the public half once (`tombolo mesh config --pub`).
    if (const auto pub = layout().member_public_key(member); file_exists(pub))
      return context(nebula::parse_public_key(TRY(read_file(pub))), "reading " + pub);
    if (!file_exists(path)) {
      TRY(make_private_folder(layout().member(member)));
      TRY(create_file(path, nebula::MemberKey::generate().to_pem().expose(), kPrivateFile));
    }
    const Secret<std::string> pem(TRY(read_file(path)));
    return TRY(context(nebula::parse_member_key(pem.expose()), "reading " + path)).public_key();
  }

  engine::Observed describe(const std::string& member, const nebula::Certificate& certificate) const {
    const auto& d = certificate.details();
    codec::JsonArray groups;
    for (const auto& g : d.groups) groups.emplace_back(g);
    const auto key = layout().member_key(member);
    return {{std::string(kCertificateKind), member},
            certificate.fingerprint().text(),
            1,
            "",
            engine::Status::kReady,
            "",
            {{"member", d.name},
             {"network", d.networks.empty() ? "" : d.networks.front().text()},
             {"groups", std::move(groups)},
             {"authority", d.issuer.text()},
             {"publicKey", codec::encode_base64(d.public_key.bytes)}},
            {{"fingerprint", certificate.fingerprint().text()},
             {"certificate", certificate.to_pem()},
             {"key", file_exists(key) ? key : ""},
             {"notAfter", format_time(d.not_after)}}};
  }

  Desk desk_;
  std::vector<std::string> members_;
};

}  // namespace

std::shared_ptr<engine::Kind> certificate_kind(Desk desk, std::vector<std::string> members) {
  return std::make_shared<CertificateKind>(std::move(desk), std::move(members));
}

}  // namespace tombolo::cluster
