#include "aws/client.hpp"

#include "aws/sigv4.hpp"
#include "aws/test_support.hpp"

namespace tombolo::aws {
namespace {

constexpr CallTraits kRead{CallKind::kRead, Repeat::kSafe};
constexpr CallTraits kOnce{CallKind::kCreate, Repeat::kLookFirst};
constexpr const char* kFine = "<DescribeVpcsResponse><vpcSet/></DescribeVpcsResponse>";
constexpr const char* kHtml = "<!doctype html><html><title>500 Internal Server Error</title></html>";

Result<codec::XmlElement> ask(World& world, CallTraits traits = kRead, CallOptions options = {}) {
  return world.client.query(kEc2, "DescribeVpcs", {{"Filter.1.Name", "tag:a b"}}, traits, options);
}

TEST(Client, SendsASignedFormToTheRegionsEndpoint) {
  World world;
  world.aws.then(200, kFine);
  ASSERT_TRUE(ask(world));
  const net::Request& sent = world.aws.requests.at(0);
  EXPECT_EQ(sent.method, "POST");
  EXPECT_EQ(sent.url, "https://ec2.us-west-2.amazonaws.com/");
  EXPECT_EQ(sent.body, "Action=DescribeVpcs&Version=2016-11-15&Filter.1.Name=tag%3Aa%20b");
  const auto signature = read_signature(sent);
  ASSERT_TRUE(signature);
  EXPECT_EQ(signature->scope.region, "us-west-2");
  EXPECT_EQ(signature->scope.service, "ec2");
  EXPECT_EQ(signature->at, noon());
  EXPECT_EQ(*expected_signature(sent, *signature, Secret<std::string>("secret")), signature->signature);
}

TEST(Client, JsonServicesGetTheirTargetAndType) {
  World world;
  world.aws.then(200, R"({"Parameter":{"Value":"x"}})");
  auto answer = world.client.json(kSsm, "GetParameter", codec::JsonObject{{"Name", "/a"}}, kRead, {});
  ASSERT_TRUE(answer);
  EXPECT_EQ(codec::text_at(*answer, "Parameter.Value"), "x");
  const net::Request& sent = world.aws.requests.at(0);
  EXPECT_EQ(sent.url, "https://ssm.us-west-2.amazonaws.com/");
  EXPECT_EQ(net::header(sent.headers, "x-amz-target"), "AmazonSSM.GetParameter");
  EXPECT_EQ(net::header(sent.headers, "content-type"), "application/x-amz-json-1.1");
  EXPECT_EQ(sent.body, R"({"Name":"/a"})");
}

TEST(Client, TroubleIsWaitedOutInVirtualTime) {
  World world;
  world.aws.then(500, kHtml)
      .then(Code::kTransient)
      .then(Code::kUnreachable)
      .then_error(503, "RequestLimitExceeded")
      .then(200, kFine);
  ASSERT_TRUE(ask(world));
  EXPECT_EQ(world.client.statistics().calls, 5u);
  EXPECT_EQ(world.client.statistics().retries, 4u);
  EXPECT_GT(world.passed(), Duration(0));
  EXPECT_LE(world.passed(), std::chrono::milliseconds(50 + 100 + 200 + 8000));
}

TEST(Client, ThrottlingIsWaitedOutLongerThanTrouble) {
  World throttled, troubled;
  for (int i = 0; i < 5; ++i) {
    throttled.aws.then_error(503, "RequestLimitExceeded");
    troubled.aws.then_error(500, "InternalError");
  }
  throttled.aws.then(200, kFine);
  troubled.aws.then(200, kFine);
  ASSERT_TRUE(ask(throttled));
  ASSERT_TRUE(ask(troubled));
  EXPECT_GT(throttled.passed(), 4 * troubled.passed());
}

TEST(Client, TheServersWishForAPauseIsHonoured) {
  World world;
  world.aws.then_error(503, "RequestLimitExceeded", "", {{"x-amz-retry-after", "30000"}}).then(200, kFine);
  ASSERT_TRUE(ask(world));
  EXPECT_GE(world.passed(), std::chrono::seconds(30));
  EXPECT_LE(world.passed(), std::chrono::seconds(35));
}

TEST(Client, ALostAnswerToACallWithoutTokenIsNotRepeated) {
  for (int kind = 0; kind < 3; ++kind) {
    World world;
    if (kind == 0) world.aws.then(Code::kTransient);
    if (kind == 1) world.aws.then(500, kHtml);
    if (kind == 2) world.aws.then(200, "<AllocateAddressResp");  // cut off in the middle
    auto answer = ask(world, kOnce);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), Code::kTransient);
    EXPECT_EQ(world.client.statistics().calls, 1u);
  }
}

