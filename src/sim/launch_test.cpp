// RunInstances: client tokens, capacity, types and architectures, limits, user-data, dry runs.
#include <gmock/gmock.h>

#include "sim/test_support.hpp"

namespace tombolo::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
struct Launch : SimTest {};

TEST_F(Launch, SameTokenAndParametersGiveTheSameMachine) {
  auto first = run({{"ClientToken", "t1"}, {"Placement.AvailabilityZone", "us-east-1a"}});
  clock.advance(20min);
  EXPECT_EQ(run({{"ClientToken", "t1"}, {"Placement.AvailabilityZone", "us-east-1a"}}), first);
  EXPECT_THAT(site.instances(), SizeIs(1));
}

TEST_F(Launch, WithoutATokenEveryCallMakesAMachine) { EXPECT_NE(run(), run()); }

TEST_F(Launch, SameTokenWithOtherParametersIsAMismatch) {
  run({{"ClientToken", "t1"}});
  EXPECT_EQ(ec2("RunInstances", launch({{"ClientToken", "t1"}, {"InstanceType", "t3.micro"}})).code(),
            "IdempotentParameterMismatch");
  EXPECT_THAT(site.instances(), SizeIs(1));
}

TEST_F(Launch, TokensAreZonalWhenAZoneIsNamed) {
  auto a = run({{"ClientToken", "t1"}, {"Placement.AvailabilityZone", "us-east-1a"}});
  auto b = run({{"ClientToken", "t1"}, {"Placement.AvailabilityZone", "us-east-1b"}});
  EXPECT_NE(a, b);
}

TEST_F(Launch, TokenOfATerminatedMachineIsSpent) {
  auto id = run({{"ClientToken", "t1"}});
  EXPECT_EQ(ec2("TerminateInstances", {{"InstanceId.1", id}}).code(), "");
  EXPECT_EQ(ec2("RunInstances", launch({{"ClientToken", "t1"}})).code(), "IdempotentInstanceTerminated");
  clock.advance(3h);  // forgotten by reads, not by the token
  EXPECT_EQ(ec2("RunInstances", launch({{"ClientToken", "t1"}})).code(), "IdempotentInstanceTerminated");
  EXPECT_THAT(site.live_instances(), SizeIs(0));
}

TEST_F(Launch, TokensHaveAtMost64Characters) {
  EXPECT_EQ(ec2("RunInstances", launch({{"ClientToken", std::string(65, 'a')}})).code(), "InvalidParameterValue");
}

TEST_F(Launch, ShortageIsHttp500AndNamesZonesWithRoom) {
  site.add_shortage({"t3.small", "us-east-1a", ""});
  auto answer = ec2("RunInstances", launch({{"Placement.AvailabilityZone", "us-east-1a"}}));
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.code(), "InsufficientInstanceCapacity");
  EXPECT_THAT(answer.message(), HasSubstr("choosing us-east-1b, us-east-1c, us-east-1d, us-east-1f"));
  EXPECT_EQ(ec2("RunInstances", launch({{"Placement.AvailabilityZone", "us-east-1b"}})).code(), "");
}

TEST_F(Launch, ShortageOfOneMarketLeavesTheOther) {
  site.add_shortage({"", "", "spot"});
  EXPECT_EQ(ec2("RunInstances", launch({{"InstanceMarketOptions.MarketType", "spot"}})).code(),
            "InsufficientInstanceCapacity");
  EXPECT_EQ(ec2("RunInstances", launch()).code(), "");
}

TEST_F(Launch, TypeThatTheZoneLacksIsUnsupported) {
  auto answer = ec2("RunInstances", launch({{"Placement.AvailabilityZone", "us-east-1e"}}));
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.code(), "Unsupported");
}

TEST_F(Launch, ArchitectureOfImageAndTypeMustAgree) {
  EXPECT_EQ(ec2("RunInstances", launch({{"InstanceType", "t4g.small"}})).code(), "InvalidParameterValue");
  EXPECT_EQ(
      ec2("RunInstances", launch({{"InstanceType", "t4g.small"}, {"ImageId", image("kernel-default-arm64")}})).code(),
      "");
}

