#include "cluster/session.hpp"

#include <fmt/format.h>

#include <set>

#include "base/files.hpp"
#include "base/ids.hpp"
#include "cluster/desired.hpp"
#include "cluster/machine_kinds.hpp"
#include "cluster/ssm_backup.hpp"
#include "cluster/told.hpp"
#include "nebula/layout.hpp"

namespace tombolo::cluster {

Session::Session(SessionOptions options)
    : options_(std::move(options)), folder_(options_.state_folder), run_(random_id(6)) {}

Result<std::unique_ptr<Session>> Session::open(SessionOptions options, Access access, std::string_view command) {
  auto session = std::unique_ptr<Session>(new Session(std::move(options)));
  if (access == Access::kChange) {
    session->folder_ = TRY(store::StateFolder::make(session->options_.state_folder));
    session->lock_ = TRY(store::ClusterLock::acquire(session->folder_, command, session->clock().now()));
    session->journal_ = TRY(store::Journal::open(session->folder_.journal()));
    if (session->options_.on_journal_write) session->journal_->on_write(session->options_.on_journal_write);
    TRY(session->write_down("run.begin", {{"command", command},
                                          {"region", session->cluster().region},
                                          {"cluster", session->cluster().name},
                                          {"version", TOMBOLO_VERSION}}));
  } else if (file_exists(session->folder_.journal())) {
    session->journal_ = TRY(store::Journal::open_read_only(session->folder_.journal()));
  }
  if (session->journal_) session->state_ = TRY(engine::load_state(*session->journal_));
  return session;
}

Desk Session::desk() {
  Desk desk{folder_, options_.ask_ca_passphrase, {}, ledger_};
  desk.open_backup = [this](const std::string& kind,
                            const std::string& target) -> Result<std::unique_ptr<store::SecretBackup>> {
    if (options_.backup_instead) return options_.backup_instead();
    if (kind == "1password") return store::make_one_password_backup({cluster().secrets.vault, "op"});
    if (kind == "file") {
      const bool from_home = target.starts_with("~/");
      return store::make_file_backup(from_home ? options_.aws.environment.home() + target.substr(1) : target,
                                     options_.ask_backup_passphrase);
    }
    if (kind == "ssm")
      return make_ssm_backup(*region(cluster().region).client, {{std::string(kTagCluster), cluster().name}});
    return fail(Code::kUnsupported, fmt::format("\"{}\" is no place for a backup that this version knows", kind));
  };
  return desk;
}

Result<std::unique_ptr<store::SecretBackup>> Session::open_backup() {
  const auto& secrets = cluster().secrets;
  if (secrets.backup == spec::BackupKind::kNone)
    return fail(Code::kBadInput, "the cluster file names no place for a backup of the CA key",
                "Set secrets.backup to 1password, file or ssm, and secrets.target.");
  return desk().open_backup(std::string(spec::name(secrets.backup)), secrets.backup_target);
}

engine::Kinds Session::local_kinds() {
  if (local_.empty())
    local_ = {authority_kind(desk()), backup_kind(desk()), certificate_kind(desk(), issued_members(cluster())),
              ssh_key_kind(desk())};
  return local_;
}

Session::Region& Session::region(const std::string& name) {
  auto& region = regions_[name];
  if (region.client) return region;
  auto config = options_.aws;
  config.region = name;
  config.seed = options_.seed;
  region.client = std::make_unique<aws::Client>(options_.clock, options_.transport, options_.credentials, config,
                                                options_.aws_files);
  region.cloud = std::make_unique<Cloud>(*region.client, cluster().name);
  MachineRoom room{folder_, [this](const engine::Json& inputs, std::int64_t generation) {
                     return lighthouse_user_data(cluster(), folder_, inputs, generation, clock().now());
                   }};
  region.kinds = {security_group_kind(*region.cloud), key_pair_kind(*region.cloud),
                  address_kind(*region.cloud),        volume_kind(*region.cloud),
                  instance_kind(*region.cloud, room), association_kind(*region.cloud)};
  return region;
}

const std::shared_ptr<Machine>& Session::lighthouse() {
  if (!lighthouse_)
    lighthouse_ = std::make_shared<Machine>(
        Machine::Place{folder_, cluster().name, "lighthouse", options_.shells, options_.clock});
  return lighthouse_;
}

MachineDesk Session::machine_desk() {
  if (!machine_desk_)
    machine_desk_.emplace(MachineDesk{
        lighthouse(), *region(cluster().region).cloud, cluster().lighthouse.ssh_user,
        [this] { return lighthouse_bootstrap(cluster(), folder_, clock().now()); },
        [this] {
          return read_file(nebula::Layout(folder_.path()).member_certificate(cluster().mesh.lighthouse()->name));
        },
        [this](const std::string& address) { return probe_request(cluster(), folder_, address, clock().now()); },
        options_.prober});
  return *machine_desk_;
}

engine::Kinds Session::machine_kinds() {
  if (machine_kinds_.empty()) machine_kinds_ = {access_kind(machine_desk()), mesh_kind(machine_desk())};
  return machine_kinds_;
}

bool Session::has_clusters() const {
  return options_.home_access && cluster().kubernetes.distribution != spec::Distribution::kNone;
}

Kubernetes& Session::kubernetes() {
  if (!kubernetes_)
    kubernetes_ = std::make_unique<Kubernetes>(Kubernetes::Place{cluster(), folder_, clock(), options_.home_access,
                                                                 options_.kubernetes_transport,
                                                                 [this] { return lighthouse(); }, options_.seed});
  return *kubernetes_;
}

ClusterDesk Session::cluster_desk() {
  const auto nebula = state_.find({std::string(kHomeNebulaKind), "home"});
  return {cluster(),
          kubernetes(),
          machine_desk(),
          [this](const std::string& lighthouse) { return home_mesh(*this, lighthouse); },
          [this] { return home_trust(folder_, clock().now()); },
          [this] { return liqo_values(cluster(), liqo::Side::kHome); },
          nebula == state_.end() ? "" : codec::text_at(nebula->second.outputs, "namespace")};
}

engine::Kinds Session::cluster_kinds() {
  if (cluster_kinds_.empty() && has_clusters()) {
    const auto desk = cluster_desk();
    cluster_kinds_ = {home_nebula_kind(desk), home_member_kind(desk), k3s_kind(desk), liqo_kind(desk)};
    if (peers()) cluster_kinds_.insert(cluster_kinds_.end(), {peering_kind(desk), offloading_kind(desk)});
  }
  return cluster_kinds_;
}

engine::Kinds Session::home_kinds() {
  if (home_kinds_.empty() && has_clusters()) {
    const auto desk = cluster_desk();
    home_kinds_ = {home_nebula_kind(desk), liqo_kind(desk, true), peering_kind(desk, true),
                   offloading_kind(desk, true)};
  }
  return home_kinds_;
}

Result<std::vector<std::string>> Session::regions_ever_used() {
  std::set<std::string> out{cluster().region};
  for (const auto& [address, record] : state_)
    if (!record.region.empty()) out.insert(record.region);
  if (journal_) {
    std::int64_t after = 0;
    while (true) {
      const auto entries = TRY(journal_->entries(after));
      if (entries.empty()) break;
      for (const auto& e : entries)
        if (e.event == "run.begin") out.insert(codec::text_at(e.body, "region"));
      after = entries.back().sequence;
    }
  }
  out.erase("");
  return std::vector<std::string>(out.begin(), out.end());
}

engine::Surroundings Session::surroundings(const engine::Kinds& kinds, engine::State& state) {
  return {kinds, *journal_, state, options_.clock, options_.events, run_};
}

void Session::tell(std::string detail) {
  if (options_.events) options_.events({clock().now(), engine::EventType::kNote, "", "", "", std::move(detail)});
}

Result<> Session::write_down(std::string event, engine::Json body) {
  TRY(context(journal_->append({0, clock().now(), run_, "", std::move(event), std::move(body)}),
              "writing the journal"));
  return {};
}

}  // namespace tombolo::cluster
