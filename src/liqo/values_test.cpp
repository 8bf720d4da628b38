#include "liqo/values.hpp"

#include <gtest/gtest.h>

namespace tombolo::liqo {
namespace {

codec::Json parsed(std::string_view text) { return *codec::parse_json(text); }

ValuesRequest request() {
  return {Side::kCloud, "homelab-cloud", "https://10.42.0.1:6443", *codec::Cidr::parse("10.52.0.0/16"),
          *codec::Cidr::parse("10.53.0.0/16")};
}

TEST(Values, SayWhatAPeeringOverTheMeshNeeds) {
  const auto v = owned_values(request());
  EXPECT_EQ(codec::text_at(v, "apiServer.address"), "https://10.42.0.1:6443");
  EXPECT_EQ(codec::text_at(v, "discovery.config.clusterID"), "homelab-cloud");
  EXPECT_EQ(codec::text_at(v, "ipam.serviceCIDR"), "10.53.0.0/16");
  EXPECT_FALSE(codec::bool_at(v, "networking.enabled", true));
  EXPECT_FALSE(codec::bool_at(v, "telemetry.enabled", true));
}

TEST(Values, OfTheUserStandBesideOurs) {
  const auto merged = merged_values(owned_values(request()), parsed(R"({"controllerManager": {"replicas": 2},
    "networking": {"enabled": false, "fabric": {"image": "x"}}})"));
  ASSERT_TRUE(merged);
  EXPECT_EQ(codec::number_at(*merged, "controllerManager.replicas"), 2);
  EXPECT_EQ(codec::text_at(*merged, "networking.fabric.image"), "x");
  EXPECT_EQ(codec::text_at(*merged, "apiServer.address"), "https://10.42.0.1:6443");
}

TEST(Values, ThatContradictOursAreNamedAllAtOnce) {
  const auto merged = merged_values(owned_values(request()),
                                    parsed(R"({"networking": {"enabled": true}, "apiServer": {"address": "x"}})"));
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().code(), Code::kBadInput);
  EXPECT_NE(merged.error().text().find("apiServer.address, networking.enabled"), std::string::npos)
      << merged.error().text();
}

TEST(Values, MustBeAMap) {
  EXPECT_FALSE(merged_values(owned_values(request()), parsed("[1]")));
  EXPECT_EQ(*merged_values(owned_values(request()), codec::Json()), owned_values(request()));
}

}  // namespace
}  // namespace tombolo::liqo
