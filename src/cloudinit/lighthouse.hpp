// What a lighthouse is told: one readable bash script for Amazon Linux 2023 and Debian, safe to run again at any time (it
// repairs), and the user-data that brings it to the first boot. Pure: text from values.
#pragma once
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "cloudinit/artefacts.hpp"
#include "cloudinit/cloudinit.hpp"
#include "codec/cidr.hpp"

namespace tombolo::cloudinit {

// `bootstrap.keys: embedded`, the recipe's way: the host key travels in the user-data, which everybody can read who may
// call ec2:DescribeInstanceAttribute, and every process on the machine.
struct EmbeddedIdentity {
  std::string certificate_pem;  // one certificate
  Secret<std::string> key_pem;  // its private key
};

// k3s as the server of the cloud's cluster, and Liqo in it. Versions and hashes decide what is downloaded.
struct CloudCluster {
  Artefact k3s;
  Artefact helm;
  std::string k3s_config;  // /etc/rancher/k3s/config.yaml
  std::string node;  // name of the machine's Node object
  std::string device;  // the mesh's: "nebula1"
  std::string liqo_version;  // "v1.2.0"
  std::string liqo_namespace;
  std::string liqo_values;  // for the chart, YAML or JSON
  // Without a hash the chart comes by `helm pull` from its makers' repository, whose TLS is then all the proof there is.
  std::string chart_url;
  std::string chart_sha256;
};

struct LighthouseBootstrap {
  std::string cluster;  // the cluster's name
  std::string member;  // the lighthouse's name in the mesh
  codec::Cidr mesh_address;  // with the mesh's prefix: 10.42.0.1/16
  std::string authorities_pem;  // the certificates of the CAs the mesh trusts; the first one is the home CA
  std::string nebula_config;  // config.yml; names the paths of cloudinit.hpp
  int listen_port = 4242;  // UDP, as in nebula_config
  Artefact nebula;  // for the machine's architecture, mirror already applied
  std::optional<EmbeddedIdentity> embedded;  // absent: the machine makes its own key
  std::optional<CloudCluster> cluster_side;  // absent: the mesh alone
};

// What the script makes of a machine, as a short hash: 16 hex characters. The machine keeps it in kDoneFile when it is
// through. The same with and without an embedded identity.
std::string revision(const LighthouseBootstrap& bootstrap);
// The part of it that concerns the mesh; the machine keeps it in kMeshFile as soon as Nebula serves.
std::string mesh_revision(const LighthouseBootstrap& bootstrap);

// The script alone: run by user-data at the first boot, and over SSH whenever the revision changed.
// Errors: kBadInput when a value cannot stand in a script or is not what it should be; kInternal if a private key would be
// in it although none was given. In the embedded form it holds exactly three PEM blocks that begin with "BEGIN NEBULA".
Result<std::string> lighthouse_script(const LighthouseBootstrap& bootstrap);

// The script as user-data: a MIME multipart of it and of a cloud-config that makes sshd show the proof of its host keys
// (host_proof.hpp). `token` is random, of this launch alone. Errors also: kBadInput when the result is larger than
// kUserDataLimit (with both sizes), or for a token that is not hex.
Result<std::string> lighthouse_user_data(const LighthouseBootstrap& bootstrap, const Secret<std::string>& token);

}  // namespace tombolo::cloudinit
