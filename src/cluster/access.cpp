// The way to a machine: from "AWS says running" to pinned host keys and a Nebula key that never left it.
#include <fmt/format.h>

#include <set>

#include "cluster/machine_kinds.hpp"
#include "cluster/machine_trouble.hpp"
#include "codec/base64.hpp"
#include "nebula/key_file.hpp"

namespace tombolo::cluster {

namespace {

using engine::Json;

constexpr auto kConnectPatience = std::chrono::seconds(5);
constexpr auto kSilence = std::chrono::minutes(4);  // until SSH answers: a slow boot takes one

class AccessKind final : public engine::ConvergedKind {
 public:
  explicit AccessKind(MachineDesk desk) : desk_(std::move(desk)) {}
  std::string name() const override { return std::string(kAccessKind); }

  // Only what we wrote down: whether the machine still answers is the mesh member's to see.
  Result<std::vector<engine::Observed>> observe(const engine::Call&) override {
    const auto record = TRY(desk_.machine->record());
    if (!record) return std::vector<engine::Observed>{};
    auto out = seen(desk_.machine->name(), record->instance);
    out.attributes = {{"instance", record->instance}, {"address", record->address}};
    out.outputs = outputs(*record);
    return std::vector{std::move(out)};
  }

  engine::Verdict compare(const engine::Wish& wish, const engine::Observed& observed) const override {
    // Another machine has another key: what is made from it must be planned anew, as for a resource that is replaced.
    auto changes = differences(wish, observed, {"address"});
    // Reached before, but a run ended before the machine had made its key.
    if (codec::bool_at(wish.inputs, "makesKey") && !codec::find(observed.outputs, "nebulaKey"))
      changes.push_back({"nebulaKey", "", engine::unknown("made by the machine"), false});
    return {std::move(changes), {}};
  }

  engine::Step converge(const engine::Wish& wish, const engine::Current&, const engine::Call& call) override {
    return reach(wish.inputs, call);
  }

 private:
  std::string first_id(const engine::Intent& intent) const override {
    return codec::text_at(intent.request, "instance");
  }

  static Json outputs(const MachineRecord& record) {
    Json out{{"instance", record.instance}};
    if (!record.nebula_key.empty()) out.as_object()["nebulaKey"] = record.nebula_key;
    return out;
  }

  engine::Step reach(const Json& in, const engine::Call& call) {
    MachineRecord record{codec::text_at(in, "instance"), codec::text_at(in, "address"), desk_.user, ""};
    const auto console = [&]() -> Result<std::string> {
      call.say("console keys", "asking AWS for the machine's console");
      return console_of(desk_.cloud, record.instance, call);
    };
    const Machine::Introducing whom{record, codec::number_at(in, "generation"), console};
    if (auto known = desk_.machine->introduce(whom, kConnectPatience, call.stop); !known)
      return unreached(record, known.error(), call);
    if (auto kept = desk_.machine->remember(record); !kept) return engine::Failed{kept.error()};
    auto report = desk_.machine->report({{}, true}, std::chrono::seconds(20), call.stop);
    if (!report) return unreached(record, report.error(), call);
    if (reached_.insert(record.instance).second) call.say("ssh", "its host keys are proven and pinned");
    if (!codec::bool_at(in, "makesKey")) return engine::Done{record.instance, outputs(record)};
    return wait_for_key(record, *report, call);
  }

  // What a booting machine does anyway is waited for; what will not mend itself ends the step at once.
  engine::Step unreached(const MachineRecord& record, const Error& error, const engine::Call& call) {
    desk_.machine->hang_up();
    const bool booting = error.code() == Code::kUnreachable || error.code() == Code::kTransient ||
                         error.code() == Code::kState || error.code() == Code::kPermission;
    if (!booting) return engine::Failed{error};
    // cloud-init lays the key before sshd starts: a refusal that lasts is a real one.
    const auto waited = call.clock.now() - call.since;
    if (waited > kSilence || (error.code() == Code::kPermission && waited > std::chrono::seconds(60)))
      return engine::Failed{silent_machine(desk_.cloud, record.instance, record.address, error, call)};
    if (call.attempt % 5 == 4)
      if (auto dead = death_of(desk_.cloud, record.instance, call)) return engine::Failed{*dead};
    call.say(error.code() == Code::kState ? "console keys" : "ssh", error.sentence());
    return engine::RetryAfter{std::chrono::seconds(1), ""};
  }

  engine::Step wait_for_key(MachineRecord record, const cloudinit::MachineReport& report, const engine::Call& call) {
    if (!report.public_key_pem.empty()) {
      auto key = nebula::parse_public_key(report.public_key_pem);
      if (!key) return engine::Failed{key.error()};
      record.nebula_key = codec::encode_base64(key->bytes);
      if (auto kept = desk_.machine->remember(record); !kept) return engine::Failed{kept.error()};
      call.say("keys made", "the machine made its Nebula key; its private half stays there");
      return engine::Done{record.instance, outputs(record)};
    }
    const auto* failed = report.bootstrap.failed();
    const bool never_ran = !report.has_log && (report.cloud_init == cloudinit::CloudInit::kDone ||
                                               report.cloud_init == cloudinit::CloudInit::kFailed);
    if ((failed && !report.running) || never_ran) {
      // Once: a failure that this run did not watch happen may be over, and user-data that did not run is run by hand, as
      // the recipe does.
      if (const bool watched = call.attempt > 0 && failed; watched || !rerun_.insert(record.instance).second)
        return engine::Failed{bootstrap_failure(record.instance, report)};
      call.say("bootstrap", never_ran ? "the user-data did not run; running the bootstrap over SSH"
                                      : "running the bootstrap again over SSH");
      auto bootstrap = desk_.bootstrap();
      if (!bootstrap) return engine::Failed{bootstrap.error()};
      auto script = cloudinit::lighthouse_script(*bootstrap);
      if (!script) return engine::Failed{script.error()};
      if (auto sent = desk_.machine->deliver({*script, ""}, call.stop); !sent)
        return unreached(record, sent.error(), call);
    } else {
      say_progress(report, *desk_.told, call);
    }
    if (call.clock.now() - call.since > desk_.patience)
      return engine::Failed{bootstrap_failure(record.instance, report)};
    return engine::RetryAfter{next_look(report), ""};
  }

  MachineDesk desk_;
  // One step at a time works on a machine.
  std::set<std::string> reached_;
  std::set<std::string> rerun_;
};

}  // namespace

std::shared_ptr<engine::Kind> access_kind(MachineDesk desk) { return std::make_shared<AccessKind>(std::move(desk)); }

}  // namespace tombolo::cluster
