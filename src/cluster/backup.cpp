#include "base/files.hpp"
#include "cluster/key_backup.hpp"
#include "cluster/local_kinds.hpp"

namespace tombolo::cluster {

namespace {

using engine::Json;

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
    out.push_back({{name(), "home-ca"},
                   codec::text_at(kept, "authority"),
                   1,
                   "",
                   engine::Status::kReady,
                   "",
                   kept,
                   {{"place", codec::text_at(kept, "place")}}});
    return out;
  }
  engine::Verdict compare(const engine::Wish& wish, const engine::Observed& observed) const override {
    return {differences(wish, observed, {"authority", "kind", "target"}), {}};
  }
  engine::Step create(const engine::Intent& intent, const engine::Call& call) override {
    return keep(intent.request, call);
  }
  engine::Step converge(const engine::Wish& wish, const engine::Current& current, const engine::Call& call) override {
    auto kept = observe(call);
    if (!kept) return engine::Failed{kept.error()};
    if (!kept->empty() && differences(wish, kept->front(), {}).empty())
      return engine::Done{current.id, kept->front().outputs};
    return keep(wish.inputs, call);
  }
  engine::Step remove(const engine::Current& current, const engine::Call&) override {
    if (auto gone = remove_file(receipt()); !gone)
      return engine::Failed{gone.error()};  // the backup itself is the user's
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
    const auto target = codec::text_at(in, "target");
    const auto backup = TRY(desk_.open_backup(codec::text_at(in, "kind"), target));
    const auto place = backup->place(target);
    call.say("back up", place);
    TRY(back_up_ca_key(desk_.state, *backup, target, false, {}));
    TRY(write_file(receipt(),
                   codec::to_pretty_text({{"authority", codec::text_at(in, "authority")},
                                          {"kind", codec::text_at(in, "kind")},
                                          {"target", target},
                                          {"place", place}}),
                   kPrivateFile));
    return place;
  }

  Desk desk_;
};

}  // namespace

std::shared_ptr<engine::Kind> backup_kind(Desk desk) { return std::make_shared<BackupKind>(std::move(desk)); }

}  // namespace tombolo::cluster
