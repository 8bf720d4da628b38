#include "aws/ec2.hpp"
#include "aws/wire.hpp"

namespace tombolo::aws {

Result<Address> Ec2::allocate_address(const Tags& tags, const CallOptions& options) {
  Parameters parameters{{"Domain", "vpc"}};
  add_tags(parameters, 1, "elastic-ip", tags);
  const auto root =
      TRY(client_.query(kEc2, "AllocateAddress", parameters, {CallKind::kCreate, Repeat::kLookFirst}, options));
  Address address;
  address.id = AllocationId(TRY(required(root, "allocationId", "AllocateAddress")));
  address.ip = TRY(required(root, "publicIp", "AllocateAddress"));
  address.tags = tags;
  return address;
}

Result<std::vector<Address>> Ec2::addresses(const Filters& filters, const CallOptions& options) {
  // This call has no pages.
  const auto root = TRY(client_.query(kEc2, "DescribeAddresses", with_filters(filters), kRead, options));
  std::vector<Address> out;
  for (const auto* item : root.all("addressesSet/item")) {
    Address address;
    address.id = AllocationId(item->text_at("allocationId"));
    address.ip = item->text_at("publicIp");
    address.association = AssociationId(item->text_at("associationId"));
    address.instance = InstanceId(item->text_at("instanceId"));
    address.interface = InterfaceId(item->text_at("networkInterfaceId"));
    address.tags = tags_of(*item);
    out.push_back(std::move(address));
  }
  return out;
}

Result<AssociationId> Ec2::associate_address(const AllocationId& address, const InstanceId& instance,
                                             const CallOptions& options) {
  const Parameters parameters{{"AllocationId", address.text()}, {"InstanceId", instance.text()}};
  const auto root =
      TRY(client_.query(kEc2, "AssociateAddress", parameters, {CallKind::kChange, Repeat::kSafe}, options));
  return AssociationId(TRY(required(root, "associationId", "AssociateAddress")));
}

Result<> Ec2::disassociate_address(const AssociationId& association, const CallOptions& options) {
  (void)TRY(client_.query(kEc2, "DisassociateAddress", {{"AssociationId", association.text()}},
                          {CallKind::kDelete, Repeat::kSafe}, options));
  return {};
}

Result<> Ec2::release_address(const AllocationId& address, const CallOptions& options) {
  (void)TRY(client_.query(kEc2, "ReleaseAddress", {{"AllocationId", address.text()}},
                          {CallKind::kDelete, Repeat::kSafe}, options));
  return {};
}

}  // namespace tombolo::aws
