#include "crypto/ssh_key.hpp"
#include "base/files.hpp"
#include "cluster/local_kinds.hpp"

namespace tombolo::cluster {

namespace {

using engine::Json;

class SshKeyKind final : public engine::Kind {
 public:
  explicit SshKeyKind(Desk desk) : desk_(std::move(desk)) {}
  std::string name() const override { return std::string(kSshKeyKind); }
  bool repeatable() const override { return true; }

  Result<std::vector<engine::Observed>> observe(const engine::Call&) override {
    std::vector<engine::Observed> out;
    if (file_exists(desk_.state.ssh_key())) out.push_back(TRY(read()));
    return out;
  }
  engine::Step create(const engine::Intent& intent, const engine::Call&) override {
    if (!file_exists(desk_.state.ssh_key())) {
      const crypto::SshKey pair{crypto::Ed25519Key::generate(), codec::text_at(intent.request, "comment")};
      if (auto made = desk_.state.create("ssh/id_ed25519", crypto::openssh_private_key(pair).expose()); !made)
        return engine::Failed{made.error()};
    }
    return give();
  }
  engine::Step converge(const engine::Wish&, const engine::Current&, const engine::Call&) override { return give(); }
  engine::Step remove(const engine::Current& current, const engine::Call&) override {
    return engine::Failed{Error(Code::kUnsupported, current.address.text() + " is never removed by the program")};
  }

 private:
  engine::Step give() {
    auto o = read();
    if (!o) return engine::Failed{o.error()};
    if (auto written =
            write_file(desk_.state.ssh_public_key(), codec::text_at(o->outputs, "publicKey") + "\n", kPrivateFile);
        !written)
      return engine::Failed{written.error()};
    return engine::Done{o->id, o->outputs};
  }

  Result<engine::Observed> read() const {
    const Secret<std::string> text(TRY(read_file(desk_.state.ssh_key())));
    const auto pair =
        TRY(context(crypto::parse_openssh_private_key(text.expose()), "reading " + desk_.state.ssh_key()));
    const auto fingerprint = crypto::openssh_fingerprint(pair.key.public_key());
    return engine::Observed{{std::string(kSshKeyKind), "operator"},
                            fingerprint,
                            1,
                            "",
                            engine::Status::kReady,
                            "",
                            Json(codec::JsonObject{}),
                            {{"fingerprint", fingerprint},
                             {"publicKey", crypto::openssh_public_line(pair.key.public_key(), pair.comment)}}};
  }

  Desk desk_;
};

}  // namespace

std::shared_ptr<engine::Kind> ssh_key_kind(Desk desk) { return std::make_shared<SshKeyKind>(std::move(desk)); }

}  // namespace tombolo::cluster