TEST_F(Launch, UnknownThingsAreRefusedByTheirOwnCodes) {
  auto options = site.options();
  options.throttling = false;
  site.set_options(options);
  EXPECT_EQ(ec2("RunInstances", launch({{"ImageId", "ami-00000000000000000"}})).code(), "InvalidAMIID.NotFound");
  EXPECT_EQ(ec2("RunInstances", launch({{"ImageId", "image"}})).code(), "InvalidAMIID.Malformed");
  EXPECT_EQ(ec2("RunInstances", launch({{"InstanceType", "t9.huge"}})).code(), "InvalidParameterValue");
  EXPECT_EQ(ec2("RunInstances", launch({{"KeyName", "nobody"}})).code(), "InvalidKeyPair.NotFound");
  EXPECT_EQ(ec2("RunInstances", launch({{"SecurityGroupId.1", "sg-00000000000000000"}})).code(),
            "InvalidGroup.NotFound");
  EXPECT_EQ(ec2("RunInstances", launch({{"SubnetId", "subnet-0"}})).code(), "InvalidSubnetID.NotFound");
  EXPECT_EQ(ec2("RunInstances", launch({{"Placement.AvailabilityZone", "us-east-1z"}})).code(),
            "InvalidParameterValue");
  EXPECT_EQ(ec2("RunInstances", launch({{"IamInstanceProfile.Name", "nobody"}})).code(), "InvalidParameterValue");
  EXPECT_EQ(ec2("RunInstances", launch({{"Colour", "red"}})).code(), "UnknownParameter");
  EXPECT_EQ(ec2("RunInstances", {{"ImageId", image()}}).code(), "MissingParameter");
  EXPECT_THAT(site.instances(), SizeIs(0));
}

TEST_F(Launch, UserDataIsBase64AndAtMost16384Bytes) {
  auto data = [&](std::size_t size) { return codec::encode_base64(Bytes(size, 'x')); };
  EXPECT_EQ(ec2("RunInstances", launch({{"UserData", data(16384)}})).code(), "");
  auto answer = ec2("RunInstances", launch({{"UserData", data(16385)}}));
  EXPECT_EQ(answer.code(), "InvalidParameterValue");
  EXPECT_EQ(answer.message(), "User data is limited to 16384 bytes");
  EXPECT_EQ(ec2("RunInstances", launch({{"UserData", "not base64!"}})).message(),
            "Invalid BASE64 encoding of user data");
}

TEST_F(Launch, DryRunFindsTheFaultsAndMakesNothing) {
  EXPECT_EQ(ec2("RunInstances", launch({{"DryRun", "true"}})).code(), "DryRunOperation");
  EXPECT_EQ(ec2("RunInstances", launch({{"DryRun", "true"}})).status, 412);
  EXPECT_EQ(ec2("RunInstances", launch({{"DryRun", "true"}, {"KeyName", "nobody"}})).code(), "InvalidKeyPair.NotFound");
  EXPECT_EQ(ec2("AllocateAddress", {{"DryRun", "true"}}).code(), "DryRunOperation");
  EXPECT_THAT(site.instances(), SizeIs(0));
  EXPECT_THAT(site.addresses(), SizeIs(0));
}

TEST_F(Launch, VcpuLimitCountsWhatRunsAndIsFreedSomeTimeAfterTheEnd) {
  site.set_quota("us-east-1", "L-1216C47A", 2);
  auto id = run();
  auto answer = ec2("RunInstances", launch());
  EXPECT_EQ(answer.code(), "VcpuLimitExceeded");
  EXPECT_THAT(answer.message(), HasSubstr("current vCPU limit of 2 allows"));
  ec2("TerminateInstances", {{"InstanceId.1", id}});
  EXPECT_EQ(ec2("RunInstances", launch()).code(), "VcpuLimitExceeded");
  clock.advance(2min);
  EXPECT_EQ(ec2("RunInstances", launch()).code(), "");
}

TEST_F(Launch, NewAccountsHaveNoGpus) {
  EXPECT_EQ(ec2("RunInstances", launch({{"InstanceType", "g4dn.xlarge"}})).code(), "VcpuLimitExceeded");
  EXPECT_EQ(ec2("RunInstances", launch({{"InstanceType", "g4dn.xlarge"}, {"InstanceMarketOptions.MarketType", "spot"}}))
                .code(),
            "MaxSpotInstanceCountExceeded");
}

