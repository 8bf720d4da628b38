// The resource kinds: what a security group, an address or a machine IS to the engine. One .cpp each.
#pragma once
#include <functional>
#include <memory>

#include "cloudinit/lighthouse.hpp"
#include "cluster/cloud.hpp"
#include "engine/resource.hpp"

namespace tombolo::cluster {

// Names, in the order in which things are made.
inline constexpr std::string_view kAuthorityKind = "nebula.authority";
inline constexpr std::string_view kCertificateKind = "nebula.certificate";
inline constexpr std::string_view kSshKeyKind = "ssh.key";
inline constexpr std::string_view kBackupKind = "secret.backup";
inline constexpr std::string_view kGroupKind = "aws.security_group";
inline constexpr std::string_view kKeyPairKind = "aws.key_pair";
inline constexpr std::string_view kAddressKind = "aws.address";
inline constexpr std::string_view kVolumeKind = "aws.volume";
inline constexpr std::string_view kInstanceKind = "aws.instance";
inline constexpr std::string_view kAssociationKind = "aws.association";

// Inputs: name, description, vpc, ingress [{protocol, from, to, cidr, description}]. Outputs: id, name. Ingress changes in place.
std::shared_ptr<engine::Kind> security_group_kind(Cloud& cloud);
// Inputs: name, publicKey (OpenSSH line), fingerprint ("SHA256:…"). Outputs: name, id.
std::shared_ptr<engine::Kind> key_pair_kind(Cloud& cloud);
// Inputs: none. Outputs: id (allocation), ip. Its observe() also reports the associations, which are part of the same answer.
std::shared_ptr<engine::Kind> address_kind(Cloud& cloud);
// Inputs: address (allocation id), instance. Outputs: id. Changes in place.
std::shared_ptr<engine::Kind> association_kind(Cloud& cloud);
// Never wished for: disks that outlived their machine, for `down`.
std::shared_ptr<engine::Kind> volume_kind(Cloud& cloud);

// What the instance kind needs beside AWS.
struct MachineRoom {
  store::StateFolder state;
  // The user-data of a launch, from the wish's inputs; called once for each new one.
  std::function<Result<std::string>(const engine::Json& inputs, std::int64_t generation)> user_data;
};
// Inputs: type, image, imagePinned, rootDevice, diskGiB, zones, group, keyName, … Outputs: id, zone, privateIp, publicIp,
// generation. Ready when it runs: what is in it is machine_kinds.hpp's business.
std::shared_ptr<engine::Kind> instance_kind(Cloud& cloud, MachineRoom room);

}  // namespace tombolo::cluster