TEST(Client, WhatWasSurelyNotDoneIsRepeatedEvenWithoutToken) {
  World world;
  world.aws.then_error(503, "RequestLimitExceeded").then(Code::kUnreachable).then(200, kFine);
  EXPECT_TRUE(ask(world, kOnce));
}

TEST(Client, CapacityIsNotRetriedInPlaceThoughItsStatusIs500) {
  World world;
  world.aws.then_error(500, "InsufficientInstanceCapacity", "We currently do not have sufficient g6.xlarge capacity");
  auto answer = ask(world);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kCapacity);
  EXPECT_EQ(answer.error().remote()->http_status, 500);
}

TEST(Client, GivesUpAfterItsAttempts) {
  World world;
  for (int i = 0; i < 8; ++i) world.aws.then_error(500, "InternalError");
  auto answer = ask(world);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kTransient);
  EXPECT_TRUE(world.aws.at_end());
}

TEST(Client, GivesUpWhenTheTotalTimeIsOver) {
  World world;
  for (int i = 0; i < 3; ++i) world.aws.then_error(503, "RequestLimitExceeded", "", {{"x-amz-retry-after", "25000"}});
  auto answer = ask(world);
  ASSERT_FALSE(answer);
  EXPECT_LE(world.passed(), std::chrono::seconds(60));
  EXPECT_EQ(world.client.statistics().calls, 3u);
}

TEST(Client, AnAwsInTroubleIsNotHammered) {
  World world;
  for (int i = 0; i < 400; ++i) world.aws.then_error(500, "InternalError");
  std::uint64_t calls = 0;
  for (; calls < 200 && !world.aws.at_end(); ++calls) EXPECT_FALSE(ask(world));
  // 500 tokens at 14 each: 35 retries, then every call is tried once.
  EXPECT_EQ(world.client.statistics().retries, 35u);
  EXPECT_EQ(world.client.statistics().calls, calls + 35);
}

TEST(Client, AStopEndsThePause) {
  World world;
  std::stop_source stop;
  world.aws.then([&](const net::Request&) {
    stop.request_stop();
    return net::Response{500, {}, ""};
  });
  auto answer = ask(world, kRead, {stop.get_token(), {}});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kCancelled);
}

// AWS with a clock of its own: refuses what was signed more than five minutes away from it, in `code`'s words.
Script::Answer punctual(Duration ahead, std::string code, std::string message) {
  return [=](const net::Request& request) -> Result<net::Response> {
    const Time theirs = noon() + ahead;
    const auto signature = read_signature(request);
    const std::string date = fmt::format("Thu, 26 Nov 2026 {} GMT", format_time(theirs).substr(11, 8));
    if (std::chrono::abs(signature->at - theirs) < std::chrono::minutes(5))
      return net::Response{200, {{"Date", date}}, kFine};
    return net::Response{
        400,
        {{"Date", date}},
        fmt::format("<Response><Errors><Error><Code>{}</Code><Message>{}</Message></Error></Errors></Response>", code,
                    message)};
  };
}

TEST(Client, AWrongClockIsCorrectedFromTheAnswerAndSignedAgain) {
  const std::pair<const char*, const char*> refusals[] = {
      {"RequestExpired", ""},
      {"RequestTimeTooSkewed", ""},
      {"AuthFailure", "AWS was not able to validate"},
      {"SignatureDoesNotMatch", "Signature expired: 1 is now earlier than 2"}};
  for (const Duration ahead : {Duration(20min), Duration(-20min)})
    for (const auto& [code, message] : refusals) {
      World world;
      for (int i = 0; i < 3; ++i) world.aws.then(punctual(ahead, code, message));
      ASSERT_TRUE(ask(world)) << code;
      EXPECT_EQ(world.client.clock_correction(), ahead) << code;
      EXPECT_EQ(world.client.statistics().calls, 2u);
      ASSERT_TRUE(ask(world)) << "the correction lasts";
      EXPECT_EQ(world.client.statistics().calls, 3u);
      EXPECT_EQ(world.passed(), Duration(0)) << "correcting needs no pause";
    }
}

