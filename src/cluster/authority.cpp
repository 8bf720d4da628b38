#include <fmt/format.h>

#include "base/files.hpp"
#include "cluster/local_kinds.hpp"
#include "nebula/layout.hpp"
#include "nebula/ledger.hpp"

namespace tombolo::cluster {

using engine::Json;

namespace {

struct Files {
  std::string certificate, key;
};

Files files_of(const Desk& desk, const std::string& which) {
  const nebula::Layout layout(desk.state.path());
  if (which == "worker") return {layout.worker_ca_certificate(), layout.worker_ca_key()};
  return {layout.home_ca_certificate(), layout.home_ca_key()};
}

Result<nebula::SigningKey> read_key(const Desk& desk, const std::string& which) {
  const auto path = files_of(desk, which).key;
  auto text = read_file(path);
  if (!text && text.error().code() == Code::kNotFound)
    return fail(Code::kNotFound, fmt::format("the key of the {} authority is missing ({})", which, path),
                which == "home" ? "Bring it back with `tombolo secrets restore`, or copy it there from your own backup."
                                : "Copy it there from a backup of the state folder.");
  if (!text) return fail(text.error());
  const Secret<std::string> pem(std::move(*text));
  auto parsed = TRY(context(nebula::parse_signing_key(pem.expose()), "reading " + path));
  if (auto* key = std::get_if<nebula::SigningKey>(&parsed)) return std::move(*key);
  if (!desk.ask_ca_passphrase)
    return fail(Code::kBadInput, fmt::format("{} is encrypted and nobody can be asked for its passphrase", path),
                "Set NEBULA_CA_PASSPHRASE.");
  return context(std::get<nebula::EncryptedKey>(parsed).unlock(TRY(desk.ask_ca_passphrase(false))),
                 "unlocking " + path);
}

std::vector<codec::Cidr> cidrs_at(const Json& inputs, const std::string& key) {
  std::vector<codec::Cidr> out;
  if (const Json* list = codec::find(inputs, key); list && list->is_array())
    for (const auto& element : list->get_array())
      if (auto cidr = codec::Cidr::parse(element.is_string() ? std::string_view(element.get_string()) : ""))
        out.push_back(*cidr);
  return out;
}

std::vector<std::string> texts_at(const Json& inputs, const std::string& key) {
  std::vector<std::string> out;
  if (const Json* list = codec::find(inputs, key); list && list->is_array())
    for (const auto& element : list->get_array())
      if (element.is_string()) out.emplace_back(element.get_string());
  return out;
}

class AuthorityKind final : public engine::Kind {
 public:
  explicit AuthorityKind(Desk desk) : desk_(std::move(desk)) {}
  std::string name() const override { return std::string(kAuthorityKind); }
  bool repeatable() const override { return true; }

  Result<std::vector<engine::Observed>> observe(const engine::Call&) override {
    std::vector<engine::Observed> out;
    for (const std::string which : {"home", "worker"}) {
      const auto path = files_of(desk_, which).certificate;
      if (!file_exists(path)) continue;
      const auto certificate = TRY(context(nebula::parse_certificate(TRY(read_file(path))), "reading " + path));
      out.push_back(describe(which, certificate));
    }
    return out;
  }

  // A new authority makes every certificate of the old one worthless: never by the way.
  engine::Verdict compare(const engine::Wish& wish, const engine::Observed& observed) const override {
    engine::Verdict verdict{differences(wish, observed, {}), {}};
    if (verdict.changes.empty()) return verdict;
    const auto& c = verdict.changes.front();
    verdict.refused = Error(Code::kConflict,
                            fmt::format("the {} authority's {} is {}, and the cluster file wants {}", wish.address.name,
                                        c.field, codec::to_text(c.before), codec::to_text(c.after)))
                          .hint(
                              "A new authority would cut every member off. Put the old value back into the cluster "
                              "file; to begin anew, "
                              "run `tombolo down` and move the state folder's nebula/ away.");
    verdict.changes.clear();
    return verdict;
  }

