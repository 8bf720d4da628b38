// Names, tags, filters, pages, security group rules, key pairs, images, types, addresses: what EC2 takes and what it refuses.
#include <gmock/gmock.h>

#include "crypto/ed25519.hpp"
#include "crypto/ssh_key.hpp"
#include "sim/filters.hpp"
#include "sim/test_support.hpp"

namespace tombolo::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;
struct Rules : SimTest {};

TEST_F(Rules, GroupNamesAreUniqueAndWellFormed) {
  auto create = [&](const std::string& name, const std::string& description) {
    return ec2("CreateSecurityGroup", {{"GroupName", name}, {"GroupDescription", description}}).code();
  };
  EXPECT_EQ(create("mesh", "x"), "");
  EXPECT_EQ(create("mesh", "y"), "InvalidGroup.Duplicate");
  EXPECT_EQ(create("sg-mine", "x"), "InvalidParameterValue");
  EXPECT_EQ(create(std::string(256, 'a'), "x"), "InvalidParameterValue");
  EXPECT_EQ(create("b", "sch\xc3\xb6n"), "InvalidParameterValue");
  EXPECT_EQ(create("b", ""), "MissingParameter");
}

TEST_F(Rules, RulesAreUniqueWhateverTheirDescription) {
  auto id = group();
  EXPECT_EQ(authorize(id, "0.0.0.0/0").code(), "");
  EXPECT_EQ(authorize(id, "0.0.0.0/0").code(), "InvalidPermission.Duplicate");
  EXPECT_EQ(authorize(id, "10.0.0.1/8").code(), "InvalidParameterValue");
  EXPECT_EQ(authorize(id, "everywhere").code(), "InvalidParameterValue");
  EXPECT_EQ(authorize(id, "10.0.0.0/8", "70000").code(), "InvalidParameterValue");
  EXPECT_EQ(authorize(id, "10.0.0.0/8", "4294971538").code(), "InvalidParameterValue");  // 4242 and 2^32
  auto seen = ec2("DescribeSecurityGroups", {{"GroupId.1", id}});
  EXPECT_EQ(seen["securityGroupInfo/item/ipPermissions/item/ipProtocol"], "udp");
  EXPECT_EQ(seen["securityGroupInfo/item/ipPermissions/item/ipRanges/item/cidrIp"], "0.0.0.0/0");
  EXPECT_EQ(seen["securityGroupInfo/item/ipPermissionsEgress/item/ipProtocol"], "-1");
  EXPECT_EQ(
      ec2("RevokeSecurityGroupIngress",
          {{"GroupId", id}, {"IpProtocol", "udp"}, {"FromPort", "4242"}, {"ToPort", "4242"}, {"CidrIp", "0.0.0.0/0"}})
          .code(),
      "");
  EXPECT_EQ(
      ec2("RevokeSecurityGroupIngress",
          {{"GroupId", id}, {"IpProtocol", "udp"}, {"FromPort", "4242"}, {"ToPort", "4242"}, {"CidrIp", "0.0.0.0/0"}})
          .code(),
      "InvalidPermission.NotFound");
}

TEST_F(Rules, DuplicateAmongSeveralRulesFailsTheWholeCall) {
  auto id = group();
  EXPECT_EQ(authorize(id, "0.0.0.0/0").code(), "");
  auto both = ec2("AuthorizeSecurityGroupIngress", {{"GroupId", id},
                                                    {"IpPermissions.1.IpProtocol", "tcp"},
                                                    {"IpPermissions.1.FromPort", "22"},
                                                    {"IpPermissions.1.ToPort", "22"},
                                                    {"IpPermissions.1.IpRanges.1.CidrIp", "192.0.2.10/32"},
                                                    {"IpPermissions.2.IpProtocol", "17"},
                                                    {"IpPermissions.2.FromPort", "4242"},
                                                    {"IpPermissions.2.ToPort", "4242"},
                                                    {"IpPermissions.2.IpRanges.1.CidrIp", "0.0.0.0/0"}});
  EXPECT_EQ(both.code(), "InvalidPermission.Duplicate");
  EXPECT_THAT(site.security_groups().front().rules, SizeIs(2));  // the first one, and egress
}

