#include <fmt/format.h>

#include "cluster/kinds.hpp"

namespace tombolo::cluster {

namespace {

using engine::Json;

// An association carries no tags of its own; it has the name of its address and no generation.
engine::Observed describe_association(const aws::Address& a, const Mark& mark, const std::string& region) {
  return {{std::string(kAssociationKind), mark.address.name},
          a.association.text(),
          engine::kAnyGeneration,
          region,
          engine::Status::kReady,
          "",
          {{"address", a.id.text()}, {"instance", a.instance.text()}},
          {{"id", a.association.text()}}};
}

class AddressKind final : public engine::Kind {
 public:
  explicit AddressKind(Cloud& cloud) : cloud_(cloud) {}
  std::string name() const override { return std::string(kAddressKind); }
  std::string region() const override { return cloud_.client.region(); }
  bool repeatable() const override { return false; }

  Result<std::vector<engine::Observed>> observe(const engine::Call& call) override {
    std::vector<engine::Observed> out;
    for (const auto& a : TRY(cloud_.ec2.addresses(ours(cloud_.cluster), reading(call)))) {
      const auto mark = mark_of(a.tags);
      if (!mark || mark->address.kind != kAddressKind) continue;
      out.push_back({mark->address, a.id.text(), mark->generation, cloud_.client.region(), engine::Status::kReady, "",
                     Json(codec::JsonObject{}), outputs(a)});
      if (!a.association.empty() && !a.instance.empty())
        out.push_back(describe_association(a, *mark, cloud_.client.region()));
    }
    return out;
  }

  Result<std::optional<Json>> prepare(const engine::Wish&, std::int64_t generation, int variant) const override {
    if (variant > 0) return std::nullopt;
    return Json{{"domain", "vpc"}, {"generation", generation}};
  }

  engine::Step create(const engine::Intent& intent, const engine::Call& call) override {
    auto a = cloud_.ec2.allocate_address(our_tags(cloud_.cluster, intent.address, intent.generation), changing(call));
    if (!a) return engine::Failed{a.error()};
    return engine::Done{a->id.text(), outputs(*a)};
  }

  engine::Step converge(const engine::Wish&, const engine::Current& current, const engine::Call&) override {
    return engine::Done{current.id, current.outputs};
  }

  engine::Step remove(const engine::Current& current, const engine::Call& call) override {
    auto done = cloud_.ec2.release_address(aws::AllocationId(current.id), removing(current, call));
    if (done || done.error().code() == Code::kNotFound) return engine::Done{current.id, {}};
    return engine::Failed{done.error()};
  }

 private:
  static Json outputs(const aws::Address& a) { return {{"id", a.id.text()}, {"ip", a.ip}}; }
  Cloud& cloud_;
};

class AssociationKind final : public engine::Kind {
 public:
  explicit AssociationKind(Cloud& cloud) : cloud_(cloud) {}
  std::string name() const override { return std::string(kAssociationKind); }
  std::string region() const override { return cloud_.client.region(); }
  std::vector<std::string> needs() const override { return {std::string(kAddressKind), std::string(kInstanceKind)}; }
  // AssociateAddress with the same pair is the same association.
  bool repeatable() const override { return true; }

  // AddressKind reports them: they are part of the same answer.
  Result<std::vector<engine::Observed>> observe(const engine::Call&) override {
    return std::vector<engine::Observed>{};
  }

  engine::Verdict compare(const engine::Wish& wish, const engine::Observed& observed) const override {
    return {differences(wish, observed, {"address", "instance"}), {}};
  }

  Result<std::optional<Json>> prepare(const engine::Wish& wish, std::int64_t, int variant) const override {
    if (variant > 0) return std::nullopt;
    return Json{{"address", codec::text_at(wish.inputs, "address")},
                {"instance", codec::text_at(wish.inputs, "instance")}};
  }

  engine::Step create(const engine::Intent& intent, const engine::Call& call) override {
    return associate(intent.request, call);
  }

