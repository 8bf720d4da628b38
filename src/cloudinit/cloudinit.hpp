// What a machine does at its first boot, and how it tells us: the vocabulary that the user-data, `up`, `doctor` and the
// simulated site share. This folder makes text and reads text; it sends nothing. The files of this folder:
//   cloudinit.hpp   names of phases, paths on the machine (this file)
//   artefacts.hpp   what a machine downloads, with its checksums
//   lighthouse.hpp  the user-data of the lighthouse
//   host_proof.hpp  is the SSH server that answers the machine we launched: its banner, its console
//   progress.hpp    reads the machine's console: how far the bootstrap has come
#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

namespace tombolo::cloudinit {

// EC2's limit for user-data, in bytes before base64 (EC2 user guide, "Run commands on your Linux instance at launch").
inline constexpr std::size_t kUserDataLimit = 16384;

// Paths on the machine.
inline constexpr std::string_view kLogFile = "/var/log/nebula-bootstrap.log";  // the recipe's name for it
inline constexpr std::string_view kDoneFile = "/var/lib/tombolo/bootstrap.done";  // exists: the last run succeeded
inline constexpr std::string_view kMeshFile = "/var/lib/tombolo/mesh.done";  // exists: Nebula serves
inline constexpr std::string_view kFailedFile = "/var/lib/tombolo/bootstrap.failed";  // phase, line and last log lines
inline constexpr std::string_view kRerunCommand = "/usr/local/sbin/tombolo-bootstrap";  // the same script, to run again
inline constexpr std::string_view kNebulaFolder = "/etc/nebula";
inline constexpr std::string_view kNebulaConfig = "/etc/nebula/config.yml";
inline constexpr std::string_view kAuthorities = "/etc/nebula/ca.crt";
inline constexpr std::string_view kHostCertificate = "/etc/nebula/host.crt";
inline constexpr std::string_view kHostKey = "/etc/nebula/host.key";
inline constexpr std::string_view kHostPublicKey = "/etc/nebula/host.pub";

// Every line the bootstrap says to the outside begins so, in the log and on the console:
//   tombolo-bootstrap: phase=<name> state=<start|ok|waiting|failed> [detail]
//   tombolo-bootstrap: log: <line>            after a failure: the last lines of the log
//   tombolo-bootstrap: pub: <line>            the machine's Nebula public key, PEM, line by line
inline constexpr std::string_view kLinePrefix = "tombolo-bootstrap: ";

// The phases of the lighthouse, in their order. The last one's `state=ok` is the success of the whole bootstrap.
//   system          folders, needed programs, the network manager told to leave the mesh device alone
//   artefacts       downloads, each checked against its SHA-256
//   nebula-install  programs, authorities, configuration, systemd unit
//   keys            the host key: made on the machine (default), or taken from the user-data
//   certificate     waits (state=waiting) until somebody lays the host certificate; then checks it
//   nebula-start    the unit runs
//   mesh            the mesh address is on the device and Nebula listens
//   k3s             the program, its configuration, its unit; its API answers and the node is Ready
//   liqo            Helm and Liqo's chart; a release that is deployed, whose pods are there
//   ready           the sentinel is written
// k3s and liqo are left out where the cluster file wants the mesh alone.
const std::vector<std::string_view>& phases();

}  // namespace tombolo::cloudinit
