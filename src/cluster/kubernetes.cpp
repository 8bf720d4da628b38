#include "cluster/kubernetes.hpp"

#include <fmt/format.h>

#include "base/files.hpp"

namespace tombolo::cluster {

namespace {

constexpr std::uint16_t kApiPort = 6443;
constexpr auto kPatience = std::chrono::seconds(10);
constexpr std::string_view kJoinToken = "secrets/k3s-join-token";

// A step is tried again by the engine: a call must not take all its time.
kube::ClientOptions client_options(std::uint64_t seed) {
  kube::ClientOptions options;
  options.attempts = 3;
  options.total = std::chrono::seconds(12);
  options.seed = seed;
  return options;
}

Result<kube::Kubeconfig> parsed(const std::string& text, const std::string& file) {
  Diagnostics diagnostics;
  auto config = kube::parse_kubeconfig(text, file, diagnostics);
  if (!config) return fail(Code::kCorrupt, "a kubeconfig cannot be read: " + diagnostics.render(text));
  return std::move(*config);
}

}  // namespace

std::string home_cluster_id(const spec::Cluster& cluster) {
  const auto home = cluster.mesh.home();
  return home.empty() ? cluster.name + "-home" : home.front()->name;
}

std::string cloud_cluster_id(const spec::Cluster& cluster) { return cluster.name + "-cloud"; }

Result<kube::Access> home_access(const spec::Cluster& cluster, const std::string& home_folder,
                                 std::string_view kubeconfig_variable, Time now) {
  const auto& named = cluster.home.kubeconfig;
  const bool usual = named == spec::Home{}.kubeconfig;
  const auto path = named.starts_with("~/") ? home_folder + named.substr(1) : named;
  Diagnostics diagnostics;
  const auto config = kube::load_kubeconfig(
      kube::kubeconfig_places(usual ? "" : path, usual ? kubeconfig_variable : "", home_folder), diagnostics);
  if (!config) {
    Error error = config.error();
    return fail(error.code(), "home's kubeconfig: " + error.sentence(),
                error.hint().empty() ? "home.kubeconfig in the cluster file names it." : error.hint());
  }
  return context(kube::resolve(*config, cluster.home.context, now),
                 "home's kubeconfig (home.kubeconfig, home.context)");
}

std::string Kubernetes::cloud_server() const {
  return fmt::format("https://{}:{}", place_.cluster.mesh.lighthouse()->address.text(), kApiPort);
}

Result<kube::Client*> Kubernetes::home(const std::stop_token&) {
  const std::lock_guard guard(mutex_);
  if (!home_)
    home_ =
        std::make_unique<kube::Client>(place_.clock, TRY(place_.home()), client_options(place_.seed), place_.transport);
  return home_.get();
}

Result<> Kubernetes::open_tunnel(const std::stop_token& stop) {
  if (tunnel_ && tunnel_->alive()) return {};
  cloud_.reset();
  tunnel_ =
      TRY(place_.lighthouse()->tunnel(place_.cluster.mesh.lighthouse()->address.text(), kApiPort, kPatience, stop));
  return {};
}

Result<kube::Kubeconfig> Kubernetes::cloud_kubeconfig() const {
  auto text = read_file(cloud_file());
  if (!text && text.error().code() == Code::kNotFound)
    return fail(Code::kNotFound, "there is no kubeconfig of the cloud's cluster yet",
                "Run `tombolo up`: it fetches it.");
  auto config = TRY(parsed(TRY(std::move(text)), cloud_file()));
  if (config.clusters.empty() || config.users.empty() || config.contexts.empty())
    return fail(Code::kCorrupt, cloud_file() + " names no cluster or no user", "Remove it and run `tombolo up`.");
  return config;
}

Result<kube::Client*> Kubernetes::cloud(const std::stop_token& stop) {
  const std::lock_guard guard(mutex_);
  const auto config = TRY(cloud_kubeconfig());
  TRY(open_tunnel(stop));
  if (cloud_) return cloud_.get();
  auto access = TRY(kube::resolve(config, "", place_.clock.now()));
  access.connect_to = tunnel_->near_end();
  cloud_ = std::make_unique<kube::Client>(place_.clock, std::move(access), client_options(place_.seed + 1),
                                          place_.transport);
  return cloud_.get();
}

Result<std::string> Kubernetes::cloud_near_end(const std::stop_token& stop) {
  const std::lock_guard guard(mutex_);
  TRY(open_tunnel(stop));
  return tunnel_->near_end();
}

Result<bool> Kubernetes::fetch_cloud_credentials(const std::stop_token& stop) {
  const auto answer =
      TRY(place_.lighthouse()->ask(cloudinit::kCredentialsCommand, cloudinit::credentials_script(), kPatience, stop));
  const auto fetched = TRY(cloudinit::read_credentials(answer));
  auto config = TRY(context(parsed(fetched.kubeconfig.expose(), "k3s.yaml"), "k3s' kubeconfig"));
  if (config.clusters.empty() || config.users.empty())
    return fail(Code::kCorrupt, "k3s' kubeconfig has no cluster or no user");
  const auto name = place_.cluster.name + "-cloud";
  config.clusters.front().server = cloud_server();
  config.clusters.front().name = config.users.front().name = name;
  const auto wanted = kube::kubeconfig_text(config.clusters.front(), config.users.front(), {name, "", name, name, ""});
  const std::lock_guard guard(mutex_);
  const auto before = read_file(cloud_file());
  if (before && *before == wanted.expose()) return false;
  cloud_.reset();
  TRY(place_.state.write(kJoinToken, fetched.join_token.expose() + "\n"));
  TRY(place_.state.write(cloud_file().substr(place_.state.path().size() + 1), wanted.expose()));
  return true;
}

Result<> Kubernetes::forget_cloud() {
  const std::lock_guard guard(mutex_);
  cloud_.reset();
  tunnel_.reset();
  TRY(remove_file(cloud_file()));
  return remove_file(place_.state.path() + "/" + std::string(kJoinToken));
}

}  // namespace tombolo::cluster