  Result<engine::Sight> look(const engine::Intent& intent, const engine::Call& call) override {
    const auto address = codec::text_at(intent.request, "address");
    for (const auto& a : TRY(cloud_.ec2.addresses({{"allocation-id", {address}}}, reading(call))))
      if (!a.association.empty())
        return engine::Sight{describe_association(a, Mark{intent.address, intent.generation}, cloud_.client.region()),
                             {}};
    return engine::Sight{};
  }

  engine::Step converge(const engine::Wish& wish, const engine::Current&, const engine::Call& call) override {
    const auto address = codec::text_at(wish.inputs, "address");
    auto found = cloud_.ec2.addresses({{"allocation-id", {address}}}, reading(call));
    if (!found) return engine::Failed{found.error()};
    if (!found->empty() && found->front().instance.text() == codec::text_at(wish.inputs, "instance") &&
        !found->front().association.empty())
      return engine::Done{found->front().association.text(), {{"id", found->front().association.text()}}};
    return associate(wish.inputs, call);  // harmless where it is only not visible yet
  }

  engine::Step remove(const engine::Current& current, const engine::Call& call) override {
    auto done = cloud_.ec2.disassociate_address(aws::AssociationId(current.id), removing(current, call));
    if (done || done.error().code() == Code::kNotFound) return engine::Done{current.id, {}};
    return engine::Failed{done.error()};
  }

 private:
  engine::Step associate(const Json& pair, const engine::Call& call) {
    auto id = cloud_.ec2.associate_address(aws::AllocationId(codec::text_at(pair, "address")),
                                           aws::InstanceId(codec::text_at(pair, "instance")), changing(call));
    if (!id) return engine::Failed{id.error()};
    return engine::Done{id->text(), {{"id", id->text()}}};
  }
  Cloud& cloud_;
};

// Disks go with their machines (DeleteOnTermination). One that stayed behind costs money and is nobody's wish.
class VolumeKind final : public engine::Kind {
 public:
  explicit VolumeKind(Cloud& cloud) : cloud_(cloud) {}
  std::string name() const override { return std::string(kVolumeKind); }
  std::string region() const override { return cloud_.client.region(); }
  bool repeatable() const override { return true; }

  Result<std::vector<engine::Observed>> observe(const engine::Call& call) override {
    std::vector<engine::Observed> out;
    for (const auto& v : TRY(cloud_.ec2.volumes(ours(cloud_.cluster), reading(call)))) {
      const auto mark = mark_of(v.tags);
      if (!mark || v.state != "available") continue;  // an attached one is its machine's
      out.push_back({{std::string(kVolumeKind), v.id.text()},
                     v.id.text(),
                     engine::kAnyGeneration,
                     cloud_.client.region(),
                     engine::Status::kReady,
                     "",
                     Json(codec::JsonObject{}),
                     {{"id", v.id.text()}}});
    }
    return out;
  }
  Result<std::optional<Json>> prepare(const engine::Wish&, std::int64_t, int) const override { return std::nullopt; }
  engine::Step create(const engine::Intent& intent, const engine::Call&) override {
    return engine::Failed{Error(Code::kInternal, fmt::format("{} is never made by itself", intent.address.text()))};
  }
  engine::Step converge(const engine::Wish&, const engine::Current& current, const engine::Call&) override {
    return engine::Done{current.id, current.outputs};
  }
  engine::Step remove(const engine::Current& current, const engine::Call& call) override {
    auto done = cloud_.ec2.delete_volume(aws::VolumeId(current.id), removing(current, call));
    if (done || done.error().code() == Code::kNotFound) return engine::Done{current.id, {}};
    return engine::Failed{done.error()};
  }

 private:
  Cloud& cloud_;
};

}  // namespace

std::shared_ptr<engine::Kind> address_kind(Cloud& cloud) { return std::make_shared<AddressKind>(cloud); }
std::shared_ptr<engine::Kind> association_kind(Cloud& cloud) { return std::make_shared<AssociationKind>(cloud); }
std::shared_ptr<engine::Kind> volume_kind(Cloud& cloud) { return std::make_shared<VolumeKind>(cloud); }

}  // namespace tombolo::cluster