TEST_F(Rules, GroupsHaveAtMostSixtyRules) {
  auto options = site.options();
  options.throttling = false;
  site.set_options(options);
  auto id = group();
  for (int i = 0; i < 60; ++i) ASSERT_EQ(authorize(id, "10.0." + std::to_string(i) + ".0/24").code(), "");
  EXPECT_EQ(authorize(id, "10.1.0.0/24").code(), "RulesPerSecurityGroupLimitExceeded");
}

TEST_F(Rules, TagsHaveLimits) {
  auto id = group();
  auto tag = [&](const std::string& key, const std::string& value) {
    return ec2("CreateTags", {{"ResourceId.1", id}, {"Tag.1.Key", key}, {"Tag.1.Value", value}}).code();
  };
  EXPECT_EQ(tag("aws:mine", "x"), "InvalidParameterValue");
  EXPECT_EQ(tag(std::string(129, 'k'), "x"), "InvalidParameterValue");
  EXPECT_EQ(tag("k", std::string(257, 'v')), "InvalidParameterValue");
  EXPECT_EQ(tag("k", "v"), "");
  EXPECT_EQ(
      ec2("CreateTags", {{"ResourceId.1", "sg-00000000000000000"}, {"Tag.1.Key", "k"}, {"Tag.1.Value", "v"}}).code(),
      "InvalidGroup.NotFound");
  Parameters many = {{"ResourceId.1", id}};
  for (int i = 1; i <= 50; ++i) {
    many.emplace_back("Tag." + std::to_string(i) + ".Key", "k" + std::to_string(i));
    many.emplace_back("Tag." + std::to_string(i) + ".Value", "v");
  }
  EXPECT_EQ(ec2("CreateTags", many).code(), "TagLimitExceeded");  // 50 and the one that is there
  EXPECT_EQ(ec2("DescribeTags", {{"Filter.1.Name", "resource-id"}, {"Filter.1.Value.1", id}})["tagSet/item/key"], "k");
  EXPECT_EQ(ec2("DeleteTags", {{"ResourceId.1", id}, {"Tag.1.Key", "k"}, {"Tag.1.Value", "another"}}).code(), "");
  EXPECT_THAT(site.security_groups().front().tags, SizeIs(1));
  EXPECT_EQ(ec2("CreateSecurityGroup", {{"GroupName", "b"},
                                        {"GroupDescription", "x"},
                                        {"TagSpecification.1.ResourceType", "instance"},
                                        {"TagSpecification.1.Tag.1.Key", "k"},
                                        {"TagSpecification.1.Tag.1.Value", "v"}})
                .code(),
            "InvalidParameterValue");
}

TEST_F(Rules, UnknownFiltersAreRefusedAndWildcardsMatch) {
  EXPECT_EQ(ec2("DescribeInstances", {{"Filter.1.Name", "colour"}, {"Filter.1.Value.1", "red"}}).code(),
            "InvalidParameterValue");
  EXPECT_EQ(ec2("DescribeInstances", {{"Filter.1.Name", "instance-id"}}).code(), "InvalidParameterValue");
  EXPECT_EQ(
      ec2("DescribeInstanceTypeOfferings",
          {{"LocationType", "availability-zone"}, {"Filter.1.Name", "instance-type"}, {"Filter.1.Value.1", "g6.x*"}})
          .count("instanceTypeOfferingSet/item"),
      4u);
}

TEST(Pattern, StarsAndQuestionMarks) {
  EXPECT_TRUE(matches_pattern("al2023-ami-2023*-x86_64", "al2023-ami-2023.9-kernel-6.1-x86_64"));
  EXPECT_TRUE(matches_pattern("a*b*c", "axxbyybc"));
  EXPECT_TRUE(matches_pattern("?", "x"));
  EXPECT_FALSE(matches_pattern("?", ""));
  EXPECT_FALSE(matches_pattern("a*b", "abc"));
  EXPECT_TRUE(matches_pattern("*", ""));
  EXPECT_FALSE(matches_pattern("", "a"));
}

