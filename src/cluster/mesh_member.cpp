// A machine's place in the mesh: the certificate goes out, the bootstrap is brought up to date, and a packet comes back.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cluster/machine_kinds.hpp"
#include "cluster/machine_trouble.hpp"
#include "nebula/certificate.hpp"

namespace tombolo::cluster {

namespace {

using engine::Json;

constexpr auto kAnswerPatience = std::chrono::seconds(15);
constexpr auto kLookPatience = std::chrono::seconds(4);  // of observe(): a machine that is gone must not hold up a plan
constexpr auto kProbeFor = std::chrono::seconds(30);  // until a mesh without an answer is a failure

bool serves(const cloudinit::MachineReport& report, int port) {
  return report.nebula_state == "active" &&
         std::find(report.udp_ports.begin(), report.udp_ports.end(), port) != report.udp_ports.end();
}

std::string fingerprint_of(const std::string& pem) {
  const auto certificate = nebula::parse_certificate(pem);
  return certificate ? certificate->fingerprint().text() : "";
}

class MeshKind final : public engine::ConvergedKind {
 public:
  explicit MeshKind(MachineDesk desk) : desk_(std::move(desk)) {}
  std::string name() const override { return std::string(kMeshKind); }
  std::vector<std::string> needs() const override { return {std::string(kAccessKind)}; }

  // Asks the machine itself. One that cannot be asked is pending, with the reason; what it is like then nobody knows.
  Result<std::vector<engine::Observed>> observe(const engine::Call& call) override {
    const auto record = TRY(desk_.machine->record());
    if (!record) return std::vector<engine::Observed>{};
    auto out = seen(desk_.machine->name(), record->instance);
    out.attributes = {{"instance", record->instance}, {"address", record->address}};
    out.outputs = codec::JsonObject{};
    const auto bootstrap = desk_.bootstrap();
    if (!bootstrap) return std::vector<engine::Observed>{};  // no authority yet: nothing was ever delivered
    const auto report = desk_.machine->report({}, kLookPatience, call.stop);
    if (!report) {
      if (report.error().code() == Code::kCancelled) return fail(report.error());
      out.status = engine::Status::kPending;
      out.status_detail = report.error().sentence();
      return std::vector{std::move(out)};
    }
    auto& has = out.attributes.as_object();
    has["certificate"] = fingerprint_of(report->certificate_pem);
    has["bootstrap"] = report->mesh_revision;
    if (!serves(*report, bootstrap->listen_port)) {
      out.status = engine::Status::kPending;
      out.status_detail =
          fmt::format("Nebula is {}", report->nebula_state == "active" ? "not listening" : report->nebula_state);
    } else if (const auto trouble = ask_mesh(record->address, std::chrono::seconds(2), call); !trouble.empty()) {
      out.status = engine::Status::kPending;
      out.status_detail = "no packet comes back over the mesh: " + trouble;
    }
    return std::vector{std::move(out)};
  }

  engine::Verdict compare(const engine::Wish& wish, const engine::Observed& observed) const override {
    auto changes = differences(wish, observed, {"instance", "address", "certificate"});
    compare_bootstrap(desk_, cloudinit::mesh_revision, observed, changes);
    return {std::move(changes), {}};
  }

  engine::Step converge(const engine::Wish& wish, const engine::Current&, const engine::Call& call) override {
    return join(wish.inputs, call);
  }

 private:
  std::string first_id(const engine::Intent& intent) const override {
    return codec::text_at(intent.request, "instance");
  }

  engine::Step join(const Json& in, const engine::Call& call) {
    const auto instance = codec::text_at(in, "instance");
    const auto bootstrap = desk_.bootstrap();
    if (!bootstrap) return engine::Failed{bootstrap.error()};
    // The certificate as it lies here now: one that was re-issued in this run is newer than the wish.
    const auto certificate = desk_.certificate();
    if (!certificate) return engine::Failed{certificate.error()};
    const auto wanted = cloudinit::mesh_revision(*bootstrap) + "/" + fingerprint_of(*certificate);
    auto report = desk_.machine->report({{}, false, true}, kAnswerPatience, call.stop);
    if (!report) return unreached(instance, report.error(), call);
    say_progress(*report, *desk_.told, call);
    const auto has = report->mesh_revision + "/" + fingerprint_of(report->certificate_pem);
    // The bootstrap may go on with k3s: the mesh is there all the same.
    if (has == wanted && serves(*report, bootstrap->listen_port))
      return prove(instance, codec::text_at(in, "address"), *bootstrap, call);
    if (report->running) return wait(instance, *report, call);
    // sshd may answer before cloud-init has come to the user-data: what that does by itself is not ours to do again.
    if (report->cloud_init == cloudinit::CloudInit::kRunning && !report->bootstrap.waiting() &&
        !report->bootstrap.failed())
      return wait(instance, *report, call);
    const auto sent = sent_.find(instance);
    if (sent == sent_.end() || sent->second != wanted)
      return deliver(instance, wanted, *bootstrap, *certificate, *report, call);
    if (report->bootstrap.failed() || has != wanted) {
      // The unit starts a moment after it was asked for.
      if (report->bootstrap.failed() || call.clock.now() - sent_at_ > std::chrono::seconds(20))
        return engine::Failed{bootstrap_failure(instance, *report)};
    }
    return wait(instance, *report, call);
  }

