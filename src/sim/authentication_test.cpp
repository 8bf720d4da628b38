// Signatures, keys, tokens, clocks and permissions, in the words of each protocol.
#include <gmock/gmock.h>

#include "sim/test_support.hpp"

namespace tombolo::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
struct Authentication : SimTest {
  Answered quota_question() {
    return quotas("GetServiceQuota", codec::JsonObject{{"ServiceCode", "ec2"}, {"QuotaCode", "L-0263D0A3"}});
  }
};

TEST_F(Authentication, GoodSignatureIsAcceptedByEveryService) {
  EXPECT_EQ(ec2("DescribeVpcs").status, 200);
  EXPECT_EQ(sts("GetCallerIdentity")["GetCallerIdentityResult/Account"], kAccount);
  EXPECT_EQ(quota_question().status, 200);
  EXPECT_THAT(image(), StartsWith("ami-"));
}

TEST_F(Authentication, WrongSecretIsRefused) {
  credentials.secret_key = Secret<std::string>("guessed");
  EXPECT_EQ(ec2("DescribeVpcs").code(), "AuthFailure");
  EXPECT_EQ(ec2("DescribeVpcs").status, 401);
  EXPECT_EQ(sts("GetCallerIdentity").code(), "SignatureDoesNotMatch");
  EXPECT_EQ(quota_question().code(), "InvalidSignatureException");
}

TEST_F(Authentication, UnknownKeyIsRefused) {
  credentials.access_key = "AKIDNOBODY0000000001";
  EXPECT_EQ(ec2("DescribeVpcs").code(), "AuthFailure");
  EXPECT_EQ(sts("GetCallerIdentity").code(), "InvalidClientTokenId");
  EXPECT_EQ(quota_question().code(), "UnrecognizedClientException");
}

TEST_F(Authentication, ChangedBodyHeaderOrPathIsRefused) {
  auto request = query_request("ec2", "2016-11-15", "DescribeVpcs", {});
  auto body = request;
  body.body += "&MaxResults=5";
  EXPECT_EQ(ask(body).code(), "AuthFailure");
  auto header = request;
  for (auto& each : header.headers) {
    if (each.name == "Content-Type") each.value = "application/x-www-form-urlencoded";
  }
  EXPECT_EQ(ask(header).code(), "AuthFailure");
  auto path = request;
  path.url += "other";
  EXPECT_EQ(ask(path).code(), "AuthFailure");
  EXPECT_EQ(ask(request).code(), "");
}

TEST_F(Authentication, UnsignedRequestIsRefused) {
  auto request = query_request("ec2", "2016-11-15", "DescribeVpcs", {});
  std::erase_if(request.headers, [](const net::Header& header) { return header.name == "Authorization"; });
  EXPECT_EQ(ask(request).code(), "MissingAuthenticationToken");
  request.headers.push_back({"Authorization", "Basic dXNlcjpwYXNz"});
  EXPECT_EQ(ask(request).code(), "IncompleteSignature");
}

TEST_F(Authentication, SignatureForAnotherServiceOrAnUnknownRegionIsRefused) {
  auto request = query_request("ec2", "2016-11-15", "DescribeVpcs", {});
  ASSERT_TRUE(aws::sign(request, credentials, {"us-east-1", "sts"}, clock.now()));
  EXPECT_THAT(ask(request).message(), HasSubstr("correct service: 'ec2'"));
  ASSERT_TRUE(aws::sign(request, credentials, {"moon-1", "ec2"}, clock.now()));
  EXPECT_THAT(ask(request).message(), HasSubstr("valid region"));
}

TEST_F(Authentication, ClockOffByTwentyMinutesIsSaidInEachProtocolsWords) {
  auto options = site.options();
  options.clock_skew = 20min;
  site.set_options(options);
  EXPECT_EQ(ec2("DescribeVpcs").code(), "RequestExpired");
  EXPECT_EQ(sts("GetCallerIdentity").code(), "SignatureDoesNotMatch");
  EXPECT_EQ(sts("GetCallerIdentity").message(),
            "Signature expired: 20261126T010000Z is now earlier than 20261126T010500Z (20261126T012000Z - 15 min.)");
  EXPECT_EQ(quota_question().code(), "InvalidSignatureException");
  auto reply = site.answer(query_request("ec2", "2016-11-15", "DescribeVpcs", {}));
  EXPECT_EQ(net::header(reply.response.headers, "date"),
            "Thu, 26 Nov 2026 01:20:00 GMT");  // what a client corrects itself by
  options.clock_skew = -20min;
  site.set_options(options);
  EXPECT_THAT(sts("GetCallerIdentity").message(), StartsWith("Signature not yet current"));
  options.clock_skew = 14min;
  site.set_options(options);
  EXPECT_EQ(ec2("DescribeVpcs").code(), "");
}

TEST_F(Authentication, AssumedRoleWorksWithItsTokenUntilItExpires) {
  auto assumed = sts(
      "AssumeRole",
      {{"RoleArn", "arn:aws:iam::123456789012:role/deploy"}, {"RoleSessionName", "me"}, {"DurationSeconds", "900"}});
  credentials = {assumed["AssumeRoleResult/Credentials/AccessKeyId"],
                 Secret<std::string>(assumed["AssumeRoleResult/Credentials/SecretAccessKey"]),
                 Secret<std::string>(assumed["AssumeRoleResult/Credentials/SessionToken"]),
                 {},
                 "test"};
  EXPECT_EQ(sts("GetCallerIdentity")["GetCallerIdentityResult/Arn"],
            "arn:aws:sts::123456789012:assumed-role/deploy/me");
  auto good = credentials;
  credentials.session_token = Secret<std::string>("another");
  EXPECT_EQ(ec2("DescribeVpcs").code(), "AuthFailure");
  credentials = good;
  clock.advance(15min);
  EXPECT_EQ(ec2("DescribeVpcs").code(), "RequestExpired");
  EXPECT_EQ(sts("GetCallerIdentity").code(), "ExpiredToken");
  EXPECT_EQ(quota_question().code(), "ExpiredTokenException");
}

TEST_F(Authentication, DeniedActionCarriesAMessageThatStsDecodes) {
  site.deny("ec2:RunInstances");
  auto answer = ec2("RunInstances", launch());
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.code(), "UnauthorizedOperation");
  auto text = answer.message();
  auto encoded = text.substr(text.rfind(' ') + 1);
  auto decoded = codec::parse_json(sts(
      "DecodeAuthorizationMessage", {{"EncodedMessage", encoded}})["DecodeAuthorizationMessageResult/DecodedMessage"]);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(codec::text_at(*decoded, "context.action"), "ec2:RunInstances");
  site.deny("GetServiceQuota");
  EXPECT_EQ(quota_question().code(), "AccessDeniedException");
  site.allow("ec2:RunInstances");
  EXPECT_EQ(ec2("RunInstances", launch()).code(), "");
}

TEST_F(Authentication, UnknownActionsAndVersionsAreRefused) {
  EXPECT_EQ(ec2("LaunchRockets").code(), "InvalidAction");
  EXPECT_EQ(ask(query_request("ec2", "2006-01-01", "DescribeVpcs", {})).code(), "NoSuchVersion");
  EXPECT_EQ(quotas("LaunchRockets", codec::JsonObject{}).code(), "UnknownOperationException");
  EXPECT_EQ(ask(signed_request("ssm", "[1]", {{"X-Amz-Target", "AmazonSSM.GetParameter"}})).code(),
            "SerializationException");
}

}  // namespace
}  // namespace tombolo::sim
