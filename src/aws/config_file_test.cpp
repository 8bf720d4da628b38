#include "aws/config_file.hpp"

#include <gtest/gtest.h>

#include "base/files.hpp"
#include "base/temp_folder.hpp"

namespace tombolo::aws {
namespace {

constexpr const char* kConfig =
    "\xef\xbb\xbf# a comment\r\n"
    "[default]\r\n"
    "region = us-west-2\r\n"
    "; another\n"
    "\n"
    "[profile work]\n"
    "Role_ARN=arn:aws:iam::1:role/x\n"
    "source_profile = default\n"
    "s3 =\n"
    "  addressing_style = path\n"
    "  max_queue_size = 5\n"
    "credential_process = /opt/bin/get --user \"a b\"\n"
    "[profile \"two words\"]\n"
    "region=eu-central-1\n"
    "[sso-session corp]\n"
    "sso_start_url = https://corp.example/start#/\n"
    "[plugins]\n"
    "anything = goes\n";

TEST(ConfigFile, SectionsSettingsAndNestedSettingsAreRead) {
  const auto file = parse_config_file(kConfig, "config");
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_EQ(file->profiles.size(), 3u);
  EXPECT_EQ(file->profile("default")->at("region"), "us-west-2");
  const Settings& work = *file->profile("work");
  EXPECT_EQ(work.at("role_arn"), "arn:aws:iam::1:role/x");
  EXPECT_EQ(work.at("s3.addressing_style"), "path");
  EXPECT_EQ(work.at("s3.max_queue_size"), "5");
  EXPECT_EQ(work.at("credential_process"), "/opt/bin/get --user \"a b\"");
  EXPECT_EQ(file->profile("two words")->at("region"), "eu-central-1");
  EXPECT_EQ(file->sso_sessions.at("corp").at("sso_start_url"), "https://corp.example/start#/");
  EXPECT_EQ(file->profile("work2"), nullptr);
}

TEST(ConfigFile, TheCredentialsFileNamesProfilesBare) {
  const auto file =
      parse_credentials_file("[work]\naws_access_key_id = A\naws_secret_access_key = s=/+\n", "credentials");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->profile("work")->at("aws_secret_access_key"), "s=/+");
}

TEST(ConfigFile, CredentialsWinOverConfig) {
  const auto merged = merge(*parse_config_file("[default]\naws_access_key_id=old\nregion=eu-west-1\n", "c"),
                            *parse_credentials_file("[default]\naws_access_key_id=new\n", "c"));
  EXPECT_EQ(merged.profile("default")->at("aws_access_key_id"), "new");
  EXPECT_EQ(merged.profile("default")->at("region"), "eu-west-1");
}

TEST(ConfigFile, WhatIsNoSettingIsNamedWithItsLine) {
  for (const char* bad :
       {"[default]\nregion us-west-2\n", "region = x\n[default]\n", "[default\n", "[default]\n= value\n"}) {
    const auto file = parse_config_file(bad, "~/.aws/config");
    ASSERT_FALSE(file) << bad;
    EXPECT_EQ(file.error().code(), Code::kBadInput);
    EXPECT_EQ(file.error().sentence().rfind("~/.aws/config:", 0), 0u) << file.error().sentence();
  }
}

TEST(ConfigFile, BothFilesAreFoundWhereTheEnvironmentSays) {
  TempFolder folder;
  ASSERT_TRUE(write_file(folder / "c", "[profile a]\nregion=eu-west-1\n", kPrivateFile));
  ASSERT_TRUE(write_file(folder / "k", "[a]\naws_access_key_id=K\n", kPrivateFile));
  const Environment env{{{"AWS_CONFIG_FILE", folder / "c"}, {"AWS_SHARED_CREDENTIALS_FILE", folder / "k"}}};
  const auto files = load_config(env);
  ASSERT_TRUE(files) << files.error().text();
  EXPECT_EQ(files->profile("a")->at("region"), "eu-west-1");
  EXPECT_EQ(files->profile("a")->at("aws_access_key_id"), "K");
  EXPECT_TRUE(load_config({{{"HOME", folder / "empty"}}})->profiles.empty());
}

TEST(Region, ComesFromTheFirstThatNamesOne) {
  const auto files = *parse_config_file("[default]\nregion=eu-west-1\n", "config");
  EXPECT_EQ(*resolve_region({}, files, "default", ""), "eu-west-1");
  EXPECT_EQ(*resolve_region({{{"AWS_DEFAULT_REGION", "us-east-2"}}}, files, "default", ""), "us-east-2");
  EXPECT_EQ(
      *resolve_region({{{"AWS_DEFAULT_REGION", "us-east-2"}, {"AWS_REGION", "ap-southeast-1"}}}, files, "default", ""),
      "ap-southeast-1");
  EXPECT_EQ(*resolve_region({{{"AWS_REGION", "us-east-2"}}}, files, "default", "us-gov-east-1"), "us-gov-east-1");
  for (const char* wrong : {"us-west-2a", "uswest2", "US-WEST-2", "us-west-", "-1", "http://x-1"})
    EXPECT_EQ(resolve_region({}, files, "default", wrong).error().code(), Code::kBadInput) << wrong;
  EXPECT_FALSE(resolve_region({}, {}, "default", ""));
}

TEST(Profile, IsTheWrittenOneOrTheEnvironments) {
  EXPECT_EQ(profile_name({}, ""), "default");
  EXPECT_EQ(profile_name({{{"AWS_PROFILE", "a"}, {"AWS_DEFAULT_PROFILE", "b"}}}, ""), "a");
  EXPECT_EQ(profile_name({{{"AWS_DEFAULT_PROFILE", "b"}}}, ""), "b");
  EXPECT_EQ(profile_name({{{"AWS_PROFILE", "a"}}}, "c"), "c");
}

}  // namespace
}  // namespace tombolo::aws
