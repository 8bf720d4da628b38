// Faults, throttling, latency, and the mount as a Transport in virtual time.
#include <gmock/gmock.h>

#include "sim/test_support.hpp"

namespace tombolo::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
struct Weather : SimTest {
  Result<net::Response> send(const std::string& action, Parameters parameters = {}) {
    return site.send(query_request("ec2", "2016-11-15", action, std::move(parameters)), {});
  }
};

TEST_F(Weather, ErrorInsteadOfTheCall) {
  site.refuse("AllocateAddress", "RequestLimitExceeded", 503, 2);
  EXPECT_EQ(ec2("AllocateAddress").code(), "RequestLimitExceeded");
  EXPECT_EQ(ec2("AllocateAddress").status, 503);
  EXPECT_THAT(site.addresses(), IsEmpty());
  EXPECT_EQ(ec2("AllocateAddress").code(), "");
}

TEST_F(Weather, AnswerLostAsAnErrorOrAsACutConnectionAfterTheCall) {
  Fault fault;
  fault.action = "AllocateAddress";
  fault.kind = Fault::Kind::kErrorAfter;
  site.add_fault(fault);
  site.lose_answer("AllocateAddress");
  EXPECT_EQ(ec2("AllocateAddress").code(), "InternalError");
  EXPECT_TRUE(ec2("AllocateAddress").cut);
  EXPECT_THAT(site.addresses(), SizeIs(2));
  EXPECT_TRUE(site.calls().back().executed);
  EXPECT_EQ(site.calls().back().status, 0);
}

TEST_F(Weather, CutBeforeTheCallLeavesNothing) {
  site.cut("AllocateAddress");
  auto lost = send("AllocateAddress");
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code(), Code::kTransient);
  EXPECT_THAT(site.addresses(), IsEmpty());
}

TEST_F(Weather, HtmlIsAnHttp500ThatIsNotXml) {
  Fault fault;
  fault.action = "*";
  fault.kind = Fault::Kind::kHtml;
  site.add_fault(fault);
  auto answer = ec2("DescribeVpcs");
  EXPECT_EQ(answer.status, 500);
  EXPECT_THAT(answer.body, HasSubstr("<html>"));
}

TEST_F(Weather, FaultsCanWaitForAParameterAndForTheNthCall) {
  Fault fault;
  fault.action = "CreateSecurityGroup";
  fault.match = {{"GroupName", "b"}};
  fault.skip = 1;
  fault.code = "Unavailable";
  fault.status = 503;
  site.add_fault(fault);
  group("a");
  auto first = group("b");
  EXPECT_EQ(ec2("DeleteSecurityGroup", {{"GroupId", first}}).code(), "");
  EXPECT_EQ(ec2("CreateSecurityGroup", {{"GroupName", "b"}, {"GroupDescription", "x"}}).code(), "Unavailable");
}

TEST_F(Weather, RunInstancesHasABucketOfFiveThatFillsByTwoASecond) {
  int refused = 0;
  for (int i = 0; i < 7; ++i)
    refused += ec2("RunInstances", launch({{"DryRun", "true"}})).code() == "RequestLimitExceeded";
  EXPECT_EQ(refused, 2);
  clock.advance(1s);
  for (int i = 0; i < 3; ++i)
    refused += ec2("RunInstances", launch({{"DryRun", "true"}})).code() == "RequestLimitExceeded";
  EXPECT_EQ(refused, 3);
}

TEST_F(Weather, ReadingEverythingIsThrottledSoonerThanReadingByFilter) {
  auto refusals = [&](const Parameters& parameters) {
    int refused = 0;
    for (int i = 0; i < 101; ++i) refused += ec2("DescribeInstances", parameters).status == 503;
    return refused;
  };
  EXPECT_EQ(refusals({}), 51);
  EXPECT_EQ(refusals({{"Filter.1.Name", "instance-state-name"}, {"Filter.1.Value.1", "running"}}), 1);
  auto options = site.options();
  options.throttling = false;
  site.set_options(options);
  EXPECT_EQ(refusals({}), 0);
}

TEST_F(Weather, TransportTakesLatencyOfVirtualTime) {
  auto began = clock.now();
  ASSERT_TRUE(send("RunInstances", launch()));
  auto took = clock.now() - began;
  EXPECT_GE(took, 900ms);
  EXPECT_LE(took, 1800ms);
}

TEST_F(Weather, SlowAnswerBeyondTheTimeoutIsLostAlthoughTheCallWasCarriedOut) {
  Fault fault;
  fault.action = "AllocateAddress";
  fault.kind = Fault::Kind::kSlow;
  fault.delay = 90s;
  site.add_fault(fault);
  auto began = clock.now();
  auto lost = send("AllocateAddress");
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code(), Code::kTransient);
  EXPECT_EQ(clock.now() - began, 60s);
  EXPECT_THAT(site.addresses(), SizeIs(1));
}

TEST_F(Weather, OtherHostsAndOtherRegionsDoNotResolve) {
  net::Request request{"GET", "https://example.org/", {}, "", 60s};
  EXPECT_EQ(site.send(request, {}).error().code(), Code::kUnreachable);
  request.url = "https://ec2.moon-1.amazonaws.com/";
  EXPECT_EQ(site.send(request, {}).error().code(), Code::kUnreachable);
  request.url = "https://checkip.amazonaws.com/";
  EXPECT_EQ(site.send(request, {})->body, "192.0.2.10\n");
}

TEST_F(Weather, StopIsHeardBeforeTheCall) {
  std::stop_source stop;
  stop.request_stop();
  auto answer = site.send(query_request("ec2", "2016-11-15", "AllocateAddress", {}), stop.get_token());
  EXPECT_EQ(answer.error().code(), Code::kCancelled);
  EXPECT_THAT(site.addresses(), IsEmpty());
}

TEST(Determinism, SameSeedAndCallsGiveTheSameWorldAndOtherSeedsAnother) {
  struct Run : SimTest {
    explicit Run(std::uint64_t seed) : SimTest(seeded(seed)) {}
    static Options seeded(std::uint64_t seed) {
      Options options;
      options.seed = seed;
      return options;
    }
    void TestBody() override {}
    std::string story() {
      std::string out;
      for (int i = 0; i < 3; ++i) {
        auto reply = site.send(query_request("ec2", "2016-11-15", "RunInstances", launch()), {});
        out += reply->body + format_time(clock.now());
      }
      return out;
    }
  };
  EXPECT_EQ(Run(7).story(), Run(7).story());
  EXPECT_NE(Run(7).story(), Run(8).story());
}

TEST_F(Weather, LogTellsActionsWithoutSecrets) {
  run({{"UserData", codec::encode_base64(as_bytes("#!/bin/sh\n"))}});
  ssm("PutParameter", codec::JsonObject{{"Name", "/t/ca"}, {"Value", "hidden"}, {"Type", "SecureString"}});
  for (const auto& call : site.calls()) {
    for (const auto& [name, value] : call.parameters) {
      EXPECT_THAT(value, ::testing::Not(HasSubstr("hidden")));
      EXPECT_TRUE(name != "UserData" || value == "(16 characters)") << value;
    }
  }
  EXPECT_EQ(site.calls().back().action, "PutParameter");
}

}  // namespace
}  // namespace tombolo::sim
