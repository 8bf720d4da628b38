// The user-data of the lighthouse: one readable bash script for Amazon Linux 2023 and Debian, run by cloud-init at the
// first boot and safe to run again at any time (it repairs). Pure: text from values.
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

struct LighthouseBootstrap {
  std::string cluster;  // the cluster's name
  std::string member;  // the lighthouse's name in the mesh
  codec::Cidr mesh_address;  // with the mesh's prefix: 10.42.0.1/16
  std::string authorities_pem;  // the certificates of the CAs the mesh trusts; the first one is the home CA
  std::string nebula_config;  // config.yml; names the paths of cloudinit.hpp
  Artefact nebula;  // for the machine's architecture, mirror already applied
  std::optional<EmbeddedIdentity> embedded;  // absent: the machine makes its own key
};

// Errors: kBadInput when a value cannot stand in a script or is not what it should be, or when the result is larger than
// kUserDataLimit (with both sizes); kInternal if a private key would be in it although none was given.
// In the embedded form the script holds exactly three PEM blocks that begin with "BEGIN NEBULA".
Result<std::string> lighthouse_user_data(const LighthouseBootstrap& bootstrap);

}  // namespace tombolo::cloudinit
