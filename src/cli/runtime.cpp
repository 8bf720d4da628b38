#include "cli/runtime.hpp"

#include <fmt/format.h>

#include <atomic>
#include <charconv>
#include <iostream>

#include "base/files.hpp"
#include "cli/passphrase.hpp"
#include "cli/report.hpp"
#include "mesh/udp_prober.hpp"
#include "net/curl_transport.hpp"
#include "net/ssh.hpp"
#include "sim/kube_mount.hpp"
#include "sim/kubernetes.hpp"
#include "sim/machines.hpp"
#include "sim/memory.hpp"
#include "sim/vault.hpp"
#include "spec/load.hpp"

namespace tombolo::cli {

namespace {

store::AskPassphrase asking(Invocation& call, const std::string& variable, const std::string& what) {
  return [&call, variable, what](bool confirm) {
    return ask_passphrase(call, variable, what, confirm ? Ask::kTwice : Ask::kOnce);
  };
}

cluster::SessionOptions session_options(Invocation& call, const spec::Cluster& cluster, Clock& clock,
                                        net::Transport& transport, net::Shells& shells, mesh::Prober& prober,
                                        Progress* progress, bool wait_for_bootstrap) {
  cluster::SessionOptions options{cluster, call.state_dir(),   clock, transport, shells, prober, {}, {}, {}, {}, {}, {},
                                  {},      wait_for_bootstrap, 1,     {}};
  options.aws.environment = {call.env.variables};
  options.aws.profile = call.args.value("--profile");
  options.aws.region = cluster.region;
  options.aws.retry = aws::retry_policy(options.aws.environment);
  options.ask_ca_passphrase = asking(call, "NEBULA_CA_PASSPHRASE", "the home CA key");
  options.ask_backup_passphrase = asking(call, "TOMBOLO_BACKUP_PASSPHRASE", "the backup file");
  if (progress) options.events = progress->sink();
  return options;
}

class RealRuntime final : public Runtime {
 public:
  explicit RealRuntime(Invocation& call) : call_(call), transport_(curl_options(call.env)) {}
  Clock& clock() override { return clock_; }
  net::Transport& transport() override { return transport_; }

  Result<std::unique_ptr<cluster::Session>> open(const spec::Cluster& cluster, cluster::Access access,
                                                 std::string_view command, Progress* progress,
                                                 bool wait_for_bootstrap) override {
    auto options =
        session_options(call_, cluster, clock_, transport_, *shells_, *prober_, progress, wait_for_bootstrap);
    options.aws_files = TRY(aws::load_config(options.aws.environment));
    options.home_access = [this, cluster] {
      return cluster::home_access(cluster, aws::Environment{call_.env.variables}.home(), call_.env.get("KUBECONFIG"),
                                  clock_.now());
    };
    options.credentials = aws::CredentialStore::chain(
        clock_, transport_, {options.aws.environment, options.aws.profile, cluster.region, "aws"});
    return cluster::Session::open(std::move(options), access, command);
  }

 private:
  static net::CurlOptions curl_options(const Environment& env) {
    net::CurlOptions options;
    options.ca_bundle = env.get("AWS_CA_BUNDLE");
    return options;
  }

  Invocation& call_;
  RealClock clock_;
  net::CurlTransport transport_;
  std::unique_ptr<net::Shells> shells_ = net::make_ssh_shells(clock_);
  std::unique_ptr<mesh::Prober> prober_ = mesh::make_udp_prober(clock_);
};

// Ends the process before the n-th call that changes something, as a power cut would: to show that the next run finds out.
class PowerCut final : public net::Transport {
 public:
  PowerCut(net::Transport& next, int at) : next_(next), left_(at) {}
  Result<net::Response> send(const net::Request& request, const std::stop_token& stop) override {
    if (changes(request) && --left_ == 0) {
      std::cerr << "\nTOMBOLO_CRASH_AT: the process ends here, without a word to anybody\n" << std::flush;
      std::cout << std::flush;
      std::_Exit(70);
    }
    return next_.send(request, stop);
  }

