// Our own AWS client against the simulated AWS, both ends real: the recipe's calls, and bad weather that a client must ride out.
#include <gmock/gmock.h>

#include "aws/ec2.hpp"
#include "aws/image.hpp"
#include "aws/quotas.hpp"
#include "aws/ssm.hpp"
#include "aws/sts.hpp"
#include "crypto/ssh_key.hpp"
#include "sim/test_support.hpp"

namespace tombolo::sim {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

struct OurClient : SimTest {
  std::unique_ptr<aws::Client> client_in(const std::string& name) {
    aws::ClientConfig config;
    config.environment = {};
    config.region = name;
    return std::make_unique<aws::Client>(clock, site, aws::CredentialStore::fixed(clock, credentials), config);
  }
  std::unique_ptr<aws::Client> client = client_in("us-east-1");
  aws::Ec2 cloud{*client};
  aws::CallOptions call;
  Tags tags{{"tombolo:cluster", "home"}};

  template <class T>
  T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text());
    return std::move(*result);
  }
  void must(Result<> result) {
    if (!result) throw std::runtime_error(result.error().text());
  }
  aws::Launch wish(const std::string& token = "t") {
    auto found = must(aws::amazon_linux_image(cloud, "x86_64", call));
    aws::Launch launch;
    launch.image = found.id;
    launch.type = "t3.small";
    launch.zone = aws::Zone("us-east-1a");
    launch.token = aws::ClientToken(token);
    launch.root_device = found.root_device;
    launch.tags = tags;
    return launch;
  }
  aws::Instance only_instance() { return must(cloud.instances({{"tag:tombolo:cluster", {"home"}}}, call)).at(0); }
};

TEST_F(OurClient, UpAndDownLeavesNothing) {
  auto vpc = must(cloud.vpcs({{"is-default", {"true"}}}, call)).at(0);
  auto group = must(cloud.create_security_group("mesh", "Nebula lighthouse", vpc.id, tags, call));
  std::vector<aws::Rule> rules = {{"udp", 4242, 4242, "0.0.0.0/0", "Nebula"}, {"tcp", 22, 22, "192.0.2.10/32", "SSH"}};
  must(cloud.authorize_ingress(group, rules, call));
  auto seen_rules = must(cloud.security_groups({{"group-id", {group.text()}}}, call)).at(0).ingress;
  EXPECT_THAT(seen_rules, ::testing::UnorderedElementsAreArray(rules));
  auto pair = crypto::Ed25519Key::generate();
  must(cloud.import_key_pair("tombolo", crypto::openssh_public_line(pair.public_key(), "tombolo"), tags, call));
  auto launch = wish();
  launch.groups = {group};
  launch.key_name = "tombolo";
  auto parameters = aws::run_instances_parameters(launch);
  auto instance = must(cloud.run_instances(parameters, "#!/bin/bash\necho hello\n", call));
  EXPECT_EQ(must(cloud.run_instances(parameters, "#!/bin/bash\necho hello\n", call)).id, instance.id);
  auto address = must(cloud.allocate_address(tags, call));
  EXPECT_EQ(cloud.associate_address(address.id, instance.id, call).error().code(), Code::kState);
  clock.advance(30s);
  must(cloud.associate_address(address.id, instance.id, call));
  auto seen = only_instance();
  EXPECT_EQ(seen.state, "running");
  EXPECT_EQ(seen.public_ip, address.ip);
  EXPECT_EQ(seen.http_tokens, "required");
  EXPECT_EQ(seen.groups, std::vector<aws::GroupId>{group});
  EXPECT_TRUE(must(cloud.volumes({{"volume-id", {seen.root_volume.text()}}}, call)).at(0).encrypted);
  EXPECT_EQ(must(cloud.user_data(instance.id, call)), "#!/bin/bash\necho hello\n");
  EXPECT_THAT(must(cloud.tagged({{"key", {"tombolo:cluster"}}}, call)),
              SizeIs(6));  // group, key, machine, disk, interface, address

  EXPECT_EQ(cloud.release_address(address.id, call).error().code(), Code::kDependency);
  must(cloud.terminate_instances({instance.id}, call));
  EXPECT_EQ(cloud.delete_security_group(group, call).error().code(), Code::kDependency);
  clock.advance(2min);
  must(cloud.delete_security_group(group, call));
  must(cloud.release_address(address.id, call));
  must(cloud.delete_key_pair("tombolo", call));
  EXPECT_THAT(site.billable(), IsEmpty());
  EXPECT_THAT(site.security_groups(), IsEmpty());
  EXPECT_THAT(site.key_pairs(), IsEmpty());
}

TEST_F(OurClient, LostAnswersAndBusyServicesAreRiddenOut) {
  auto parameters = aws::run_instances_parameters(wish());
  site.lose_answer("RunInstances");
  site.refuse("RunInstances", "RequestLimitExceeded", 503);
  must(cloud.run_instances(parameters, "", call));
  EXPECT_THAT(site.instances(), SizeIs(1));
  Fault html;
  html.action = "DescribeVpcs";
  html.kind = Fault::Kind::kHtml;
  site.add_fault(html);
  EXPECT_THAT(must(cloud.vpcs({}, call)), SizeIs(1));
  site.lose_answer("AllocateAddress");  // has no token: not repeated behind the caller's back
  EXPECT_EQ(cloud.allocate_address(tags, call).error().code(), Code::kTransient);
  EXPECT_THAT(must(cloud.addresses({{"tag:tombolo:cluster", {"home"}}}, call)), SizeIs(1));
}

