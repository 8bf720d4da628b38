// EC2, the calls we need, typed. Errors of each: those of Client::query, classified in error.cpp by code, call and age.
// A list call takes filters, never bare ids: an absent thing is then an empty list, and it draws on the roomier throttling bucket.
//
// Calls marked "look first" have no client token: after an unknown outcome they are not repeated here (kTransient comes back);
// look for our tag or name before calling again. All others are repeated in place.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "aws/client.hpp"
#include "aws/ec2_types.hpp"

namespace tombolo::aws {

inline constexpr std::size_t kUserDataLimit = 16384;  // bytes before base64

// The exact parameters of RunInstances, in wire order, without user-data: what the journal keeps and a repetition sends again.
Parameters run_instances_parameters(const Launch& launch);
// kBadInput with both sizes when it is over kUserDataLimit.
Result<> check_user_data(std::string_view user_data);

class Ec2 {
 public:
  explicit Ec2(Client& client) : client_(client) {}

  // Network (ec2_network.cpp, ec2_groups.cpp)
  Result<std::vector<Vpc>> vpcs(const Filters& filters, const CallOptions& options);
  Result<std::vector<Subnet>> subnets(const Filters& filters, const CallOptions& options);
  Result<std::vector<Zone>> zones(const CallOptions& options);  // available ones of the client's region
  Result<std::vector<Interface>> interfaces(const Filters& filters, const CallOptions& options);
  Result<std::vector<SecurityGroup>> security_groups(const Filters& filters, const CallOptions& options);
  // Look first (by name and VPC). kDuplicate when the name is taken.
  Result<GroupId> create_security_group(const std::string& name, const std::string& description, const VpcId& vpc,
                                        const Tags& tags, const CallOptions& options);
  // All rules in one call. kDuplicate when one of them is there already, and then none is added.
  Result<> authorize_ingress(const GroupId& group, const std::vector<Rule>& rules, const CallOptions& options);
  Result<> revoke_ingress(const GroupId& group, const std::vector<Rule>& rules, const CallOptions& options);
  // kDependency while something uses it; kNotFound when it is gone.
  Result<> delete_security_group(const GroupId& group, const CallOptions& options);

  // Instances (ec2_instances.cpp, ec2_types.cpp)
  // Safe to repeat with the same parameters: they hold the client token. kCapacity, kQuota, kTokenSpent, kConflict (same
  // token, other parameters) are the answers to plan for.
  Result<Instance> run_instances(const Parameters& parameters, std::string_view user_data, const CallOptions& options);
  // Asks whether we might: success when AWS answers DryRunOperation.
  Result<> may_run_instances(const Parameters& parameters, std::string_view user_data, const CallOptions& options);
  Result<std::vector<Instance>> instances(const Filters& filters, const CallOptions& options);
  Result<std::vector<StateChange>> terminate_instances(const std::vector<InstanceId>& ids, const CallOptions& options);
  Result<std::vector<Volume>> volumes(const Filters& filters, const CallOptions& options);
  Result<> delete_volume(const VolumeId& volume, const CallOptions& options);
  Result<ConsoleOutput> console_output(const InstanceId& instance, bool latest, const CallOptions& options);
  // The raw user-data a machine was started with.
  Result<std::string> user_data(const InstanceId& instance, const CallOptions& options);
  Result<bool> termination_protected(const InstanceId& instance, const CallOptions& options);
  Result<> require_metadata_tokens(const InstanceId& instance,
                                   const CallOptions& options);  // IMDSv2 on a running machine
  Result<std::vector<InstanceType>> instance_types(const std::vector<std::string>& names, const CallOptions& options);
  Result<std::vector<TypeOffering>> type_offerings(const std::vector<std::string>& names, const CallOptions& options);

  // Addresses (ec2_addresses.cpp)
  Result<Address> allocate_address(const Tags& tags, const CallOptions& options);  // look first (by tag)
  Result<std::vector<Address>> addresses(const Filters& filters, const CallOptions& options);
  // kState while the instance is pending.
  Result<AssociationId> associate_address(const AllocationId& address, const InstanceId& instance,
                                          const CallOptions& options);
  Result<> disassociate_address(const AssociationId& association, const CallOptions& options);
  Result<> release_address(const AllocationId& address, const CallOptions& options);

  // Keys (ec2_keys.cpp)
  // Look first (by name). `public_key` is an OpenSSH public line. kDuplicate when the name is taken.
  Result<KeyPair> import_key_pair(const std::string& name, std::string_view public_key, const Tags& tags,
                                  const CallOptions& options);
  Result<std::vector<KeyPair>> key_pairs(const Filters& filters, const CallOptions& options);
  Result<> delete_key_pair(const std::string& name, const CallOptions& options);  // a missing one is success

  // Images (ec2_images.cpp). Owners are required: without one, anybody's image of that name may win.
  Result<std::vector<Image>> images(const std::vector<std::string>& owners, const Filters& filters,
                                    const CallOptions& options);

  // Tags (ec2_tags.cpp)
  Result<> create_tags(const std::vector<std::string>& ids, const Tags& tags, const CallOptions& options);
  // Every resource that carries the tags the filters name, of any type: the net under `down`.
  struct TaggedResource {
    std::string type;
    std::string id;
    std::string key;
    std::string value;
  };
  Result<std::vector<TaggedResource>> tagged(const Filters& filters, const CallOptions& options);

  Client& client() { return client_; }

 private:
  Client& client_;
};

}  // namespace tombolo::aws
