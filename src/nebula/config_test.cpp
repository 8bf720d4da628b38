#include "nebula/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/files.hpp"

namespace tombolo::nebula {
namespace {

using testing::HasSubstr;
using testing::Not;

codec::Address address(const char* text) { return codec::Address::parse(text).value(); }

NebulaConfig lighthouse() {
  return {.listen_port = 4242,
          .is_lighthouse = true,
          .inbound = {{.protocol = Protocol::kTcp, .first_port = 22, .groups = {"ops"}},
                      {.protocol = Protocol::kTcp, .first_port = 6443, .groups = {"kubernetes"}}}};
}

NebulaConfig member() {
  return {.lighthouses = {{address("10.42.0.1"), {"203.0.113.7:4242"}}},
          .inbound = {{.protocol = Protocol::kTcp,
                       .first_port = 30000,
                       .last_port = 32767,
                       .groups = {"kubernetes", "infrastructure"}}}};
}

// TOMBOLO_REWRITE_GOLDEN=1 rewrites the files; read their difference before you commit it.
void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(TOMBOLO_SOURCE_DIR "/tests/data/nebula/") + name;
  if (std::getenv("TOMBOLO_REWRITE_GOLDEN")) {
    ASSERT_TRUE(write_file(path, text, kPublicFile));
  }
  EXPECT_EQ(read_file(path).value_or(""), text) << path;
}

// The same two files are given to `nebula -test` of every Nebula in tests/interop/nebula.
TEST(Config, OfTheLighthouseIsTheGoldenFile) { expect_golden("lighthouse.yml", config_yaml(lighthouse()).value()); }

TEST(Config, OfAMemberIsTheGoldenFile) { expect_golden("member.yml", config_yaml(member()).value()); }

TEST(Config, LeavesOutTheBlocklistWhenItIsEmpty) {
  EXPECT_THAT(config_yaml(member()).value(), Not(HasSubstr("blocklist")));
  auto config = member();
  config.blocklist = {Fingerprint(std::string(64, 'a'))};
  EXPECT_THAT(config_yaml(config).value(), HasSubstr("blocklist: [\"aaaa"));
}

TEST(Config, KeepsAnyPortOnIcmpForNebulaBefore1_11) {
  EXPECT_THAT(config_yaml(member()).value(), HasSubstr("{port: any, proto: icmp, host: any}"));
}

TEST(Config, RefusesWhatNebulaWouldRefuse) {
  const auto refused = [](NebulaConfig config, const std::function<void(NebulaConfig&)>& change) {
    change(config);
    const auto got = config_yaml(config);
    return !got && got.error().code() == Code::kBadInput;
  };
  EXPECT_TRUE(refused(member(), [](auto& c) { c.cipher = "rot13"; }));
  EXPECT_TRUE(refused(member(), [](auto& c) { c.mtu = 100; }));
  EXPECT_TRUE(refused(member(), [](auto& c) { c.mtu = 9001; }));
  EXPECT_TRUE(refused(member(), [](auto& c) { c.lighthouses.clear(); }));
  EXPECT_TRUE(refused(member(), [](auto& c) { c.lighthouses[0].endpoints.clear(); }));
  EXPECT_TRUE(refused(lighthouse(), [](auto& c) { c.listen_port = 0; }));
  EXPECT_TRUE(refused(lighthouse(), [](auto& c) { c.lighthouses = member().lighthouses; }));
}

TEST(Config, QuotesWhatAUserMayHaveWritten) {
  auto config = member();
  config.inbound[0].groups = {"a: b", "\"]}", "it's"};
  EXPECT_THAT(config_yaml(config).value(), HasSubstr(R"(groups: ["a: b", "\"]}", "it's"])"));
}

}  // namespace
}  // namespace tombolo::nebula
