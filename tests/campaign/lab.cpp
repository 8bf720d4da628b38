#include "campaign/lab.hpp"

#include <fmt/format.h>

#include "base/files.hpp"
#include "base/ids.hpp"
#include "sim/machine_view.hpp"
#include "sim/vault.hpp"
#include "spec/load.hpp"

namespace tombolo::campaign {

// A shell on which the process may die before and after every command.
class Lab::Wire final : public net::Shell {
 public:
  Wire(Lab& lab, std::unique_ptr<net::Shell> shell) : lab_(lab), shell_(std::move(shell)) {}
  Result<net::Output> run(const std::string& command, const net::RunOptions& options,
                          const std::stop_token& stop) override {
    if (lab_.point) lab_.point("before " + command);
    auto done = shell_->run(command, options, stop);
    if (lab_.point) lab_.point("after " + command);
    return done;
  }
  Result<int> stream(const std::string& command, const Sink& sink, const std::stop_token& stop) override {
    return shell_->stream(command, sink, stop);
  }

 private:
  Lab& lab_;
  std::unique_ptr<net::Shell> shell_;
};

class Lab::Line final : public net::Transport, public net::Shells {
 public:
  Line(Lab& lab) : lab_(lab) {}
  Result<net::Response> send(const net::Request& request, const std::stop_token& stop) override {
    const auto action = request.body.substr(0, request.body.find('&'));
    if (lab_.point) lab_.point("before " + action);
    auto answer = lab_.site_.send(request, stop);
    if (lab_.point) lab_.point("after " + action);
    return answer;
  }
  Result<std::unique_ptr<net::Shell>> open(const net::Login& login, const std::stop_token& stop) override {
    if (lab_.point) lab_.point("before ssh");
    auto shell = TRY(lab_.machines_.open(login, stop));
    return std::make_unique<Wire>(lab_, std::move(shell));
  }
  Result<std::unique_ptr<net::Tunnel>> tunnel(const net::Login& login, const std::string& host, std::uint16_t port,
                                              const std::stop_token& stop) override {
    return lab_.machines_.tunnel(login, host, port, stop);
  }

 private:
  Lab& lab_;
};

namespace {

sim::Options with_seed(sim::Options options, std::uint64_t seed) {
  options.seed = seed;
  return options;
}

// Memory when there is some to write to: thousands of journals with an fsync for each entry.
std::string fast_folder() {
  const std::filesystem::path memory("/dev/shm");
  std::error_code none;
  return (std::filesystem::exists(memory, none) ? memory : std::filesystem::temp_directory_path()) /
         ("tombolo-lab-" + random_id(8));
}

}  // namespace

spec::Cluster recipe() {
  static const std::string text = *read_file(TOMBOLO_SOURCE_DIR "/examples/recipe.yaml");
  Diagnostics diagnostics;
  auto cluster = spec::load(text, "recipe.yaml", diagnostics);
  if (!cluster) throw std::runtime_error(diagnostics.render(text));
  cluster->lighthouse.ssh_allowed_from = "caller";
  return *cluster;
}

Lab::Lab(std::uint64_t seed, sim::Options options)
    : cluster(recipe()),
      seed_(seed),
      clock_(Time(std::chrono::seconds(1'800'000'000))),
      site_(clock_, with_seed(options, seed)),
      machines_(site_, clock_),
      folder_(fast_folder()),
      line_(std::make_unique<Line>(*this)) {}

Lab::~Lab() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Result<std::unique_ptr<cluster::Session>> Lab::open(cluster::Access access, std::string_view command) {
  cluster::SessionOptions options{cluster, folder_, clock_, *line_, *line_, machines_,          {},    {},
                                  {},      {},      {},     {},     events, wait_for_bootstrap, seed_, {}};
  options.aws.environment = {};
  options.aws.region = cluster.region;
  if (simulated_vault) options.backup_instead = [this] { return sim::make_vault(folder_ + "/vault"); };
  aws::Credentials keys;
  keys.access_key = sim::kAccessKeyId;
  keys.secret_key = Secret<std::string>(std::string(sim::kSecretAccessKey));
  options.credentials = aws::CredentialStore::fixed(clock_, std::move(keys));
  if (point)
    options.on_journal_write = [this](store::Moment moment, const store::Entry& entry) {
      if (point) point((moment == store::Moment::kBeforeWrite ? "before writing " : "after writing ") + entry.event);
    };
  return cluster::Session::open(std::move(options), access, command);
}

Result<cluster::UpReport> Lab::up(std::set<engine::Address> recreate, std::stop_token stop) {
  auto session = TRY(open(cluster::Access::kChange, "up"));
  auto planned = TRY(cluster::make_plan(*session, {false, std::move(recreate)}, stop));
  return cluster::up(*session, std::move(planned), stop);
}

Result<engine::Plan> Lab::plan() {
  auto session = TRY(open(cluster::Access::kLook, "plan"));
  return TRY(cluster::make_plan(*session, {}, {})).plan;
}

Result<cluster::Receipt> Lab::down(std::stop_token stop) {
  auto session = TRY(open(cluster::Access::kChange, "down"));
  return cluster::down(*session, stop);
}

void Lab::lose_journal() {
  for (const auto* file : {"journal.db", "journal.db-wal", "journal.db-shm", "journal.db-journal"}) {
    std::error_code ignored;
    std::filesystem::remove(folder_ + "/" + file, ignored);
  }
}

std::string Lab::fault_of_up() const {
  const auto live = site_.live_instances();
  const auto addresses = site_.addresses();
  if (live.size() != 1) return fmt::format("{} live instances", live.size());
  if (addresses.size() != 1) return fmt::format("{} elastic addresses", addresses.size());
  if (site_.security_groups().size() != 1) return fmt::format("{} security groups", site_.security_groups().size());
  if (site_.key_pairs().size() != 1) return fmt::format("{} key pairs", site_.key_pairs().size());
  if (addresses[0].instance_id != live[0].id) return "the elastic address does not lead to the lighthouse";
  if (live[0].type != cluster.lighthouse.instance_type) return "the lighthouse is a " + live[0].type;
  if (!wait_for_bootstrap) return "";
  const auto machine = site_.machine_at(addresses[0].public_ip);
  if (!machine || !machine->serves_mesh()) return "the lighthouse is not in the mesh";
  if (machine->newest()->certificate.empty()) return "the lighthouse has no certificate";
  return "";
}

std::string Lab::fault_of_down() const {
  const auto billable = site_.billable();
  if (!billable.empty()) return fmt::format("{} {} left", billable[0].kind, billable[0].id);
  if (!site_.security_groups().empty()) return "a security group left";
  if (!site_.key_pairs().empty()) return "a key pair left";
  return "";
}

}  // namespace tombolo::campaign
