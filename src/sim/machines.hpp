// The simulated site's machines behind the two ways to a machine that are not HTTP: a shell that knows the commands our
// program sends (cloudinit/report.hpp), and a mesh that answers when Nebula would. As strict as the real ones: host keys are
// shown to be judged, a wrong login key is refused, security groups and certificates count.
#pragma once
#include <memory>

#include "mesh/prober.hpp"
#include "net/shell.hpp"
#include "sim/site.hpp"

namespace tombolo::sim {

class Machines final : public net::Shells, public mesh::Prober {
 public:
  Machines(Site& site, Clock& clock) : site_(site), clock_(clock) {}

  Result<std::unique_ptr<net::Shell>> open(const net::Login& login, const std::stop_token& stop) override;
  // Its near end is cloud.simulated:6443 (kube_mount.hpp) when k3s listens at the far one, else a name that nobody has.
  Result<std::unique_ptr<net::Tunnel>> tunnel(const net::Login& login, const std::string& host, std::uint16_t port,
                                              const std::stop_token& stop) override;
  Result<mesh::Probe> probe(const mesh::ProbeRequest& request, const std::stop_token& stop) override;

 private:
  Result<MachineView> connect(const net::Login& login, const std::stop_token& stop);

  Site& site_;
  Clock& clock_;
};

}  // namespace tombolo::sim