TEST_F(Launch, AsManyAsTheLimitAllowsBetweenMinAndMax) {
  site.set_quota("us-east-1", "L-1216C47A", 6);
  EXPECT_EQ(ec2("RunInstances", launch({{"MaxCount", "9"}})).count("instancesSet/item"), 3u);
}

TEST_F(Launch, NoDefaultVpcIsSaid) {
  auto parameters = launch();
  site.remove_default_vpc("us-east-1");
  EXPECT_EQ(ec2("RunInstances", parameters).code(), "VPCIdNotSpecified");
  EXPECT_EQ(ec2("DescribeVpcs", {{"Filter.1.Name", "isDefault"}, {"Filter.1.Value.1", "true"}}).count("vpcSet/item"),
            0u);
}

TEST_F(Launch, DiskMetadataAndTagsAreAsAskedFor) {
  auto id = run({{"MetadataOptions.HttpTokens", "required"},
                 {"MetadataOptions.HttpPutResponseHopLimit", "2"},
                 {"BlockDeviceMapping.1.DeviceName", "/dev/xvda"},
                 {"BlockDeviceMapping.1.Ebs.VolumeType", "gp3"},
                 {"BlockDeviceMapping.1.Ebs.VolumeSize", "20"},
                 {"BlockDeviceMapping.1.Ebs.Encrypted", "true"},
                 {"TagSpecification.1.ResourceType", "instance"},
                 {"TagSpecification.1.Tag.1.Key", "tombolo:cluster"},
                 {"TagSpecification.1.Tag.1.Value", "home"},
                 {"TagSpecification.2.ResourceType", "volume"},
                 {"TagSpecification.2.Tag.1.Key", "tombolo:cluster"},
                 {"TagSpecification.2.Tag.1.Value", "home"}});
  auto instance = site.instances().front();
  EXPECT_EQ(instance.http_tokens, "required");
  EXPECT_EQ(instance.hop_limit, 2);
  EXPECT_EQ(instance.tags, (Tags{{"tombolo:cluster", "home"}}));
  auto volume = site.volumes().front();
  EXPECT_TRUE(volume.encrypted);
  EXPECT_EQ(volume.size_gib, 20);
  EXPECT_EQ(volume.tags, instance.tags);
  EXPECT_EQ(ec2("DescribeInstances", {{"Filter.1.Name", "tag:tombolo:cluster"},
                                      {"Filter.1.Value.1", "h*"}})["reservationSet/item/instancesSet/item/instanceId"],
            id);
}

TEST_F(Launch, DiskSmallerThanTheImageIsRefused) {
  EXPECT_EQ(ec2("RunInstances", launch({{"BlockDeviceMapping.1.DeviceName", "/dev/xvda"},
                                        {"BlockDeviceMapping.1.Ebs.VolumeSize", "4"}}))
                .code(),
            "InvalidBlockDeviceMapping");
}

TEST_F(Launch, SpotLeavesARequestBehindAndCanBeInterrupted) {
  EXPECT_EQ(ec2("RunInstances", launch({{"InstanceMarketOptions.MarketType", "spot"},
                                        {"InstanceMarketOptions.SpotOptions.MaxPrice", "0.0001"}}))
                .code(),
            "SpotMaxPriceTooLow");
  auto id = run_to_running({{"InstanceMarketOptions.MarketType", "spot"}});
  auto request = ec2("DescribeSpotInstanceRequests");
  EXPECT_EQ(request["spotInstanceRequestSet/item/state"], "active");
  EXPECT_EQ(request["spotInstanceRequestSet/item/instanceId"], id);
  site.interrupt_spot(id);
  EXPECT_EQ(state_of(id), "shutting-down");
  clock.advance(1min);
  auto seen = ec2("DescribeInstances", {{"InstanceId.1", id}});
  EXPECT_EQ(seen["reservationSet/item/instancesSet/item/stateReason/code"], "Server.SpotInstanceTermination");
  EXPECT_EQ(ec2("DescribeSpotInstanceRequests")["spotInstanceRequestSet/item/state"], "closed");
}

}  // namespace
}  // namespace tombolo::sim