TEST_F(Rules, PagesHoldReservationsAndEndWithoutAToken) {
  for (int i = 0; i < 3; ++i) run();
  clock.advance(3s);
  for (int i = 0; i < 5; ++i) run();
  auto first = ec2("DescribeInstances", {{"MaxResults", "5"}});
  EXPECT_EQ(first.count("reservationSet/item"), 5u);
  auto second = ec2("DescribeInstances", {{"MaxResults", "5"}, {"NextToken", first["nextToken"]}});
  EXPECT_EQ(second.count("reservationSet/item"), 3u);
  EXPECT_EQ(second["nextToken"], "");
  EXPECT_EQ(ec2("DescribeInstances", {{"MaxResults", "4"}}).code(), "InvalidParameterValue");
  EXPECT_EQ(ec2("DescribeInstances", {{"MaxResults", "5"}, {"NextToken", "made up"}}).code(), "InvalidNextToken");
  EXPECT_EQ(ec2("DescribeInstances", {{"MaxResults", "5"}, {"InstanceId.1", site.instances()[0].id}}).code(),
            "InvalidParameterCombination");
}

TEST_F(Rules, ImportedKeysHaveTheirRealFingerprints) {
  auto pair = crypto::Ed25519Key::generate();
  auto line = crypto::openssh_public_line(pair.public_key(), "me");
  auto answer = ec2("ImportKeyPair", {{"KeyName", "k"}, {"PublicKeyMaterial", codec::encode_base64(as_bytes(line))}});
  EXPECT_EQ("SHA256:" + answer["keyFingerprint"], crypto::openssh_fingerprint(pair.public_key()) + "=");
  EXPECT_EQ(
      ec2("ImportKeyPair", {{"KeyName", "k"}, {"PublicKeyMaterial", codec::encode_base64(as_bytes(line))}}).code(),
      "InvalidKeyPair.Duplicate");
  EXPECT_EQ(
      ec2("ImportKeyPair", {{"KeyName", "l"}, {"PublicKeyMaterial", codec::encode_base64(as_bytes("ssh-rsa AAAA"))}})
          .code(),
      "InvalidKey.Format");
  EXPECT_EQ(ec2("DescribeKeyPairs", {{"KeyName.1", "k"}, {"IncludePublicKey", "true"}})["keySet/item/publicKey"], line);
  EXPECT_EQ(ec2("DescribeKeyPairs", {{"KeyName.1", "l"}}).code(), "InvalidKeyPair.NotFound");
  EXPECT_EQ(ec2("DeleteKeyPair", {{"KeyName", "k"}}).code(), "");
  EXPECT_EQ(ec2("DeleteKeyPair", {{"KeyName", "k"}}).code(), "");
}

TEST_F(Rules, CreatedKeysComeWithTheirPrivateHalf) {
  EXPECT_THAT(ec2("CreateKeyPair", {{"KeyName", "r"}, {"KeyType", "rsa"}, {"KeyFormat", "pem"}})["keyMaterial"],
              StartsWith("-----BEGIN RSA PRIVATE KEY-----"));
  EXPECT_THAT(ec2("CreateKeyPair", {{"KeyName", "e"}, {"KeyType", "ed25519"}})["keyMaterial"],
              StartsWith("-----BEGIN OPENSSH PRIVATE KEY-----"));
  EXPECT_THAT(ec2("DescribeKeyPairs", {{"KeyName.1", "r"}})["keySet/item/keyFingerprint"],
              SizeIs(59));  // twenty bytes with colons
}

TEST_F(Rules, StrangersImageIsFoundOnlyByThoseWhoForgetTheOwner) {
  Parameters by_name = {{"Filter.1.Name", "name"}, {"Filter.1.Value.1", "al2023-ami-2023*-x86_64"}};
  auto anybody = ec2("DescribeImages", by_name);
  by_name.emplace_back("Owner.1", "amazon");
  auto amazon = ec2("DescribeImages", by_name);
  EXPECT_EQ(anybody.count("imagesSet/item"), amazon.count("imagesSet/item") + 1);
  EXPECT_EQ(amazon.count("imagesSet/item"), 4u);
  EXPECT_EQ(ec2("DescribeImages", {{"ImageId.1", "ami-00000000000000000"}}).code(), "InvalidAMIID.NotFound");
}

