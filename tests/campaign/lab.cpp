#include "campaign/lab.hpp"

#include <fmt/format.h>

#include "base/files.hpp"
#include "base/ids.hpp"
#include "sim/kube_mount.hpp"
#include "sim/kubernetes.hpp"
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
    const auto action = sim::is_kube(request) ? request.method + " " + request.url.substr(request.url.find("/", 8))
                                              : request.body.substr(0, request.body.find('&'));
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
    if (lab_.point) lab_.point("before tunnel");
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
  options.home_access = [] { return Result<kube::Access>(sim::home_access()); };
  options.kubernetes_transport = sim::kube_transport(*line_);
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

int Lab::status_at(const std::string& side, const std::string& path) { return get(side, path).status; }

codec::Json Lab::object_at_home(const std::string& path) { return *codec::parse_json(get("home", path).body); }

std::map<std::string, engine::Action> Lab::to_do() {
  std::map<std::string, engine::Action> out;
  if (const auto planned = plan())
    for (const auto& change : planned->changes)
      if (change.action != engine::Action::kNone) out[change.address.text()] = change.action;
  return out;
}

net::Response Lab::get(const std::string& side, const std::string& path) {
  return site_.handle({"GET", "https://" + side + ".simulated:6443" + path, {}, "", 60s});
}

std::string Lab::fault_of_up() {
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
  if (status_at("cloud", "/apis/apps/v1/namespaces/liqo-system/deployments/liqo-controller-manager") != 200)
    return "the cloud's cluster has no Liqo";
  for (const auto* path : {"/apis/apps/v1/namespaces/nebula-system/daemonsets/nebula",
                           "/apis/apps/v1/namespaces/liqo/deployments/liqo-controller-manager",
                           "/apis/authentication.liqo.io/v1beta1/namespaces/liqo/tenants"})
    if (status_at_home(path) != 200) return fmt::format("home answers {} to {}", status_at_home(path), path);
  if (!cluster.mesh.home().empty()) {
    const auto node = cluster::cloud_cluster_id(cluster);
    if (status_at_home("/api/v1/nodes/" + node) != 200) return "home has no virtual node";
    if (status_at("cloud", "/apis/authentication.liqo.io/v1beta1/namespaces/liqo-tenant-" +
                               cluster::home_cluster_id(cluster) + "/tenants/" + cluster::home_cluster_id(cluster)) !=
        200)
      return "home is no tenant of the cloud";
  }
  for (const auto* member : cluster.mesh.home())
    if (!site_.answers_in_mesh(addresses[0].public_ip, member->address.text()))
      return member->name + " is not in the mesh";
  return "";
}

std::string Lab::fault_of_down() {
  const auto billable = site_.billable();
  if (!billable.empty()) return fmt::format("{} {} left", billable[0].kind, billable[0].id);
  if (!site_.security_groups().empty()) return "a security group left";
  if (!site_.key_pairs().empty()) return "a key pair left";
  const auto node = cluster::cloud_cluster_id(cluster);
  for (const auto& path :
       {std::string("/api/v1/namespaces/nebula-system"), std::string("/api/v1/namespaces/liqo"),
        "/api/v1/nodes/" + node, "/api/v1/namespaces/liqo-tenant-" + node,
        std::string("/apis/rbac.authorization.k8s.io/v1/clusterroles/liqo-controller-manager"),
        std::string("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/tenants.authentication.liqo.io")})
    if (status_at_home(path) != 404) return fmt::format("home still has {}", get("home", path).body);
  return "";
}

}  // namespace tombolo::campaign
