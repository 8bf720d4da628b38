#include "doctor/gather.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <mutex>

#include "base/files.hpp"
#include "cluster/desired.hpp"
#include "cluster/mesh_trust.hpp"
#include "cluster/told.hpp"
#include "engine/observe.hpp"
#include "nebula/layout.hpp"
#include "store/known_hosts.hpp"

namespace tombolo::doctor {

namespace {

constexpr auto kPatience = std::chrono::seconds(6);

class Gatherer {
 public:
  Gatherer(cluster::Session& session, const std::stop_token& stop) : session_(session), stop_(stop) {}

  Evidence run() {
    plan();
    here();
    engine::in_parallel(session_.clock(), {[&] { cloud(); }, [&] { machine(); }, [&] { mesh(); }});
    return std::move(e_);
  }

 private:
  void looked(std::string what) {
    const std::lock_guard guard(mutex_);
    e_.looked.push_back(std::move(what));
  }
  void unseen(std::string what, const Error& why) {
    const std::lock_guard guard(mutex_);
    e_.unseen.push_back({std::move(what), why.sentence()});
  }

  void plan() {
    const auto& file = session_.cluster();
    e_.now = session_.clock().now();
    e_.mesh_port = file.mesh.listen_port;
    e_.mesh_mtu = file.addresses.mesh_mtu;
    e_.instance_type = file.lighthouse.instance_type;
    e_.lighthouse = file.mesh.lighthouse()->name;
    if (file.lighthouse.ssh_allowed_from != "caller") e_.ssh_from = file.lighthouse.ssh_allowed_from;
    if (const auto wanted = cluster::lighthouse_bootstrap(file, session_.folder(), e_.now))
      e_.wanted_revision = cloudinit::revision(*wanted);
  }

  // The state folder: certificates, pins, the record, the journal.
  void here() {
    const nebula::Layout layout(session_.folder().path());
    const auto ledger = cluster::read_ledger(session_.folder());
    const auto add = [&](const std::string& name, const std::string& path) -> std::string {
      if (!file_exists(path)) return "";
      const auto text = read_file(path);
      const auto certificate =
          text ? nebula::parse_certificate(*text) : Result<nebula::Certificate>(fail(text.error()));
      if (!certificate) {
        unseen(path, certificate.error());
        return "";
      }
      const auto* entry = ledger ? ledger->find(certificate->fingerprint()) : nullptr;
      e_.certificates.push_back(
          {name, certificate->details(), certificate->fingerprint().text(), entry && entry->revoked_at});
      return certificate->fingerprint().text();
    };
    e_.home_ca = add("home CA", layout.home_ca_certificate());
    add("worker CA", layout.worker_ca_certificate());
    for (const auto& name : cluster::issued_members(session_.cluster())) add(name, layout.member_certificate(name));
    looked("certificates");
    if (auto record = session_.lighthouse()->record()) e_.record = *record;
    if (e_.record)
      if (auto pinned = store::KnownHosts(session_.folder()).pinned(e_.record->instance)) e_.pinned = *pinned;
    journal();
  }

  // The newest outcome of a launch, when it was a failure.
  void journal() {
    if (!session_.journal()) return;
    std::int64_t after = 0;
    while (true) {
      const auto entries = session_.journal()->entries(after);
      if (!entries || entries->empty()) return;
      for (const auto& entry : *entries)
        if (entry.event == "outcome" && entry.address == "aws.instance/lighthouse")
          e_.last_launch_error = codec::text_at(entry.body, "error");
      after = entries->back().sequence;
    }
  }

  void cloud() {
    auto& region = session_.region(session_.cluster().region);
    const auto& name = session_.cluster().name;
    const aws::CallOptions call{stop_, {}};
    auto& ec2 = region.cloud->ec2;
    auto instances = ec2.instances(cluster::ours(name), call);
    if (!instances) return unseen("AWS", instances.error());
    e_.cloud_seen = true;
    e_.aws_clock = region.client->clock_correction();
    for (auto& i : *instances)
      if (!i.gone()) e_.instance = i;
    if (auto addresses = ec2.addresses(cluster::ours(name), call); addresses && !addresses->empty())
      e_.address = addresses->front();
    if (auto groups = ec2.security_groups(cluster::ours(name), call); groups && !groups->empty())
      e_.group = groups->front();
    looked("instance, elastic address, security group");
    if (session_.cluster().lighthouse.ssh_allowed_from == "caller") caller();
    if (!e_.instance) return;
    const auto console = ec2.console_output(e_.instance->id, true, call);
    if (console) e_.console = console->text;
    if (!console) unseen("console", console.error());
    if (auto user_data = ec2.user_data(e_.instance->id, call)) e_.user_data = *user_data;
    looked("console");
  }

  void caller() {
    const auto facts = cluster::caller_address(session_.options().transport, stop_);
    if (facts) e_.ssh_from = *facts + (facts->find(':') == std::string::npos ? "/32" : "/128");
    if (!facts) unseen("this computer's public address", facts.error());
  }

  void machine() {
    if (!e_.record) return door();
    auto report = session_.lighthouse()->report({}, kPatience, stop_);
    e_.report_at = session_.clock().now();
    if (report) {
      e_.report = std::move(*report);
      return looked("the machine, over SSH");
    }
    e_.ssh_error = report.error();
    unseen("the machine itself", report.error());
  }

  // A machine that was never reached: does anybody answer there? Nobody is believed, and nothing is sent.
  void door() {
    const auto known = session_.state().find({std::string(cluster::kAddressKind), "lighthouse"});
    const auto ip = known == session_.state().end() ? "" : codec::text_at(known->second.outputs, "ip");
    const Error never(Code::kNotFound, "it was never reached from here");
    if (ip.empty()) return unseen("the machine itself", never);
    net::Login login;
    login.host = ip;
    login.user = session_.cluster().lighthouse.ssh_user;
    login.private_key = session_.folder().ssh_key();
    login.patience = kPatience;
    login.judge = [&](const net::Introduction&) -> Result<> { return fail(never); };
    const auto opened = session_.options().shells.open(login, stop_);
    if (!opened && opened.error().code() != Code::kNotFound) e_.ssh_error = opened.error();
    unseen("the machine itself", e_.ssh_error ? *e_.ssh_error : never);
  }

  void mesh() {
    if (!e_.record) return;
    auto request = cluster::probe_request(session_.cluster(), session_.folder(), e_.record->address, e_.now);
    if (!request) return unseen("the mesh", request.error());
    request->sizes = {84, e_.mesh_mtu};
    request->patience = kPatience;
    auto probe = session_.options().prober.probe(*request, stop_);
    if (!probe) return unseen("the mesh", probe.error());
    e_.probe = std::move(*probe);
    looked("the mesh");
  }

  cluster::Session& session_;
  const std::stop_token& stop_;
  std::mutex mutex_;  // of looked and unseen; every other field has one writer
  Evidence e_;
};

}  // namespace

Result<Evidence> gather(cluster::Session& session, const std::stop_token& stop) {
  auto evidence = Gatherer(session, stop).run();
  if (stop.stop_requested()) return fail(Code::kCancelled, "stopped while looking; nothing was changed");
  return evidence;
}

}  // namespace tombolo::doctor