TEST(Client, ARightClockIsLeftAloneAndTheRefusalStands) {
  World world;
  world.aws.then_error(401, "AuthFailure", "no", {{"Date", "Thu, 26 Nov 2026 12:00:30 GMT"}});
  auto answer = ask(world);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kAccount);
  EXPECT_EQ(world.client.clock_correction(), Duration(0));
}

TEST(Client, AClockThatStaysWrongIsTriedOnce) {
  World world;
  world.aws.then_error(400, "RequestTimeTooSkewed", "", {{"Date", "Thu, 26 Nov 2026 13:00:00 GMT"}})
      .then_error(400, "RequestTimeTooSkewed", "", {{"Date", "Thu, 26 Nov 2026 15:00:00 GMT"}});
  EXPECT_EQ(ask(world).error().code(), Code::kClock);
}

// Credentials that the chain finds in the container's endpoint, fresh ones each time: token-1, token-2, ...
struct RenewingWorld {
  VirtualClock clock{noon()};
  Script aws;
  int handed_out = 0;
  std::shared_ptr<CredentialStore> store;
  std::unique_ptr<Client> client;

  RenewingWorld() {
    ChainOptions options;
    options.environment.variables = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x"}, {"HOME", "/nonexistent"}};
    store = CredentialStore::chain(clock, aws, options);
    client = std::make_unique<Client>(clock, aws, store, test_config());
  }
  RenewingWorld& hand_out_keys() {
    aws.then([this](const net::Request& request) -> Result<net::Response> {
      EXPECT_EQ(request.url, "http://169.254.170.2/x");
      const Time expires = clock.now() + 1h;
      return net::Response{
          200,
          {},
          fmt::format(R"({{"AccessKeyId":"A","SecretAccessKey":"s","Token":"token-{}","Expiration":"{}"}})",
                      ++handed_out, format_time(expires))};
    });
    return *this;
  }
};

TEST(Client, ExpiredCredentialsAreRenewedOnce) {
  RenewingWorld world;
  world.hand_out_keys();
  world.aws.then_error(400, "ExpiredToken");
  world.hand_out_keys();
  world.aws.then(200, kFine);
  ASSERT_TRUE(world.client->query(kEc2, "DescribeVpcs", {}, kRead, {}));
  EXPECT_EQ(net::header(world.aws.requests.at(1).headers, "x-amz-security-token"), "token-1");
  EXPECT_EQ(net::header(world.aws.requests.at(3).headers, "x-amz-security-token"), "token-2");

  world.aws.then_error(400, "ExpiredToken");
  world.hand_out_keys();
  world.aws.then_error(400, "ExpiredToken");
  auto answer = world.client->query(kEc2, "DescribeVpcs", {}, kRead, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kCredentials);
  EXPECT_TRUE(world.aws.at_end());
}

TEST(Client, RequestExpiredWithARightClockMeansTheCredentials) {
  RenewingWorld world;
  world.hand_out_keys();
  world.aws.then_error(400, "RequestExpired", "", {{"Date", "Thu, 26 Nov 2026 12:00:00 GMT"}});
  world.hand_out_keys();
  world.aws.then(200, kFine);
  EXPECT_TRUE(world.client->query(kEc2, "DescribeVpcs", {}, kRead, {}));
}

TEST(Client, CredentialsAreFetchedAgainBeforeTheyExpire) {
  RenewingWorld world;
  world.hand_out_keys();
  world.aws.then(200, kFine).then(200, kFine);
  ASSERT_TRUE(world.client->query(kEc2, "DescribeVpcs", {}, kRead, {}));
  world.clock.advance(54min);
  ASSERT_TRUE(world.client->query(kEc2, "DescribeVpcs", {}, kRead, {}));
  EXPECT_EQ(world.handed_out, 1);
  world.clock.advance(2min);
  world.hand_out_keys();
  world.aws.then(200, kFine);
  ASSERT_TRUE(world.client->query(kEc2, "DescribeVpcs", {}, kRead, {}));
  EXPECT_EQ(world.handed_out, 2);
}

