#include "aws/ec2.hpp"

#include <set>

#include "aws/image.hpp"
#include "aws/prices.hpp"
#include "aws/quotas.hpp"
#include "aws/ssm.hpp"
#include "aws/sts.hpp"
#include "aws/test_support.hpp"
#include "codec/base64.hpp"

namespace tombolo::aws {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Ec2World : World {
  Ec2 ec2{client};
};

Launch lighthouse() {
  Launch launch;
  launch.image = ImageId("ami-1");
  launch.type = "t3.small";
  launch.zone = Zone("us-west-2a");
  launch.groups = {GroupId("sg-1")};
  launch.key_name = "demo";
  launch.token = ClientToken("token-1");
  launch.root_device = "/dev/xvda";
  launch.tags = {{"tombolo:cluster", "demo"}, {"Name", "demo lighthouse"}};
  return launch;
}

std::string value(const Parameters& parameters, std::string_view name) {
  return std::string(codec::field(parameters, name));
}

TEST(Launch, IsWhatTheDesignPromises) {
  const Parameters p = run_instances_parameters(lighthouse());
  EXPECT_EQ(value(p, "ClientToken"), "token-1");
  EXPECT_EQ(value(p, "MinCount"), "1");
  EXPECT_EQ(value(p, "MaxCount"), "1");
  EXPECT_EQ(value(p, "Placement.AvailabilityZone"), "us-west-2a");
  EXPECT_EQ(value(p, "MetadataOptions.HttpTokens"), "required");
  EXPECT_EQ(value(p, "MetadataOptions.HttpPutResponseHopLimit"), "2");
  EXPECT_EQ(value(p, "BlockDeviceMapping.1.Ebs.VolumeType"), "gp3");
  EXPECT_EQ(value(p, "BlockDeviceMapping.1.Ebs.Encrypted"), "true");
  EXPECT_EQ(value(p, "BlockDeviceMapping.1.Ebs.VolumeSize"), "20");
  EXPECT_EQ(value(p, "InstanceInitiatedShutdownBehavior"), "stop");
  EXPECT_EQ(value(p, "SecurityGroupId.1"), "sg-1");
  EXPECT_EQ(value(p, "InstanceMarketOptions.MarketType"), "");
  std::set<std::string> tagged;
  for (int i = 1; i <= 3; ++i) {
    tagged.insert(value(p, fmt::format("TagSpecification.{}.ResourceType", i)));
    EXPECT_EQ(value(p, fmt::format("TagSpecification.{}.Tag.2.Key", i)), "tombolo:cluster");
    EXPECT_EQ(value(p, fmt::format("TagSpecification.{}.Tag.2.Value", i)), "demo");
  }
  EXPECT_EQ(tagged, (std::set<std::string>{"instance", "volume", "network-interface"}));
  EXPECT_EQ(value(p, "UserData"), "") << "user-data stays out of the record";
}

TEST(Launch, NoParameterIsGivenTwiceOrEmpty) {
  Launch full = lighthouse();
  full.subnet = SubnetId("subnet-1");
  full.public_address = false;
  full.spot = Spot{"0.5"};
  full.worker = true;
  full.instance_profile = "role";
  for (const Launch& launch : {lighthouse(), full}) {
    std::set<std::string> names;
    for (const auto& [name, text] : run_instances_parameters(launch)) {
      EXPECT_TRUE(names.insert(name).second) << name;
      EXPECT_FALSE(text.empty()) << name;
    }
  }
}

TEST(Launch, AWorkerEndsWhenItPowersOffAndASpotMachineIsTaggedAsRequest) {
  Launch launch = lighthouse();
  launch.worker = true;
  EXPECT_EQ(value(run_instances_parameters(launch), "InstanceInitiatedShutdownBehavior"), "terminate");
  launch.spot = Spot{};
  const Parameters p = run_instances_parameters(launch);
  EXPECT_EQ(value(p, "InstanceMarketOptions.MarketType"), "spot");
  EXPECT_EQ(value(p, "InstanceMarketOptions.SpotOptions.MaxPrice"), "");
  EXPECT_EQ(value(p, "TagSpecification.4.ResourceType"), "spot-instances-request");
}

TEST(Launch, WithoutAPublicAddressGroupsBelongToTheInterface) {
  Launch launch = lighthouse();
  launch.public_address = false;
  const Parameters p = run_instances_parameters(launch);
  EXPECT_EQ(value(p, "NetworkInterface.1.AssociatePublicIpAddress"), "false");
  EXPECT_EQ(value(p, "NetworkInterface.1.SecurityGroupId.1"), "sg-1");
  EXPECT_EQ(value(p, "SecurityGroupId.1"), "") << "EC2 refuses both";
}

TEST(Launch, UserDataIsMeasuredBeforeTheCall) {
  Ec2World world;
  EXPECT_TRUE(check_user_data(std::string(16384, 'x')));
  const auto refused = world.ec2.run_instances(run_instances_parameters(lighthouse()), std::string(16385, 'x'), {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kBadInput);
  EXPECT_THAT(refused.error().sentence(), HasSubstr("16385"));
  EXPECT_TRUE(world.aws.requests.empty());
}

constexpr const char* kInstance =
    "<item><instanceId>i-1</instanceId><imageId>ami-1</imageId><instanceState><code>16</code><name>running</name></"
    "instanceState>"
    "<keyName>demo</keyName><instanceType>t3.small</instanceType><launchTime>2026-11-26T11:59:00.000Z</launchTime>"
    "<placement><availabilityZone>us-west-2a</availabilityZone></placement><subnetId>subnet-1</subnetId><vpcId>vpc-1</"
    "vpcId>"
    "<privateIpAddress>172.31.0.9</privateIpAddress><ipAddress>192.0.2.7</ipAddress>"
    "<groupSet><item><groupId>sg-1</groupId><groupName>g</groupName></item><item><groupId>sg-2</groupId></item></"
    "groupSet>"
    "<stateReason><code>pending</code><message>pending</message></stateReason><architecture>x86_64</architecture>"
    "<rootDeviceName>/dev/xvda</rootDeviceName><blockDeviceMapping><item><deviceName>/dev/sdb</"
    "deviceName><ebs><volumeId>vol-2</volumeId></ebs></item>"
    "<item><deviceName>/dev/xvda</deviceName><ebs><volumeId>vol-1</volumeId></ebs></item></blockDeviceMapping>"
    "<clientToken>token-1</clientToken><tagSet><item><key>Name</key><value>demo "
    "lighthouse</value></item><item><key>empty</key><value/></item></tagSet>"
    "<networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId></item></networkInterfaceSet>"
    "<metadataOptions><httpTokens>required</httpTokens></metadataOptions></item>";

void expect_the_instance(const Instance& i) {
  EXPECT_EQ(i.id.text(), "i-1");
  EXPECT_EQ(i.state, "running");
  EXPECT_EQ(i.state_reason, "pending");
  EXPECT_EQ(i.type, "t3.small");
  EXPECT_EQ(i.zone.text(), "us-west-2a");
  EXPECT_EQ(i.vpc.text(), "vpc-1");
  EXPECT_THAT(i.groups, ElementsAre(GroupId("sg-1"), GroupId("sg-2")));
  EXPECT_EQ(i.private_ip, "172.31.0.9");
  EXPECT_EQ(i.public_ip, "192.0.2.7");
  EXPECT_EQ(i.interface.text(), "eni-1");
  EXPECT_EQ(i.http_tokens, "required");
  EXPECT_EQ(i.root_volume.text(), "vol-1");
  EXPECT_EQ(i.client_token.text(), "token-1");
  EXPECT_EQ(i.tags, (Tags{{"Name", "demo lighthouse"}, {"empty", ""}}));
  EXPECT_EQ(*i.launched, noon() - 1min);
  EXPECT_FALSE(i.gone());
}

TEST(Instances, AreLaunchedWithTheRecordedParametersAndTheirUserData) {
  Ec2World world;
  world.aws.then(Code::kTransient)
      .then(200,
            fmt::format("<RunInstancesResponse><instancesSet>{}</instancesSet></RunInstancesResponse>", kInstance));
  const Parameters recorded = run_instances_parameters(lighthouse());
  const auto instance = world.ec2.run_instances(recorded, "#!/bin/sh\n", {});
  ASSERT_TRUE(instance) << instance.error().text();
  expect_the_instance(*instance);
  EXPECT_EQ(world.aws.form(0), world.aws.form(1)) << "a repetition is the same request, token and all";
  Parameters sent = world.aws.form(1);
  for (const auto& parameter : recorded) EXPECT_NE(std::ranges::find(sent, parameter), sent.end()) << parameter.first;
  EXPECT_EQ(value(sent, "UserData"), codec::encode_base64(as_bytes("#!/bin/sh\n")));
}

TEST(Instances, AreDescribedByFilterThroughAllPages) {
  Ec2World world;
  const std::string page = "<R><reservationSet><item><instancesSet>{}</instancesSet></item></reservationSet>{}</R>";
  world.aws.then(200, fmt::format(fmt::runtime(page), kInstance, "<nextToken>n</nextToken>"))
      .then(200, fmt::format(fmt::runtime(page), kInstance, ""));
  const auto found = world.ec2.instances({{"instance-id", {"i-1", "i-2"}}, {"tag:tombolo:cluster", {"demo"}}}, {});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2u);
  for (const Instance& instance : *found) expect_the_instance(instance);
  const auto form = world.aws.form(0);
  EXPECT_EQ(value(form, "Filter.1.Name"), "instance-id");
  EXPECT_EQ(value(form, "Filter.1.Value.2"), "i-2");
  EXPECT_EQ(value(form, "Filter.2.Value.1"), "demo");
  EXPECT_EQ(value(form, "InstanceId.1"), "") << "bare ids draw on the smaller bucket";
}

TEST(Instances, AskingWhetherWeMightIsAnsweredByARefusal) {
  Ec2World world;
  world.aws.then_error(412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.");
  EXPECT_TRUE(world.ec2.may_run_instances(run_instances_parameters(lighthouse()), "", {}));
  EXPECT_EQ(value(world.aws.form(0), "DryRun"), "true");
  world.aws.then_error(403, "UnauthorizedOperation", "no");
  EXPECT_EQ(world.ec2.may_run_instances({}, "", {}).error().code(), Code::kPermission);
}

TEST(Instances, TheConsoleIsDecodedAndMayBeEmpty) {
  Ec2World world;
  world.aws
      .then(200, "<R><instanceId>i-1</instanceId><timestamp>2026-11-26T12:00:00.000Z</timestamp><output>" +
                     codec::encode_base64(as_bytes("boot\r\nlog")) + "</output></R>")
      .then(200, "<R><instanceId>i-1</instanceId><output/></R>");
  EXPECT_EQ(world.ec2.console_output(InstanceId("i-1"), true, {})->text, "boot\r\nlog");
  EXPECT_EQ(world.ec2.console_output(InstanceId("i-1"), false, {})->text, "");
  EXPECT_EQ(value(world.aws.form(0), "Latest"), "true");
  EXPECT_EQ(value(world.aws.form(1), "Latest"), "");
}

TEST(Instances, AReadThatFailsOnOurFreshMachineSaysLookAgain) {
  Ec2World world;
  for (int i = 0; i < 2; ++i) world.aws.then_error(400, "InvalidInstanceID.NotFound");
  EXPECT_EQ(world.ec2.terminate_instances({InstanceId("i-1")}, {{}, 10s}).error().code(), Code::kInconsistent);
  EXPECT_EQ(world.ec2.terminate_instances({InstanceId("i-1")}, {{}, 10min}).error().code(), Code::kNotFound);
}

TEST(Groups, RulesAreTakenApartIntoRanges) {
  Ec2World world;
  world.aws.then(
      200,
      "<R><securityGroupInfo><item><groupId>sg-1</groupId><groupName>g</groupName><groupDescription>d</"
      "groupDescription><vpcId>vpc-1</vpcId>"
      "<ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>22</fromPort><toPort>22</"
      "toPort><ipRanges><item><cidrIp>192.0.2.1/32</cidrIp>"
      "<description>ssh</description></item><item><cidrIp>192.0.2.2/32</cidrIp></item></"
      "ipRanges><ipv6Ranges><item><cidrIpv6>2001:db8::/32</cidrIpv6></item></ipv6Ranges></item>"
      "<item><ipProtocol>-1</ipProtocol><groups><item><groupId>sg-9</groupId></item></groups></item></ipPermissions>"
      "<ipPermissionsEgress><item><ipProtocol>-1</ipProtocol><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></"
      "ipRanges></item></ipPermissionsEgress></item></securityGroupInfo></R>");
  const auto groups = world.ec2.security_groups({{"vpc-id", {"vpc-1"}}}, {});
  ASSERT_TRUE(groups);
  const SecurityGroup& group = groups->at(0);
  EXPECT_THAT(group.ingress,
              ElementsAre(Rule{"tcp", 22, 22, "192.0.2.1/32", "ssh"}, Rule{"tcp", 22, 22, "192.0.2.2/32", ""},
                          Rule{"tcp", 22, 22, "2001:db8::/32", ""}, Rule{"-1", -1, -1, "sg-9", ""}));
  EXPECT_THAT(group.egress, ElementsAre(Rule{"-1", -1, -1, "0.0.0.0/0", ""}));
}

TEST(Groups, AreMadeWithGroupDescriptionAndFilledInOneCall) {
  Ec2World world;
  world.aws.then(200, "<R><groupId>sg-1</groupId></R>").then(200, "<R><return>true</return></R>");
  EXPECT_EQ(world.ec2.create_security_group("g", "d", VpcId("vpc-1"), {{"k", "v"}}, {})->text(), "sg-1");
  EXPECT_EQ(value(world.aws.form(0), "GroupDescription"), "d");
  EXPECT_EQ(value(world.aws.form(0), "TagSpecification.1.ResourceType"), "security-group");
  const std::vector<Rule> rules{
      {"udp", 4242, 4242, "0.0.0.0/0", "Nebula"}, {"tcp", 22, 22, "2001:db8::1/128", ""}, {"-1", -1, -1, "sg-2", ""}};
  ASSERT_TRUE(world.ec2.authorize_ingress(GroupId("sg-1"), rules, {}));
  const auto form = world.aws.form(1);
  EXPECT_EQ(value(form, "IpPermissions.1.IpRanges.1.CidrIp"), "0.0.0.0/0");
  EXPECT_EQ(value(form, "IpPermissions.1.IpRanges.1.Description"), "Nebula");
  EXPECT_EQ(value(form, "IpPermissions.2.Ipv6Ranges.1.CidrIpv6"), "2001:db8::1/128");
  EXPECT_EQ(value(form, "IpPermissions.3.Groups.1.GroupId"), "sg-2");
  EXPECT_EQ(value(form, "IpPermissions.3.FromPort"), "");
}

TEST(Addresses, AreTaggedAtBirthAndNeverAllocatedTwice) {
  Ec2World world;
  world.aws.then(Code::kTransient);
  EXPECT_EQ(world.ec2.allocate_address({{"tombolo:address", "aws.address/lighthouse"}}, {}).error().code(),
            Code::kTransient);
  EXPECT_EQ(value(world.aws.form(0), "TagSpecification.1.Tag.1.Value"), "aws.address/lighthouse");
  world.aws.then(200,
                 "<R><addressesSet><item><publicIp>192.0.2.5</publicIp><allocationId>eipalloc-1</"
                 "allocationId><associationId>eipassoc-1</associationId>"
                 "<instanceId>i-1</instanceId><tagSet><item><key>k</key><value>v</value></item></tagSet></item></"
                 "addressesSet></R>");
  const Address address = world.ec2.addresses({{"tag:k", {"v"}}}, {})->at(0);
  EXPECT_EQ(address.id.text(), "eipalloc-1");
  EXPECT_EQ(address.association.text(), "eipassoc-1");
  EXPECT_EQ(address.instance.text(), "i-1");
}

TEST(Keys, AreImportedInBase64) {
  Ec2World world;
  world.aws.then(200,
                 "<R><keyName>demo</keyName><keyFingerprint>abc=</keyFingerprint><keyPairId>key-1</keyPairId></R>");
  EXPECT_EQ(world.ec2.import_key_pair("demo", "ssh-ed25519 AAAA demo", {{"k", "v"}}, {})->fingerprint, "abc=");
  EXPECT_EQ(value(world.aws.form(0), "PublicKeyMaterial"), codec::encode_base64(as_bytes("ssh-ed25519 AAAA demo")));
}

std::string image(std::string_view id, std::string_view name, std::string_view created = "2026-11-20T00:00:00.000Z") {
  return fmt::format(
      "<item><imageId>{}</imageId><name>{}</name><imageOwnerId>137112412989</imageOwnerId><architecture>x86_64</"
      "architecture><imageState>available</imageState>"
      "<rootDeviceName>/dev/xvda</rootDeviceName><creationDate>{}</creationDate><blockDeviceMapping><item><deviceName>/"
      "dev/xvda</deviceName>"
      "<ebs><volumeSize>8</volumeSize></ebs></item></blockDeviceMapping></item>",
      id, name, created);
}

TEST(Images, ThePublicParameterNamesTheImageAndItsOwnerIsChecked) {
  Ec2World world;
  world.aws.then(200, R"({"Parameter":{"Value":"ami-7"}})")
      .then(200, "<R><imagesSet>" + image("ami-7", "al2023") + "</imagesSet></R>");
  const auto found = amazon_linux_image(world.ec2, "x86_64", {});
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->id.text(), "ami-7");
  EXPECT_EQ(found->root_device, "/dev/xvda");
  EXPECT_EQ(found->root_size_gib, 8);
  EXPECT_THAT(world.aws.requests.at(0).body, HasSubstr("al2023-ami-kernel-default-x86_64"));
  EXPECT_EQ(value(world.aws.form(1), "Owner.1"), "amazon");
}

TEST(Images, WithoutTheParameterTheNewestOfOneKernelLineIsTaken) {
  Ec2World world;
  world.aws.then(400, R"({"__type":"ParameterNotFound","message":"no"})")
      .then(200, "<R><imagesSet>" + image("ami-1", "al2023-ami-2023.1-kernel-6.1-x86_64") +
                     image("ami-3", "al2023-ami-2023.3-kernel-6.1-x86_64") +
                     image("ami-2", "al2023-ami-2023.2-kernel-6.1-x86_64") + "</imagesSet></R>");
  EXPECT_EQ(amazon_linux_image(world.ec2, "x86_64", {})->id.text(), "ami-3");
  EXPECT_EQ(value(world.aws.form(1), "Owner.1"), "amazon");
  EXPECT_EQ(value(world.aws.form(1), "Filter.1.Value.1"), "al2023-ami-2023*-kernel-6.1-x86_64");
}

TEST(Images, AnIdThatAmazonDoesNotOwnIsNotTakenFromTheParameter) {
  Ec2World world;
  world.aws.then(200, R"({"Parameter":{"Value":"ami-stranger"}})")
      .then(200, "<R><imagesSet/></R>")
      .then(200, "<R><imagesSet/></R>");
  EXPECT_EQ(amazon_linux_image(world.ec2, "arm64", {}).error().code(), Code::kNotFound);
}

TEST(Images, AMissingOneIsSaidWithItsRegion) {
  Ec2World world;
  world.aws.then_error(400, "InvalidAMIID.NotFound").then(200, "<R><imagesSet/></R>");
  for (int i = 0; i < 2; ++i) {
    const auto found = image_by_id(world.ec2, ImageId("ami-9"), {});
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code(), Code::kNotFound);
    EXPECT_THAT(found.error().sentence(), HasSubstr("us-west-2"));
  }
}

