// A home node's place in the mesh: proven by a packet from the lighthouse and back.
#include <fmt/format.h>

#include <algorithm>

#include "cluster/cluster_kinds.hpp"
#include "engine/retry.hpp"

namespace tombolo::cluster {

namespace {

using engine::Json;

constexpr auto kHomePatience = std::chrono::seconds(90);
constexpr auto kHomeAnswer = std::chrono::seconds(10);

class HomeMemberKind final : public engine::ConvergedKind {
 public:
  explicit HomeMemberKind(ClusterDesk desk) : desk_(std::move(desk)) {}
  std::string name() const override { return std::string(kHomeMemberKind); }
  std::vector<std::string> needs() const override { return {std::string(kHomeNebulaKind)}; }

  // Only what the lighthouse sees; while it cannot be asked nobody knows.
  Result<std::vector<engine::Observed>> observe(const engine::Call& call) override {
    const auto record = TRY(desk_.machine.machine->record());
    const auto home = desk_.cluster.mesh.home();
    if (!record || home.empty()) return std::vector<engine::Observed>{};
    const auto report = ask(call);
    if (!report && report.error().code() == Code::kCancelled) return fail(report.error());
    // A lighthouse that has no certificate yet has no mesh to be a member of.
    if (report && report->certificate_pem.empty()) return std::vector<engine::Observed>{};
    std::vector<engine::Observed> out;
    for (const auto* member : home) {
      auto one = seen(member->name, member->name);
      one.attributes = {{"address", member->address.text()},
                        {"instance", record->instance},
                        {"namespace", desk_.cluster.home.nebula_namespace}};
      if (!report || !answer_of(*report, member->address.text())) {
        one.status = engine::Status::kPending;
        one.status_detail = report ? "the lighthouse gets no answer from it" : report.error().sentence();
      }
      out.push_back(std::move(one));
    }
    return out;
  }

  engine::Verdict compare(const engine::Wish& wish, const engine::Observed& observed) const override {
    return {differences(wish, observed, {"address", "instance", "namespace"}), {}};
  }
  engine::Step converge(const engine::Wish& wish, const engine::Current& current, const engine::Call& call) override {
    const auto address = codec::text_at(wish.inputs, "address");
    const auto late = call.clock.now() - call.since > kHomePatience;
    const auto report = ask(call);
    if (!report) return engine::again_or_failed(report.error(), call, kHomePatience);
    if (const auto round_trip = answer_of(*report, address)) {
      call.say("handshake seen",
               fmt::format("a packet went from the lighthouse to {} and back in {:.1f} ms", current.address.name,
                           std::chrono::duration<double, std::milli>(*round_trip).count()));
      return engine::Done{current.address.name, Json(codec::JsonObject{})};
    }
    if (!late) return engine::RetryAfter{std::chrono::milliseconds(300), ""};
    const bool seen = std::any_of(report->handshakes.begin(), report->handshakes.end(),
                                  [&](const auto& h) { return h.member == current.address.name; });
    return engine::Failed{
        Error(Code::kTimeout,
              fmt::format("the lighthouse gets no answer from {} ({}) over the mesh", current.address.name, address))
            .hint(seen ? "There was a handshake, so packets are lost or filtered: `tombolo doctor` measures the path."
                       : fmt::format(
                             "There was no handshake: home's network must let UDP out to port {}. `tombolo doctor` "
                             "and the logs of Nebula's pods at home say more.",
                             desk_.cluster.mesh.listen_port))};
  }

 private:
  static std::optional<Duration> answer_of(const cloudinit::MachineReport& report, const std::string& address) {
    for (const auto& ping : report.pings)
      if (ping.address == address && ping.round_trip) return ping.round_trip;
    return std::nullopt;
  }
  Result<cloudinit::MachineReport> ask(const engine::Call& call) {
    cloudinit::ReportRequest request;
    for (const auto* member : desk_.cluster.mesh.home()) request.ping.push_back(member->address.text());
    return desk_.machine.machine->report(request, kHomeAnswer, call.stop);
  }

  ClusterDesk desk_;
};

}  // namespace

std::shared_ptr<engine::Kind> home_member_kind(ClusterDesk desk) {
  return std::make_shared<HomeMemberKind>(std::move(desk));
}

}  // namespace tombolo::cluster