  engine::Step create(const engine::Intent& intent, const engine::Call& call) override {
    auto made = make(intent.address.name, intent.request, call.clock.now());
    if (!made) return engine::Failed{made.error()};
    const auto o = describe(intent.address.name, *made);
    return engine::Done{o.id, o.outputs};
  }
  engine::Step converge(const engine::Wish&, const engine::Current& current, const engine::Call&) override {
    return engine::Done{current.id, current.outputs};
  }
  engine::Step remove(const engine::Current& current, const engine::Call&) override {
    return engine::Failed{
        Error(Code::kUnsupported, fmt::format("{} is never removed by the program", current.address.text()))};
  }

 private:
  // The key goes to disk before its certificate: a key without a certificate is taken up again, the reverse would be a loss.
  Result<nebula::Certificate> make(const std::string& which, const Json& in, Time now) {
    const auto files = files_of(desk_, which);
    TRY(make_private_folder(nebula::Layout(desk_.state.path()).root()));
    if (file_exists(files.certificate)) return nebula::parse_certificate(TRY(read_file(files.certificate)));
    if (!file_exists(files.key))
      TRY(create_file(files.key, nebula::SigningKey::generate().to_pem().expose(), kPrivateFile));
    nebula::AuthorityRequest request;
    request.name = codec::text_at(in, "name");
    request.version = codec::number_at(in, "version", 1) == 2 ? nebula::Version::k2 : nebula::Version::k1;
    request.not_before = std::chrono::floor<std::chrono::seconds>(now);
    request.validity = std::chrono::hours(codec::number_at(in, "validityHours"));
    request.networks = cidrs_at(in, "networks");
    request.groups = texts_at(in, "groups");
    auto key = TRY(read_key(desk_, which));
    const auto authority = TRY(which == "worker" ? nebula::create_worker_authority(request, std::move(key))
                                                 : nebula::Authority::create(request, std::move(key)));
    TRY(write_file(files.certificate, authority.certificate().to_pem(), kPrivateFile));
    TRY(enter_in_ledger(desk_, authority.certificate()));
    return authority.certificate();
  }

  static engine::Observed describe(const std::string& which, const nebula::Certificate& certificate) {
    const auto& d = certificate.details();
    codec::JsonArray networks, groups;
    for (const auto& n : d.networks) networks.emplace_back(n.text());
    for (const auto& g : d.groups) groups.emplace_back(g);
    return {{std::string(kAuthorityKind), which},
            certificate.fingerprint().text(),
            1,
            "",
            engine::Status::kReady,
            "",
            {{"name", d.name},
             {"version", static_cast<int>(d.version)},
             {"networks", std::move(networks)},
             {"groups", std::move(groups)}},
            {{"fingerprint", certificate.fingerprint().text()},
             {"certificate", certificate.to_pem()},
             {"notAfter", format_time(d.not_after)}}};
  }

  Desk desk_;
};

}  // namespace

Result<> enter_in_ledger(const Desk& desk, const nebula::Certificate& certificate) {
  std::lock_guard guard(*desk.ledger);
  const auto path = nebula::Layout(desk.state.path()).ledger();
  auto ledger = TRY(context(nebula::Ledger::parse(file_exists(path) ? TRY(read_file(path)) : ""), "reading " + path));
  ledger.add(certificate);
  return write_file(path, ledger.to_text(), kPrivateFile);
}

Result<nebula::Authority> open_authority(const Desk& desk, const std::string& which) {
  auto certificate = TRY(nebula::parse_certificate(TRY(read_file(files_of(desk, which).certificate))));
  return nebula::Authority::open(std::move(certificate), TRY(read_key(desk, which)));
}

std::shared_ptr<engine::Kind> authority_kind(Desk desk) { return std::make_shared<AuthorityKind>(std::move(desk)); }

}  // namespace tombolo::cluster