TEST(Types, GpusAndZonesAreRead) {
  Ec2World world;
  world.aws
      .then(200,
            "<R><instanceTypeSet><item><instanceType>g6.xlarge</instanceType><hypervisor>nitro</"
            "hypervisor><processorInfo><supportedArchitectures><item>x86_64</item></supportedArchitectures></"
            "processorInfo>"
            "<vCpuInfo><defaultVCpus>4</defaultVCpus></vCpuInfo><memoryInfo><sizeInMiB>16384</sizeInMiB></memoryInfo>"
            "<gpuInfo><gpus><item><name>L4</name><count>1</count></item></gpus><totalGpuMemoryInMiB>22888</"
            "totalGpuMemoryInMiB></gpuInfo></item></instanceTypeSet></R>")
      .then(200,
            "<R><instanceTypeOfferingSet><item><instanceType>g6.xlarge</instanceType><location>us-west-2b</location></"
            "item></instanceTypeOfferingSet></R>");
  const InstanceType type = world.ec2.instance_types({"g6.xlarge"}, {})->at(0);
  EXPECT_EQ(type.vcpus, 4);
  EXPECT_EQ(type.gpus, 1);
  EXPECT_EQ(type.gpu_memory_mib, 22888);
  EXPECT_TRUE(type.nitro);
  EXPECT_THAT(type.architectures, ElementsAre("x86_64"));
  EXPECT_EQ(world.ec2.type_offerings({"g6.xlarge"}, {})->at(0).zone.text(), "us-west-2b");
}