TEST_F(OurClient, ClockTwentyMinutesOffIsCorrectedOnce) {
  auto options = site.options();
  options.clock_skew = 20min;
  site.set_options(options);
  EXPECT_EQ(must(aws::caller_identity(*client, call)).account, kAccount);
  EXPECT_THAT(must(cloud.vpcs({}, call)), SizeIs(1));
  auto another = client_in("us-east-1");
  EXPECT_EQ(must(aws::service_quota(*another, "L-DB2E81BA", call)), 0);  // JSON services word it differently
}

TEST_F(OurClient, RefusalsHaveTheirCodes) {
  EXPECT_EQ(cloud
                .run_instances(aws::run_instances_parameters([&] {
                                 auto l = wish();
                                 l.type = "g4dn.xlarge";
                                 return l;
                               }()),
                               "", call)
                .error()
                .code(),
            Code::kQuota);
  site.add_shortage({"t3.small", "us-east-1a", ""});
  auto no_room = cloud.run_instances(aws::run_instances_parameters(wish()), "", call);
  EXPECT_EQ(no_room.error().code(), Code::kCapacity);
  site.clear_shortages();
  auto made = must(cloud.run_instances(aws::run_instances_parameters(wish()), "", call));
  must(cloud.terminate_instances({made.id}, call));
  EXPECT_EQ(cloud.run_instances(aws::run_instances_parameters(wish()), "", call).error().code(), Code::kTokenSpent);
  auto other = wish();
  other.type = "t3.micro";
  EXPECT_EQ(cloud.run_instances(aws::run_instances_parameters(other), "", call).error().code(), Code::kConflict);
  site.deny("ec2:AllocateAddress");
  EXPECT_EQ(cloud.allocate_address(tags, call).error().code(), Code::kPermission);
  must(cloud.may_run_instances(aws::run_instances_parameters(wish("u")), "", call));
}

TEST_F(OurClient, WrongKeysAreTheAccountsFault) {
  credentials.secret_key = Secret<std::string>("guessed");
  auto other = client_in("us-east-1");
  aws::Ec2 stranger(*other);
  EXPECT_EQ(stranger.vpcs({}, call).error().code(), Code::kAccount);
  EXPECT_EQ(aws::caller_identity(*other, call).error().code(), Code::kAccount);
  EXPECT_EQ(aws::get_parameter(*other, "/x", call).error().code(), Code::kAccount);
}

TEST_F(OurClient, ImagesAreFoundByParameterAndWithoutItByOwner) {
  auto by_parameter = must(aws::amazon_linux_image(cloud, "x86_64", call));
  EXPECT_EQ(must(aws::amazon_linux_image(cloud, "arm64", call)).architecture, "arm64");
  site.refuse("GetParameter", "ParameterNotFound", 400);
  auto by_owner = must(aws::amazon_linux_image(cloud, "x86_64", call));
  EXPECT_EQ(by_owner.owner, "137112412989");
  EXPECT_EQ(by_parameter.id, by_owner.id);
  auto gpu = must(aws::gpu_image(cloud, "x86_64", call));
  EXPECT_EQ(gpu.architecture, "x86_64");
  site.remove_images("us-east-1");
  EXPECT_EQ(aws::amazon_linux_image(cloud, "x86_64", call).error().code(), Code::kNotFound);
}

TEST_F(OurClient, SecretsGoIntoTheParameterStoreAndOut) {
  must(aws::put_secret_parameter(*client, "/tombolo/home/ca", Secret<std::string>("key"), tags, false, call));
  EXPECT_EQ(aws::put_secret_parameter(*client, "/tombolo/home/ca", Secret<std::string>("key"), tags, false, call)
                .error()
                .code(),
            Code::kDuplicate);
  EXPECT_EQ(must(aws::get_secret_parameter(*client, "/tombolo/home/ca", call)).expose(), "key");
  must(aws::delete_parameter(*client, "/tombolo/home/ca", call));
}

TEST_F(OurClient, TypesAndQuotasAreRead) {
  auto types = must(cloud.instance_types({"g4dn.xlarge", "t3.small"}, call));
  ASSERT_THAT(types, SizeIs(2));
  auto gpu = types[0].name == "g4dn.xlarge" ? types[0] : types[1];
  EXPECT_EQ(gpu.gpus, 1);
  EXPECT_EQ(gpu.gpu_memory_mib, 16384);
  EXPECT_THAT(must(cloud.type_offerings({"t3.small"}, call)), SizeIs(5));  // not in us-east-1e
  auto request = must(aws::request_quota_increase(*client, "L-DB2E81BA", 8, call));
  EXPECT_EQ(request.status, "PENDING");
  clock.advance(1h);
  EXPECT_EQ(must(aws::service_quota(*client, "L-DB2E81BA", call)), 8);
}

}  // namespace
}  // namespace tombolo::sim
