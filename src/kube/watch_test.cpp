// What a watch does about time and refusals, in virtual time; what it does about a real server is tests/interop/kube's business.
#include "kube/watch.hpp"

#include "kube/lines.hpp"
#include "kube/test_support.hpp"

namespace tombolo::kube {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string list_of(std::string_view version, std::initializer_list<std::pair<const char*, const char*>> items) {
  codec::JsonArray out;
  for (const auto& [name, v] : items)
    out.push_back(
        codec::JsonObject{{"metadata", codec::JsonObject{{"name", name}, {"namespace", "a"}, {"resourceVersion", v}}}});
  return codec::to_text(codec::JsonObject{{"kind", "ConfigMapList"},
                                          {"metadata", codec::JsonObject{{"resourceVersion", version}}},
                                          {"items", std::move(out)}});
}

std::string event(std::string_view type, std::string_view name, std::string_view version) {
  return codec::to_text(codec::JsonObject{
             {"type", type},
             {"object", codec::JsonObject{{"kind", "ConfigMap"},
                                          {"metadata",
                                           codec::JsonObject{
                                               {"name", name}, {"namespace", "a"}, {"resourceVersion", version}}}}}}) +
         "\n";
}

// Everything that is told until "end" is.
struct Told {
  std::vector<std::string> events;
  Result<> result;
};
Told told(World& world, WatchOptions options = {}) {
  Told out;
  const EventSink sink = [&](Event&& e) {
    constexpr const char* kSigns[] = {"+", "~", "-", "="};
    out.events.push_back(kSigns[static_cast<int>(e.kind)] + (e.object.is_null() ? "" : name_of(e.object)));
    return out.events.back() != "+end";
  };
  out.result = watch(world.client, {{kConfigMaps, "a", ""}, "x=y", "", 500}, sink, {}, options);
  return out;
}

TEST(Watch, GoesOnFromTheLastVersionThatItHeardOf) {
  World world;
  world.server->then(200, list_of("10", {{"m", "5"}}));
  world.server->then(200,
                     event("MODIFIED", "m", "11") + event("BOOKMARK", "", "20") + R"({"type":"ADDED","object":{"me)");
  world.server->then(200, event("ADDED", "end", "21"));
  const auto out = told(world);
  EXPECT_TRUE(out.result);
  EXPECT_THAT(out.events, ElementsAre("+m", "=", "~m", "+end"));
  EXPECT_THAT(world.url(0), HasSubstr("configmaps?limit=500&labelSelector=x%3Dy"));
  EXPECT_THAT(world.url(1), HasSubstr("watch=true&allowWatchBookmarks=true&resourceVersion=10&timeoutSeconds=300"));
  EXPECT_THAT(world.url(2), HasSubstr("resourceVersion=20"));
}

TEST(Watch, TellsAnObjectsVersionOnceWhereverItCameFrom) {
  World world;
  world.server->then(200, list_of("10", {{"m", "5"}, {"n", "6"}}));
  world.server->then(200, event("MODIFIED", "m", "5") + event("DELETED", "never-seen", "12"));
  world.server->then_status(410, "Expired");
  world.server->then(200, list_of("30", {{"m", "5"}}));
  world.server->then(200, event("ADDED", "end", "31"));
  EXPECT_THAT(told(world).events, ElementsAre("+m", "+n", "=", "-n", "=", "+end"));
}

TEST(Watch, AListThatIsForgottenHalfWayBeginsAnewAndDropsWhatIsGone) {
  World world;
  auto first = list_of("10", {{"m", "5"}, {"n", "6"}});
  first.insert(first.find("\"resourceVersion\":\"10\""), "\"continue\":\"t\",");
  world.server->then(200, first).then_status(410, "Expired").then(200, list_of("20", {{"m", "5"}}));
  world.server->then(200, event("ADDED", "end", "21"));
  EXPECT_THAT(told(world).events, ElementsAre("+m", "+n", "-n", "=", "+end"));
}

TEST(Watch, AServerThatEndsEveryWatchAtOnceIsAskedMoreAndMoreSeldom) {
  World world;
  world.server->then(200, list_of("10", {}));
  for (int i = 0; i < 8; ++i) world.server->then(200, "");
  world.server->then(200, event("ADDED", "end", "11"));
  EXPECT_TRUE(told(world).result);
  EXPECT_GT(world.passed(), 10s);
  EXPECT_LT(world.passed(), 60s);
}

TEST(Watch, EndsWhenPatienceIsOver) {
  World world;
  world.server->then(200, list_of("10", {}));
  for (int i = 0; i < 200; ++i) world.server->then_status(503, "ServiceUnavailable", "etcd is away");
  const auto out = told(world, {2min, 5min});
  ASSERT_FALSE(out.result);
  EXPECT_EQ(out.result.error().code(), Code::kTransient);
  EXPECT_GE(world.passed(), 2min);
  EXPECT_LE(world.passed(), 4min);
}

TEST(Watch, WhatNoPatienceHelpsAgainstEndsItAtOnce) {
  World world;
  world.server->then(200, list_of("10", {}))
      .then_status(403, "Forbidden", "User \"me\" cannot watch resource \"configmaps\" in API group \"\"");
  const auto out = told(world);
  ASSERT_FALSE(out.result);
  EXPECT_EQ(out.result.error().code(), Code::kPermission);
  EXPECT_THAT(out.result.error().hint(), HasSubstr("verbs: [\"watch\"]"));
}

TEST(Lines, ArePutTogetherFromPieces) {
  Lines lines;
  std::vector<std::string> got;
  const auto keep = [&](std::string_view line) { return got.emplace_back(line), true; };
  for (const auto* piece : {"a\nb", "", "c", "\n", "\nd"}) EXPECT_TRUE(lines.add(piece, keep));
  EXPECT_THAT(got, ElementsAre("a", "bc", ""));
  EXPECT_EQ(lines.rest(), "d");
  EXPECT_FALSE(lines.add("e\nf\n", [](std::string_view) { return false; }));
}

TEST(Lines, HaveALimit) {
  Lines lines;
  const std::string half(Lines::kLongest / 2 + 1, 'x');
  const auto none = [](std::string_view) { return true; };
  EXPECT_TRUE(lines.add(half, none));
  EXPECT_FALSE(lines.add(half, none));
  EXPECT_TRUE(lines.overflown());
}

}  // namespace
}  // namespace tombolo::kube
