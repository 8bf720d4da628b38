// The two API servers as a session reaches them: home's by the operator's kubeconfig, the cloud's through the pinned SSH
// connection to the lighthouse, so that the operator's computer need not be a member of the mesh.
#pragma once
#include <functional>
#include <memory>

#include "base/clock_mutex.hpp"
#include "cloudinit/cluster_side.hpp"
#include "cluster/machine.hpp"
#include "kube/client.hpp"
#include "kube/kubeconfig.hpp"
#include "spec/cluster.hpp"

namespace tombolo::cluster {

// Where home's kubeconfig is looked for, as kubectl does: the file that the cluster file names, or KUBECONFIG when that is
// the default one, or ~/.kube/config. Errors: load_kubeconfig()'s and resolve()'s.
Result<kube::Access> home_access(const spec::Cluster& cluster, const std::string& home_folder,
                                 std::string_view kubeconfig_variable, Time now);

// Safe from several threads. The clients live as long as this.
class Kubernetes {
 public:
  struct Place {
    const spec::Cluster& cluster;
    store::StateFolder state;
    Clock& clock;
    std::function<Result<kube::Access>()> home;
    kube::TransportMaker transport;
    std::function<std::shared_ptr<Machine>()> lighthouse;
    std::uint64_t seed = 1;
  };
  explicit Kubernetes(Place place) : place_(std::move(place)), mutex_(place_.clock) {}

  Result<kube::Client*> home(const std::stop_token& stop);
  // kNotFound before the kubeconfig was fetched. A lost tunnel is made anew.
  Result<kube::Client*> cloud(const std::stop_token& stop);

  // Takes k3s' kubeconfig and join token over SSH and keeps them, the former with the mesh address as its server.
  // kState while k3s has not made them. True when they were not the ones that lay here.
  Result<bool> fetch_cloud_credentials(const std::stop_token& stop);
  // After the lighthouse is gone or another one.
  Result<> forget_cloud();

  // As it was fetched: its server is the mesh address. kNotFound before.
  Result<kube::Kubeconfig> cloud_kubeconfig() const;
  // What kubectl is to be told: the near end of the tunnel, and the name that the certificate is for.
  Result<std::string> cloud_near_end(const std::stop_token& stop);
  std::string cloud_server() const;  // "https://10.42.0.1:6443"
  std::string cloud_file() const { return place_.state.kubeconfig("cloud"); }

  const spec::Cluster& cluster() const { return place_.cluster; }

 private:
  Result<> open_tunnel(const std::stop_token& stop);

  Place place_;
  ClockMutex mutex_;
  std::unique_ptr<kube::Client> home_;
  std::unique_ptr<net::Tunnel> tunnel_;  // outlives the client that uses it
  std::unique_ptr<kube::Client> cloud_;
};

// The names of both clusters as Liqo knows them where the file says nothing.
std::string home_cluster_id(const spec::Cluster& cluster);
std::string cloud_cluster_id(const spec::Cluster& cluster);

}  // namespace tombolo::cluster