  engine::Step deliver(const std::string& instance, const std::string& wanted,
                       const cloudinit::LighthouseBootstrap& bootstrap, const std::string& certificate,
                       const cloudinit::MachineReport& before, const engine::Call& call) {
    const auto script = cloudinit::lighthouse_script(bootstrap);
    if (!script) return engine::Failed{script.error()};
    call.say("deliver", before.revision.empty() ? "sending the certificate" : "bringing the machine up to date");
    if (auto sent = desk_.machine->deliver({*script, certificate}, call.stop); !sent)
      return unreached(instance, sent.error(), call);
    sent_[instance] = wanted;
    sent_at_ = call.clock.now();
    return engine::RetryAfter{Duration::zero(), ""};  // it is at work already, and says when it is done
  }

  engine::Step wait(const std::string& instance, const cloudinit::MachineReport& report, const engine::Call& call) {
    if (call.clock.now() - call.since > desk_.patience) return engine::Failed{bootstrap_failure(instance, report)};
    return engine::RetryAfter{next_look(report), ""};
  }

  engine::Step unreached(const std::string& instance, const Error& error, const engine::Call& call) {
    desk_.machine->hang_up();
    const bool passing = error.code() == Code::kUnreachable || error.code() == Code::kTransient;
    if (!passing || call.clock.now() - call.since > std::chrono::minutes(2)) return engine::Failed{error};
    if (call.attempt % 5 == 4)
      if (auto dead = death_of(desk_.cloud, instance, call)) return engine::Failed{*dead};
    call.say("ssh", error.sentence());
    return engine::RetryAfter{std::chrono::seconds(1), ""};
  }

  // A packet that comes back is the proof; the console, when it speaks, must agree with the pinned keys.
  engine::Step prove(const std::string& instance, const std::string& address,
                     const cloudinit::LighthouseBootstrap& bootstrap, const engine::Call& call) {
    if (!proving_since_.contains(instance)) proving_since_[instance] = call.clock.now();
    if (const auto trouble = ask_mesh(address, std::chrono::seconds(3), call); !trouble.empty()) {
      if (call.clock.now() - proving_since_[instance] > kProbeFor)
        return engine::Failed{mesh_failure(address, bootstrap.listen_port, trouble, "")};
      call.say("handshake", trouble);
      return engine::RetryAfter{std::chrono::seconds(1), ""};
    }
    proving_since_.erase(instance);
    call.say("handshake seen", seen_);
    if (const auto console = console_of(desk_.cloud, instance, call); console)
      if (auto checked = desk_.machine->cross_check(*console); !checked) return engine::Failed{checked.error()};
    return engine::Done{instance, Json(codec::JsonObject{})};
  }

  // "" when a packet came back; else what is wrong.
  std::string ask_mesh(const std::string& address, Duration patience, const engine::Call& call) {
    auto request = desk_.probe_request(address);
    if (!request) return request.error().sentence();
    request->patience = patience;
    const auto probe = desk_.prober.probe(*request, call.stop);
    if (!probe) return probe.error().sentence();
    if (!probe->reached()) return probe->trouble + (probe->detail.empty() ? "" : ": " + probe->detail);
    seen_ = fmt::format("a packet came back over the mesh in {:.1f} ms",
                        std::chrono::duration<double, std::milli>(probe->echoes.front()->round_trip).count());
    return "";
  }

  MachineDesk desk_;
  // One step at a time works on a machine.
  std::map<std::string, std::string> sent_;  // instance -> what was delivered in this run
  std::map<std::string, Time> proving_since_;
  Time sent_at_{};
  std::string seen_;
};

}  // namespace

engine::Step deliver(const MachineDesk& desk, const cloudinit::LighthouseBootstrap& bootstrap, const std::string& why,
                     const engine::Call& call) {
  const auto script = cloudinit::lighthouse_script(bootstrap);
  if (!script) return engine::Failed{script.error()};
  call.say("deliver", why);
  if (auto sent = desk.machine->deliver({*script, ""}, call.stop); !sent) return engine::Failed{sent.error()};
  return engine::RetryAfter{std::chrono::milliseconds(500), ""};
}

void compare_bootstrap(const MachineDesk& desk, std::string (*revision)(const cloudinit::LighthouseBootstrap&),
                       const engine::Observed& observed, std::vector<engine::FieldChange>& changes) {
  const auto* has = codec::find(observed.attributes, "bootstrap");
  const auto wanted = desk.bootstrap();
  if (!has || !wanted) return;
  if (auto after = Json(revision(*wanted)); *has != after)
    changes.push_back({"bootstrap", *has, std::move(after), false});
}

std::shared_ptr<engine::Kind> mesh_kind(MachineDesk desk) { return std::make_shared<MeshKind>(std::move(desk)); }

}  // namespace tombolo::cluster