TEST_F(Rules, AddressesAreLimitedToFive) {
  for (int i = 0; i < 5; ++i) allocate();
  EXPECT_EQ(ec2("AllocateAddress").code(), "AddressLimitExceeded");
}

TEST_F(Rules, RegionsKnowNothingOfEachOther) {
  allocate();
  region = "eu-west-1";
  EXPECT_EQ(ec2("DescribeAddresses").count("addressesSet/item"), 0u);
  EXPECT_EQ(ec2("DescribeAvailabilityZones")["availabilityZoneInfo/item/zoneId"], "euw1-az1");
  EXPECT_EQ(ec2("DescribeInstanceTypes", {{"InstanceType.1", "g6.xlarge"}}).code(), "InvalidInstanceType");
}

TEST_F(Rules, SpotPricesDifferByZone) {
  auto prices =
      ec2("DescribeSpotPriceHistory", {{"InstanceType.1", "g4dn.xlarge"}, {"ProductDescription.1", "Linux/UNIX"}});
  auto all = prices.xml.all("spotPriceHistorySet/item/spotPrice");
  ASSERT_THAT(all, SizeIs(5));
  EXPECT_NE(all[0]->text, all[1]->text);
}

TEST_F(Rules, QuotaIncreaseIsDecidedInTime) {
  codec::JsonObject quota{{"ServiceCode", "ec2"}, {"QuotaCode", "L-DB2E81BA"}};
  EXPECT_EQ(codec::find(quotas("GetServiceQuota", quota).json, "Quota.Value")->to_number<double>(), 0);
  auto wish = quota;
  wish["DesiredValue"] = 8;
  auto asked = quotas("RequestServiceQuotaIncrease", wish);
  EXPECT_EQ(codec::text_at(asked.json, "RequestedQuota.Status"), "PENDING");
  EXPECT_EQ(quotas("RequestServiceQuotaIncrease", wish).code(), "ResourceAlreadyExistsException");
  codec::JsonObject by_id{{"RequestId", codec::text_at(asked.json, "RequestedQuota.Id")}};
  clock.advance(20min);
  EXPECT_EQ(codec::text_at(quotas("GetRequestedServiceQuotaChange", by_id).json, "RequestedQuota.Status"),
            "CASE_OPENED");
  clock.advance(20min);
  EXPECT_EQ(codec::text_at(quotas("GetRequestedServiceQuotaChange", by_id).json, "RequestedQuota.Status"), "APPROVED");
  EXPECT_EQ(ec2("RunInstances", launch({{"InstanceType", "g4dn.xlarge"}})).code(), "");
  EXPECT_EQ(quotas("GetServiceQuota", codec::JsonObject{{"ServiceCode", "ec2"}, {"QuotaCode", "L-NONE"}}).code(),
            "NoSuchResourceException");
}

TEST_F(Rules, ParametersAreKeptByNameAndVersion) {
  codec::JsonObject parameter{{"Name", "/tombolo/ca"}, {"Value", "secret"}, {"Type", "SecureString"}};
  EXPECT_EQ(codec::number_at(ssm("PutParameter", parameter).json, "Version"), 1);
  EXPECT_EQ(ssm("PutParameter", parameter).code(), "ParameterAlreadyExists");
  EXPECT_NE(codec::text_at(ssm("GetParameter", codec::JsonObject{{"Name", "/tombolo/ca"}}).json, "Parameter.Value"),
            "secret");
  EXPECT_EQ(
      codec::text_at(ssm("GetParameter", codec::JsonObject{{"Name", "/tombolo/ca"}, {"WithDecryption", true}}).json,
                     "Parameter.Value"),
      "secret");
  EXPECT_EQ(ssm("DeleteParameter", codec::JsonObject{{"Name", "/tombolo/ca"}}).code(), "");
  EXPECT_EQ(ssm("DeleteParameter", codec::JsonObject{{"Name", "/tombolo/ca"}}).code(), "ParameterNotFound");
  parameter["Name"] = "/aws/mine";
  EXPECT_EQ(ssm("PutParameter", parameter).code(), "ValidationException");
}

}  // namespace
}  // namespace tombolo::sim