TEST(Quotas, AreReadAndAskedForByCode) {
  World world;
  world.aws.then(200, R"({"Quota":{"Value":0.0}})")
      .then(200, R"({"RequestedQuota":{"Id":"q","Status":"PENDING","DesiredValue":8.0}})");
  EXPECT_EQ(*service_quota(world.client, "L-DB2E81BA", {}), 0);
  EXPECT_EQ(request_quota_increase(world.client, "L-DB2E81BA", 8, {})->status, "PENDING");
  EXPECT_EQ(vcpu_quota_code("g6.xlarge", false), "L-DB2E81BA");
  EXPECT_EQ(vcpu_quota_code("gr6.4xlarge", true), "L-3819A6DF");
  EXPECT_EQ(vcpu_quota_code("t3.small", false), "L-1216C47A");
  EXPECT_EQ(vcpu_quota_code("p5.48xlarge", false), "L-417A185B");
  EXPECT_EQ(vcpu_quota_code("x2gd.large", false), "");
  EXPECT_EQ(quota_command("L-DB2E81BA", 8, "us-west-2"),
            "aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-DB2E81BA "
            "--desired-value 8 --region us-west-2");
}

TEST(Ssm, SecretsAreWrittenEncryptedAndReadDecrypted) {
  World world;
  world.aws.then(200, R"({"Version":1})").then(200, R"({"Parameter":{"Value":"key"}})").then(200, "{}");
  ASSERT_TRUE(
      put_secret_parameter(world.client, "/tombolo/demo/ca", Secret<std::string>("key"), {{"k", "v"}}, false, {}));
  EXPECT_EQ(world.aws.requests.at(0).body,
            R"({"Name":"/tombolo/demo/ca","Value":"key","Type":"SecureString","Tags":[{"Key":"k","Value":"v"}]})");
  EXPECT_EQ(get_secret_parameter(world.client, "/tombolo/demo/ca", {})->expose(), "key");
  EXPECT_THAT(world.aws.requests.at(1).body, HasSubstr(R"("WithDecryption":true)"));
  EXPECT_TRUE(delete_parameter(world.client, "/tombolo/demo/ca", {}));
  EXPECT_EQ(put_secret_parameter(world.client, "/x", Secret<std::string>(std::string(4097, 'x')), {}, true, {})
                .error()
                .code(),
            Code::kBadInput);
}

TEST(Sts, SaysWhoWeAre) {
  World world;
  world.aws.then(200,
                 "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/me</"
                 "Arn><UserId>U</UserId>"
                 "<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>");
  EXPECT_EQ(caller_identity(world.client, {})->account, "123456789012");
}

TEST(Prices, AreThoseOfTheTable) {
  EXPECT_DOUBLE_EQ(*price_per_hour("t3.small"), 0.0208);
  EXPECT_DOUBLE_EQ(*price_per_hour("g6.xlarge"), 0.8048);
  EXPECT_EQ(type_facts("g6.12xlarge")->gpus, 4);
  EXPECT_EQ(type_facts("nothing.large"), nullptr);
}

}  // namespace
}  // namespace tombolo::aws
