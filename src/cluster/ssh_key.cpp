#include "base/files.hpp"
#include "cluster/local_kinds.hpp"
#include "crypto/ssh_key.hpp"

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
  Result<std::optional<Json>> prepare(const engine::Wish& wish, std::int64_t, int variant) const override {
    if (variant > 0) return std::nullopt;
    return wish.inputs;
  }
  engine::Step create(const engine::Intent& intent, const engine::Call&) override {
    if (!file_exists(desk_.state.ssh_key())) {
      const crypto::SshKey pair{crypto::Ed25519Key::generate(), codec::text_at(intent.request, "comment")};
      if (auto made = desk_.state.create("ssh/id_ed25519", crypto::openssh_private_key(pair).expose()); !made) return engine::Failed{made.error()};
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
    if (auto written = write_file(desk_.state.ssh_public_key(), codec::text_at(o->outputs, "publicKey") + "\n", kPrivateFile); !written)
      return engine::Failed{written.error()};
    return engine::Done{o->id, o->outputs};
  }

  Result<engine::Observed> read() const {
    const Secret<std::string> text(TRY(read_file(desk_.state.ssh_key())));
    const auto pair = TRY(context(crypto::parse_openssh_private_key(text.expose()), "reading " + desk_.state.ssh_key()));
    const auto fingerprint = crypto::openssh_fingerprint(pair.key.public_key());
    return engine::Observed{{std::string(kSshKeyKind), "operator"}, fingerprint, 1, "", engine::Status::kReady, "", Json(codec::JsonObject{}),
                            {{"fingerprint", fingerprint}, {"publicKey", crypto::openssh_public_line(pair.key.public_key(), pair.comment)}}};
  }

  Desk desk_;
};

// What was backed up where is remembered beside the keys: asking 1Password at every run would cost a second.
class BackupKind final : public engine::Kind {
 public:
  explicit BackupKind(Desk desk) : desk_(std::move(desk)) {}
  std::string name() const override { return std::string(kBackupKind); }
  std::vector<std::string> needs() const override { return {std::string(kAuthorityKind)}; }
  bool repeatable() const override { return true; }

  Result<std::vector<engine::Observed>> observe(const engine::Call&) override {
    std::vector<engine::Observed> out;
    if (!file_exists(receipt())) return out;
    const auto kept = TRY(context(codec::parse_json(TRY(read_file(receipt()))), "reading " + receipt()));
    out.push_back({{name(), "home-ca"}, codec::text_at(kept, "authority"), 1, "", engine::Status::kReady, "", kept, {{"place", codec::text_at(kept, "place")}}});
    return out;
  }
  engine::Verdict compare(const engine::Wish& wish, const engine::Observed& observed) const override {
    return {differences(wish, observed, {"authority", "kind", "target"}), {}};
  }
  Result<std::optional<Json>> prepare(const engine::Wish& wish, std::int64_t, int variant) const override {
    if (variant > 0) return std::nullopt;
    return wish.inputs;
  }
  engine::Step create(const engine::Intent& intent, const engine::Call& call) override { return keep(intent.request, call); }
  engine::Step converge(const engine::Wish& wish, const engine::Current&, const engine::Call& call) override {
    if (file_exists(receipt()))
      if (auto kept = read_file(receipt()); kept)
        if (auto json = codec::parse_json(*kept); json && codec::text_at(*json, "authority") == codec::text_at(wish.inputs, "authority") &&
                                                  codec::text_at(*json, "kind") == codec::text_at(wish.inputs, "kind") &&
                                                  codec::text_at(*json, "target") == codec::text_at(wish.inputs, "target"))
          return engine::Done{codec::text_at(*json, "authority"), {{"place", codec::text_at(*json, "place")}}};
    return keep(wish.inputs, call);
  }
  engine::Step remove(const engine::Current& current, const engine::Call&) override {
    if (auto gone = remove_file(receipt()); !gone) return engine::Failed{gone.error()};  // the backup itself is the user's
    return engine::Done{current.id, {}};
  }

 private:
  std::string receipt() const { return desk_.state.path() + "/nebula/backup.json"; }

  engine::Step keep(const Json& in, const engine::Call& call) {
    auto place = store(in, call);
    if (!place) return engine::Failed{place.error()};
    return engine::Done{codec::text_at(in, "authority"), {{"place", *place}}};
  }

  Result<std::string> store(const Json& in, const engine::Call& call) {
    auto backup = TRY(desk_.open_backup(codec::text_at(in, "kind"), codec::text_at(in, "target")));
    const Secret<std::string> text(TRY(read_file(desk_.state.path() + "/nebula/home-ca.key")));
    const Secret<Bytes> key(to_bytes(text.expose()));
    call.say("back up", backup->place(codec::text_at(in, "target")));
    auto there = backup->fetch(codec::text_at(in, "target"), call.stop);
    if (!there && there.error().code() != Code::kNotFound) return fail(there.error());
    if (there && there->expose() != key.expose())
      return fail(Code::kConflict, "another CA key is already kept at " + backup->place(codec::text_at(in, "target")),
                  "Rename that backup or choose another secrets.target: it may be the only copy of somebody's key.");
    if (!there) TRY(backup->store(codec::text_at(in, "target"), key, {}));
    const auto place = backup->place(codec::text_at(in, "target"));
    TRY(write_file(receipt(), codec::to_pretty_text({{"authority", codec::text_at(in, "authority")}, {"kind", codec::text_at(in, "kind")},
                                                     {"target", codec::text_at(in, "target")}, {"place", place}}), kPrivateFile));
    return place;
  }

  Desk desk_;
};

}  // namespace

std::shared_ptr<engine::Kind> ssh_key_kind(Desk desk) { return std::make_shared<SshKeyKind>(std::move(desk)); }
std::shared_ptr<engine::Kind> backup_kind(Desk desk) { return std::make_shared<BackupKind>(std::move(desk)); }

}  // namespace tombolo::cluster