 private:
  static bool changes(const net::Request& request) {
    const auto says = [](const std::string& text, const char* word) { return text.find(word) != std::string::npos; };
    if (request.method == "GET") return false;
    if (sim::is_kube(request)) return !says(request.url, "dryRun=All") && !says(request.url, "/selfsubject");
    return says(request.body, "Action=") && !says(request.body, "Action=Describe") && !says(request.body, "Action=Get");
  }

  net::Transport& next_;
  std::atomic<int> left_;
};

class SimulatedRuntime final : public Runtime {
 public:
  SimulatedRuntime(Invocation& call, std::unique_ptr<sim::LastingSite> site)
      : call_(call), site_(std::move(site)), machines_(site_->site(), site_->clock()) {
    int at = 0;
    const auto text = call.env.get("TOMBOLO_CRASH_AT");
    std::from_chars(text.data(), text.data() + text.size(), at);
    if (at > 0) cut_.emplace(site_->site(), at);
  }
  Clock& clock() override { return site_->clock(); }
  net::Transport& transport() override { return cut_ ? static_cast<net::Transport&>(*cut_) : site_->site(); }

  Result<std::unique_ptr<cluster::Session>> open(const spec::Cluster& cluster, cluster::Access access,
                                                 std::string_view command, Progress* progress,
                                                 bool wait_for_bootstrap) override {
    auto options =
        session_options(call_, cluster, clock(), transport(), machines_, machines_, progress, wait_for_bootstrap);
    // Nothing of the user's own AWS set-up may leak into the simulation.
    options.aws.environment = {};
    options.aws.profile.clear();
    options.backup_instead = [folder = call_.state_dir()] { return sim::make_vault(folder + "/vault"); };
    aws::Credentials keys;
    keys.access_key = sim::kAccessKeyId;
    keys.secret_key = Secret<std::string>(std::string(sim::kSecretAccessKey));
    keys.source = "the simulated site";
    options.credentials = aws::CredentialStore::fixed(clock(), std::move(keys));
    options.home_access = [] { return Result<kube::Access>(sim::home_access()); };
    options.kubernetes_transport = sim::kube_transport(transport());
    std::vector<std::string> nodes;
    for (const auto* member : cluster.mesh.home())
      if (!member->node.empty()) nodes.push_back(member->node);
    if (access == cluster::Access::kChange && !nodes.empty()) site_->site().set_home_nodes(nodes);
    return cluster::Session::open(std::move(options), access, command);
  }

 private:
  Invocation& call_;
  std::unique_ptr<sim::LastingSite> site_;
  sim::Machines machines_;
  std::optional<PowerCut> cut_;
};

}  // namespace

Result<LoadedFile> load_cluster_file(Invocation& call) {
  auto text = read_file(call.file(), 1u << 20);
  if (!text && text.error().code() == Code::kNotFound)
    return fail(Code::kBadInput, fmt::format("there is no cluster file {}", call.file()),
                "Make one with `tombolo init`, or name yours with -f.");
  if (!text) return fail(text.error());
  Diagnostics diagnostics;
  auto cluster = spec::load(*text, call.file(), diagnostics);
  report(call.console, diagnostics, *text);
  if (!cluster) return fail(cluster.error());
  return LoadedFile{std::move(*cluster), std::move(*text)};
}

Result<std::unique_ptr<Runtime>> make_runtime(Invocation& call) {
  if (!call.simulated()) return std::make_unique<RealRuntime>(call);
  const auto folder = TRY(store::StateFolder::make(call.state_dir()));
  auto site = TRY(sim::LastingSite::open(folder.simulation(), RealClock().now()));
  return std::make_unique<SimulatedRuntime>(call, std::move(site));
}

std::vector<Option> aws_options() {
  return {{"--profile", "NAME", "AWS profile to take credentials from (default: AWS_PROFILE, then \"default\")"}};
}

}  // namespace tombolo::cli
