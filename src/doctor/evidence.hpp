// What the doctor looks at: plain values from AWS, the machine, the mesh and this computer, each as far as it could be had.
// Gathered by gather.hpp, judged by findings.hpp.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "aws/ec2_types.hpp"
#include "cloudinit/report.hpp"
#include "cluster/machine.hpp"
#include "mesh/prober.hpp"
#include "nebula/certificate.hpp"

namespace tombolo::doctor {

struct KnownCertificate {
  std::string name;  // "home CA", "worker CA", or the member's
  nebula::Details details;
  std::string fingerprint;
  bool revoked = false;
};

struct Evidence {
  // What should be.
  std::string ssh_from;  // CIDR; "" when the file says caller and the caller's address is not known
  int mesh_port = 4242;
  int mesh_mtu = 1300;
  std::string instance_type;
  std::string lighthouse;  // the lighthouse's name in the mesh
  std::string wanted_revision;  // of its bootstrap; "" before there are authorities

  // AWS.
  bool cloud_seen = false;
  std::optional<aws::Instance> instance;
  std::optional<aws::Address> address;
  std::optional<aws::SecurityGroup> group;
  std::string console;
  std::optional<std::string> user_data;  // as EC2 keeps it
  Duration aws_clock{};  // what AWS's clock is ahead of ours
  std::string last_launch_error;  // of the journal's newest try to launch

  // The way to the machine.
  std::optional<cluster::MachineRecord> record;
  std::vector<std::string> pinned;  // host keys, "type blob"
  std::optional<Error> ssh_error;  // why no report could be had; also of a machine that was never reached
  std::optional<cloudinit::MachineReport> report;
  Time report_at{};  // our clock when the report was made

  // The mesh: a small echo, and one that fills the mesh's MTU.
  std::optional<mesh::Probe> probe;
  std::string probe_error;  // why none could be sent

  // This computer.
  Time now{};
  std::vector<KnownCertificate> certificates;
  std::string home_ca;  // fingerprint

  struct Unseen {
    std::string what, why;
  };
  std::vector<std::string> looked;
  std::vector<Unseen> unseen;
};

}  // namespace tombolo::doctor
