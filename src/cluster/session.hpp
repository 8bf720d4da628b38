// One run of the program on one cluster: the world behind the two seams, the state folder, and the cluster file. The
// commands `plan`, `up`, `down`, `status` are functions over it (operate.hpp, receipt.hpp).
#pragma once
#include <functional>
#include <memory>

#include "aws/client.hpp"
#include "cluster/cluster_kinds.hpp"
#include "cluster/local_kinds.hpp"
#include "cluster/machine.hpp"
#include "cluster/peering_kinds.hpp"
#include "engine/executor.hpp"
#include "mesh/prober.hpp"
#include "spec/cluster.hpp"
#include "store/lock.hpp"

namespace tombolo::cluster {

struct SessionOptions {
  spec::Cluster cluster;
  std::string state_folder;
  Clock& clock;
  net::Transport& transport;
  net::Shells& shells;
  mesh::Prober& prober;
  aws::ClientConfig aws;                          // its region is the cluster file's
  std::shared_ptr<aws::CredentialStore> credentials;
  aws::ConfigFile aws_files;
  store::AskPassphrase ask_ca_passphrase;         // may be empty
  store::AskPassphrase ask_backup_passphrase;     // may be empty
  std::function<std::unique_ptr<store::SecretBackup>()> backup_instead;  // the simulated site's; empty: the file's own
  engine::EventSink events;  // may be empty
  bool wait_for_bootstrap = true;
  std::uint64_t seed = 1;  // of jitter
  std::function<void(store::Moment, const store::Entry&)> on_journal_write;  // the crash campaign's hook; may be empty
  // The way to home's API server. Empty: this session has no Kubernetes clusters, and nothing is wished for in them.
  std::function<Result<kube::Access>()> home_access = {};
  kube::TransportMaker kubernetes_transport = kube::curl_transport;
};

enum class Access { kLook, kChange };  // kChange takes the cluster lock and may make the state folder

class Session {
 public:
  // Errors: kLocked, kIo, kCorrupt (journal).
  static Result<std::unique_ptr<Session>> open(SessionOptions options, Access access, std::string_view command);

  const spec::Cluster& cluster() const { return options_.cluster; }
  const SessionOptions& options() const { return options_; }
  const store::StateFolder& folder() const { return folder_; }
  Clock& clock() const { return options_.clock; }
  const engine::State& state() const { return state_; }
  engine::State& state() { return state_; }
  store::Journal* journal() const { return journal_.get(); }  // nullptr: looking, and there is none
  const std::string& run() const { return run_; }

  // The place of the CA key's backup as the cluster file names it; the key's name there is secrets.target.
  // kBadInput when the file names none.
  Result<std::unique_ptr<store::SecretBackup>> open_backup();

  // Kinds of the operator's machine, and of AWS in a region. Built once and kept for the session's life.
  Desk desk();  // what commands share that work on certificates
  engine::Kinds local_kinds();
  struct Region {
    std::unique_ptr<aws::Client> client;
    std::unique_ptr<Cloud> cloud;
    engine::Kinds kinds;
  };
  Region& region(const std::string& name);
  // Kinds that ask the machines themselves: not for a look without them, nor for `down`, which needs only AWS.
  engine::Kinds machine_kinds();
  // Kinds that ask the two API servers; none where the file wants the mesh alone.
  engine::Kinds cluster_kinds();
  ClusterDesk cluster_desk();  // what they share
  engine::Kinds home_kinds();  // those of them whose resources outlive the cloud
  // Before the first plan.
  void leave_clusters_out() { options_.home_access = {}; }
  void leave_peering_out() { peers_ = false; }
  bool has_clusters() const;
  bool peers() const { return peers_ && has_clusters() && !cluster().mesh.home().empty(); }
  Kubernetes& kubernetes();
  const std::shared_ptr<Machine>& lighthouse();  // one connection for the session's life

  // The region the cluster file names and every region the journal has ever named, sorted.
  Result<std::vector<std::string>> regions_ever_used();

  engine::Surroundings surroundings(const engine::Kinds& kinds, engine::State& state);
  void tell(std::string detail);  // a note event
  Result<> write_down(std::string event, engine::Json body);  // about the run itself

 private:
  MachineDesk machine_desk();
  explicit Session(SessionOptions options);

  SessionOptions options_;
  store::StateFolder folder_;
  std::optional<store::ClusterLock> lock_;
  std::unique_ptr<store::Journal> journal_;
  engine::State state_;
  bool peers_ = true;
  std::string run_;
  engine::Kinds local_;
  engine::Kinds machine_kinds_;
  std::optional<MachineDesk> machine_desk_;
  engine::Kinds cluster_kinds_;
  engine::Kinds home_kinds_;
  std::unique_ptr<Kubernetes> kubernetes_;
  std::shared_ptr<Machine> lighthouse_;
  std::map<std::string, Region> regions_;
  std::shared_ptr<std::mutex> ledger_ = std::make_shared<std::mutex>();
};

}  // namespace tombolo::cluster
