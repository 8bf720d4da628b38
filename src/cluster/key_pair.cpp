#include <fmt/format.h>

#include "base/bytes.hpp"
#include "cluster/kinds.hpp"
#include "codec/base64.hpp"

namespace tombolo::cluster {

namespace {

using engine::Json;

// "SHA256:…" as ssh-keygen -l writes it, from what EC2 shows: padded base64 without the prefix. Fakes show colon-separated hex
// of the same digest, which is read too.
std::string normal_fingerprint(std::string shown) {
  if (shown.find(':') != std::string::npos && shown.rfind("SHA256:", 0) != 0) {
    std::erase(shown, ':');
    auto digest = from_hex(shown);
    if (!digest) return shown;
    shown = codec::encode_base64(*digest);
  }
  while (!shown.empty() && shown.back() == '=') shown.pop_back();
  return shown.rfind("SHA256:", 0) == 0 ? shown : "SHA256:" + shown;
}

// The key pair is made here and only its public half travels: CreateKeyPair's answer, once lost, is lost for good.
class KeyPairKind final : public engine::Kind {
 public:
  explicit KeyPairKind(Cloud& cloud) : cloud_(cloud) {}
  std::string name() const override { return std::string(kKeyPairKind); }
  std::string region() const override { return cloud_.client.region(); }
  bool repeatable() const override { return false; }

  Result<std::vector<engine::Observed>> observe(const engine::Call& call) override {
    std::vector<engine::Observed> out;
    for (const auto& key : TRY(cloud_.ec2.key_pairs(ours(cloud_.cluster), reading(call))))
      if (auto mark = mark_of(key.tags); mark && mark->address.kind == kKeyPairKind)
        out.push_back(describe(key, *mark));
    return out;
  }

  Result<std::optional<Json>> prepare(const engine::Wish& wish, std::int64_t, int variant) const override {
    if (variant > 0) return std::nullopt;
    return Json{{"name", codec::text_at(wish.inputs, "name")}, {"publicKey", codec::text_at(wish.inputs, "publicKey")}};
  }

  engine::Step create(const engine::Intent& intent, const engine::Call& call) override {
    auto key =
        cloud_.ec2.import_key_pair(codec::text_at(intent.request, "name"), codec::text_at(intent.request, "publicKey"),
                                   our_tags(cloud_.cluster, intent.address, intent.generation), changing(call));
    if (!key) return engine::Failed{key.error()};
    return engine::Done{key->id.text(), {{"id", key->id.text()}, {"name", key->name}}};
  }

  Result<engine::Sight> look(const engine::Intent& intent, const engine::Call& call) override {
    const auto name = codec::text_at(intent.request, "name");
    for (const auto& key : TRY(cloud_.ec2.key_pairs({{"key-name", {name}}}, reading(call)))) {
      const auto mark = mark_of(key.tags);
      if (is_ours(key.tags, cloud_.cluster) && mark && mark->address == intent.address)
        return engine::Sight{describe(key, *mark), {}};
      return engine::Sight{
          {},
          Error(Code::kConflict, fmt::format("the EC2 key pair {} exists already and is not this cluster's", name))
              .hint("Delete it in the EC2 console if nothing needs it, or choose another metadata.name.")};
    }
    return engine::Sight{};
  }

  engine::Step converge(const engine::Wish& wish, const engine::Current& current, const engine::Call&) override {
    return engine::Done{current.id, {{"id", current.id}, {"name", codec::text_at(wish.inputs, "name")}}};
  }

  engine::Step remove(const engine::Current& current, const engine::Call& call) override {
    auto done = cloud_.ec2.delete_key_pair(codec::text_at(current.outputs, "name"), removing(current, call));
    if (done || done.error().code() == Code::kNotFound) return engine::Done{current.id, {}};
    return engine::Failed{done.error()};
  }

 private:
  engine::Observed describe(const aws::KeyPair& key, const Mark& mark) const {
    return {mark.address,
            key.id.text(),
            mark.generation,
            cloud_.client.region(),
            engine::Status::kReady,
            "",
            {{"name", key.name}, {"fingerprint", normal_fingerprint(key.fingerprint)}},
            {{"id", key.id.text()}, {"name", key.name}}};
  }

  Cloud& cloud_;
};

}  // namespace

std::shared_ptr<engine::Kind> key_pair_kind(Cloud& cloud) { return std::make_shared<KeyPairKind>(cloud); }

}  // namespace tombolo::cluster
