// When a call is repeated, and with what.
#include "kube/client.hpp"

#include "base/files.hpp"
#include "base/temp_folder.hpp"
#include "kube/objects.hpp"
#include "kube/test_support.hpp"

namespace tombolo::kube {
namespace {

using ::testing::HasSubstr;

Call reading() { return {.doing = "reading", .path = "/version", .query = {{"a", "b c"}}}; }
Call creating() {
  return {.doing = "creating", .method = "POST", .path = "/x", .body = "{}", .repeat = Repeat::kLookFirst};
}

TEST(Call, SaysWhoWeAreAndWhatWeWant) {
  World world;
  world.server->then(200, "{\"x\":1}");
  const auto answer = world.client.call(reading(), {});
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(codec::number_at(*answer, "x"), 1);
  EXPECT_EQ(world.url(0), "https://192.168.1.54:6443/version?a=b%20c");
  EXPECT_EQ(net::header(world.server->requests[0].headers, "authorization"), "Bearer a-token");
}

TEST(Call, IsRepeatedWhileThatMayHelp) {
  World world;
  world.server->then_status(503, "ServiceUnavailable").then(Code::kUnreachable).then(Code::kTransient).then(200, "{}");
  EXPECT_TRUE(world.client.call(reading(), {}));
  EXPECT_EQ(world.client.statistics().retries, 3u);
  EXPECT_GT(world.passed(), 300ms);
  EXPECT_LT(world.passed(), 2s);
}

TEST(Call, WaitsAsLongAsTheServerAsksButNotForEver) {
  World world;
  world.server->then_status(429, "TooManyRequests", "", {{"Retry-After", "30"}}).then(200, "{}");
  EXPECT_TRUE(world.client.call(reading(), {}));
  EXPECT_EQ(world.passed(), 30s);
  world.server->then_status(429, "TooManyRequests", "", {{"Retry-After", "86400"}}).then(200, "{}");
  EXPECT_TRUE(world.client.call(reading(), {}));  // a minute at most, which is the whole time a call has
  EXPECT_EQ(world.passed(), 90s);
}

TEST(Call, AServerThatHasJustStartedMayForbidWhatItWillAllow) {
  World world;
  world.server->then(Code::kUnreachable).then_status(403, "Forbidden", "not yet").then(200, "{}");
  EXPECT_TRUE(world.client.call(reading(), {}));
  world.clock.advance(1min);
  world.server->then_status(403, "Forbidden", "never");
  EXPECT_EQ(world.client.call(reading(), {}).error().code(), Code::kPermission);
  EXPECT_TRUE(world.server->at_end());
}

TEST(Call, GivesUp) {
  World world;
  for (int i = 0; i < 6; ++i) world.server->then_status(500, "InternalError", "etcd is away");
  const auto answer = world.client.call(reading(), {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kTransient);
  EXPECT_TRUE(world.server->at_end());
}

TEST(Call, WhatMayHaveHappenedIsNotRepeatedBlindly) {
  World world;
  world.server->then(Code::kTransient);
  EXPECT_EQ(world.client.call(creating(), {}).error().code(), Code::kTransient);
  world.server->then_status(429, "TooManyRequests").then(Code::kUnreachable).then(201, "{}");
  EXPECT_TRUE(world.client.call(creating(), {})) << "refused, and never sent: nothing has happened";
}

TEST(Call, RefusalsAreFinal) {
  for (const auto* reason : {"NotFound", "Forbidden", "Invalid", "Conflict", "AlreadyExists", "Expired"}) {
    World world;
    world.server->then_status(400, reason);
    EXPECT_FALSE(world.client.call(reading(), {})) << reason;
    EXPECT_EQ(world.server->requests.size(), 1u) << reason;
  }
}

TEST(Call, A401IsAnsweredWithTheNewTokenOnce) {
  TempFolder folder;
  ASSERT_TRUE(write_file(folder / "token", "new\n", kPrivateFile));
  VirtualClock clock(noon());
  auto server = std::make_shared<Script>();
  Access access = some_access();
  access.user.token = {};
  access.user.token_file = folder / "token";
  Client client(clock, access, {}, [&](const net::CurlOptions&) { return server; });
  server->then_status(401, "Unauthorized");
  EXPECT_EQ(client.call(reading(), {}).error().code(), Code::kCredentials);  // the file still holds what was refused
  EXPECT_EQ(server->requests.size(), 1u);
  EXPECT_EQ(net::header(server->requests[0].headers, "authorization"), "Bearer new");
}

TEST(Call, ImpersonatesWhomTheKubeconfigNames) {
  VirtualClock clock(noon());
  auto server = std::make_shared<Script>();
  Access access = some_access();
  access.user.as_user = "auditor";
  access.user.as_groups = {"a", "b"};
  Client client(clock, access, {}, [&](const net::CurlOptions&) { return server; });
  server->then(200, "{}");
  EXPECT_TRUE(client.call(reading(), {}));
  EXPECT_EQ(net::header(server->requests[0].headers, "impersonate-user"), "auditor");
  EXPECT_EQ(std::ranges::count(server->requests[0].headers, "Impersonate-Group", &net::Header::name), 2);
}

TEST(Call, AStopEndsTheWaitBetweenTries) {
  World world;
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(world.client.call(reading(), stop.get_token()).error().code(), Code::kCancelled);
}

TEST(Stream, IsNotRepeatedOnceAnythingCame) {
  class Breaking final : public net::Transport {
   public:
    Result<net::Response> send(const net::Request&, const std::stop_token&) override {
      return fail(Code::kInternal, "not asked for");
    }
    Result<net::Response> stream(const net::Request&, const net::BodySink& sink, const std::stop_token&) override {
      if (++tries > 1) sink("half a li");
      return fail(Code::kTransient, "broke off");
    }
    int tries = 0;
  };
  VirtualClock clock(noon());
  auto server = std::make_shared<Breaking>();
  Client client(clock, some_access(), {}, [&](const net::CurlOptions&) { return server; });
  std::string got;
  EXPECT_FALSE(client.stream(reading(), [&](std::string_view piece) { return got += piece, true; }, {}));
  EXPECT_EQ(server->tries, 2);
  EXPECT_EQ(got, "half a li");
}

TEST(Find, TellsAnAbsentObjectFromAnAbsentKind) {
  World world;
  world.server->then_status(404, "NotFound", "configmaps \"x\" not found");
  const auto none = find(world.client, {kConfigMaps, "a", "x"}, {});
  ASSERT_TRUE(none) << none.error().text();
  EXPECT_FALSE(*none);
  world.server->then(404, "404 page not found");
  EXPECT_FALSE(find(world.client, {{"liqo.io", "v1", "things", "Thing"}, "a", "x"}, {}));
  EXPECT_EQ(world.url(1), "https://192.168.1.54:6443/apis/liqo.io/v1/namespaces/a/things/x");
}

TEST(Each, TakesSmallerPagesWhenOneCannotBeRead) {
  World world;
  world.server->then(200, "[half").then(200, R"({"items":[{"metadata":{"name":"a"}}],"metadata":{"continue":"t"}})");
  world.server->then(200, R"({"items":[{"metadata":{"name":"b"}}],"metadata":{"resourceVersion":"7"}})");
  std::string seen;
  const auto version = each(world.client, {{kSecrets, "x", ""}, "", "", 10},
                            [&](codec::Json&& o) { return seen += name_of(o) + kind_of(o), true; }, {});
  ASSERT_TRUE(version) << version.error().text();
  EXPECT_EQ(*version, "7");
  EXPECT_EQ(seen, "aSecretbSecret");
  EXPECT_THAT(world.url(0), HasSubstr("limit=10"));
  EXPECT_THAT(world.url(2), HasSubstr("limit=3&continue=t"));
  for (int i = 0; i < 3; ++i) world.server->then(200, "[half");  // 10, 3, 1
  EXPECT_EQ(
      each(world.client, {{kSecrets, "x", ""}, "", "", 10}, [](codec::Json&&) { return true; }, {}).error().code(),
      Code::kCorrupt);
}

TEST(WaitUntilGone, LooksMoreAndMoreSeldom) {
  World world;
  const std::string held =
      R"({"kind":"Namespace","metadata":{"name":"liqo","uid":"1","deletionTimestamp":"2026-11-26T12:00:00Z"},
    "spec":{"finalizers":["kubernetes"]},"status":{"conditions":[{"type":"NamespaceContentRemaining","status":"True","message":"Some resources are remaining: pods. has 1"}]}})";
  for (int i = 0; i < 9; ++i) world.server->then(200, held);
  const auto gone = wait_until_gone(world.client, {kNamespaces, "", "liqo"}, "1", 8s, {});
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code(), Code::kTimeout);
  EXPECT_THAT(gone.error().sentence(), HasSubstr("the finalizer kubernetes; Some resources are remaining: pods"));
  EXPECT_EQ(world.passed(), 8s);
}

}  // namespace
}  // namespace tombolo::kube
