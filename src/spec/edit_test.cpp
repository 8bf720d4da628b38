#include "spec/edit.hpp"

#include <gmock/gmock.h>

#include "spec/template.hpp"

namespace tombolo::spec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Edit, FieldsAreReadAndSetByPath) {
  auto cluster = recipe();
  EXPECT_EQ(field_text(cluster, "mesh.cidr"), "10.42.0.0/16");
  EXPECT_EQ(field_text(cluster, "mesh.members[1].name"), "talos-homelab");
  EXPECT_EQ(field_text(cluster, "home.context"), "");
  ASSERT_TRUE(set_field(cluster, "home.lanCIDR", "192.168.7.0/24"));
  EXPECT_EQ(cluster.home.lan->text(), "192.168.7.0/24");
  ASSERT_TRUE(set_field(cluster, "workers[0].instanceTypes", "g5.xlarge, g4dn.xlarge"));
  EXPECT_THAT(cluster.workers[0].instance_types, ElementsAre("g5.xlarge", "g4dn.xlarge"));
  ASSERT_TRUE(set_field(cluster, "workers[0].max", "4"));
  EXPECT_EQ(cluster.workers[0].max, 4);
}

TEST(Edit, WhatAFieldDoesNotTakeIsRefusedAndNothingChanges) {
  auto cluster = recipe();
  EXPECT_THAT(set_field(cluster, "mesh.cidr", "10.42.0.1/16").error().sentence(),
              HasSubstr("the network is 10.42.0.0/16"));
  EXPECT_THAT(set_field(cluster, "secrets.backup", "onepassword").error().hint(), HasSubstr("1password"));
  EXPECT_FALSE(set_field(cluster, "workers[0].instanceTypes",
                         "g5.xlarge,"
                         " x"));
  EXPECT_FALSE(set_field(cluster, "workers[0].instanceTypes", ""));
  EXPECT_FALSE(set_field(cluster, "workers[0].max", "many"));
  EXPECT_EQ(to_json(cluster), to_json(recipe()));
}

TEST(Edit, UnknownPathsAreOurOwnBug) {
  auto cluster = recipe();
  for (const auto* path : {"nothing", "mesh", "workers[7].name", "mesh.cidr.x", ""}) {
    EXPECT_EQ(set_field(cluster, path, "x").error().code(), Code::kInternal) << path;
    EXPECT_EQ(field_text(cluster, path), "") << path;
  }
  EXPECT_THAT(field_doc("region"), HasSubstr("AWS region"));
}

}  // namespace
}  // namespace tombolo::spec