TEST(Client, FollowsPagesToTheirEnd) {
  World world;
  world.aws.then(200, "<R><vpcSet><item><vpcId>vpc-1</vpcId></item></vpcSet><nextToken>t+/1</nextToken></R>")
      .then_error(503, "RequestLimitExceeded")
      .then(200, "<R><vpcSet><item><vpcId>vpc-2</vpcId></item></vpcSet><nextToken/></R>");
  std::vector<std::string> ids;
  ASSERT_TRUE(world.client.pages(kEc2, "DescribeVpcs", {{"MaxResults", "5"}}, {},
                                 [&](const codec::XmlElement& page) -> Result<> {
                                   for (const auto* item : page.all("vpcSet/item"))
                                     ids.push_back(item->text_at("vpcId"));
                                   return {};
                                 }));
  EXPECT_THAT(ids, ::testing::ElementsAre("vpc-1", "vpc-2"));
  EXPECT_EQ(codec::field(world.aws.form(2), "NextToken"), "t+/1");
  EXPECT_EQ(codec::field(world.aws.form(2), "MaxResults"), "5");
}

TEST(Client, PagesThatGoInACircleAreAnError) {
  World world;
  for (int i = 0; i < 2; ++i) world.aws.then(200, "<R><nextToken>same</nextToken></R>");
  EXPECT_EQ(world.client.pages(kEc2, "DescribeVpcs", {}, {}, [](const codec::XmlElement&) -> Result<> { return {}; })
                .error()
                .code(),
            Code::kCorrupt);
}

TEST(Client, EndpointsAreOverriddenByTheEnvironmentAndTheProfile) {
  Environment env;
  const ConfigFile files = *parse_config_file(
      "[default]\nendpoint_url = http://profile:1\nservices = mine\n[services mine]\nec2 =\n  endpoint_url = "
      "http://section:2\n",
      "config");
  const auto of = [&](const Service& service) { return endpoint_url(env, files, "default", service, "eu-west-1"); };
  EXPECT_EQ(endpoint_url({}, {}, "default", kEc2, "eu-west-1"), "https://ec2.eu-west-1.amazonaws.com/");
  EXPECT_EQ(endpoint_url({}, {}, "default", kSts, "cn-north-1"), "https://sts.cn-north-1.amazonaws.com.cn/");
  EXPECT_EQ(of(kEc2), "http://section:2/");
  EXPECT_EQ(of(kSsm), "http://profile:1/");
  env.variables["AWS_ENDPOINT_URL"] = "http://127.0.0.1:5055";
  EXPECT_EQ(of(kEc2), "http://127.0.0.1:5055/");
  env.variables["AWS_ENDPOINT_URL_EC2"] = "http://127.0.0.1:1/";
  EXPECT_EQ(of(kEc2), "http://127.0.0.1:1/");
  EXPECT_EQ(of(kServiceQuotas), "http://127.0.0.1:5055/");
  env.variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true";
  EXPECT_EQ(of(kEc2), "https://ec2.eu-west-1.amazonaws.com/");
}

TEST(Retry, ASuccessPaysBackWhatItsRetryCost) {
  RetryQuota quota(1);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(quota.pause({}, Code::kTransient, 1, {}));
  EXPECT_EQ(quota.tokens(), 500 - 140);
  quota.succeeded(14);
  EXPECT_EQ(quota.tokens(), 500 - 126);
  quota.succeeded(0);
  EXPECT_EQ(quota.tokens(), 500 - 125);
  for (int i = 0; i < 200; ++i) quota.succeeded(0);
  EXPECT_EQ(quota.tokens(), 500);
}

TEST(Retry, PausesGrowToTheirLimitAndRepeatWithTheSeed) {
  RetryQuota one(7), two(7);
  for (int attempt = 1; attempt <= 30; ++attempt) {
    const Duration limit =
        std::min<Duration>(std::chrono::seconds(1) * (1 << std::min(attempt - 1, 10)), std::chrono::seconds(20));
    const auto pause = one.pause({}, Code::kThrottled, attempt, {});
    ASSERT_TRUE(pause);
    EXPECT_LE(*pause, limit);
    EXPECT_EQ(*pause, *two.pause({}, Code::kThrottled, attempt, {}));
  }
}

TEST(Retry, TheEnvironmentMaySayHowManyAttempts) {
  EXPECT_EQ(retry_policy({{{"AWS_MAX_ATTEMPTS", "3"}}}).attempts, 3);
  for (const char* nonsense : {"", "0", "-1", "x", "3x", "1000"})
    EXPECT_EQ(retry_policy({{{"AWS_MAX_ATTEMPTS", nonsense}}}).attempts, 8) << nonsense;
}

}  // namespace
}  // namespace tombolo::aws
