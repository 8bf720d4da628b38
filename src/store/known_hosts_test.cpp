#include "store/known_hosts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/files.hpp"
#include "base/temp_folder.hpp"

namespace tombolo::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBdBgOKfCQcDzcBRLYZ2SxYIXImXeRoZgqGf2W+4cU/9";
const std::string kOther = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

struct Pins : ::testing::Test {
  TempFolder temp;
  StateFolder folder = *StateFolder::make(temp / "a cluster's 100% \"own\"/.tombolo");
  KnownHosts hosts{folder};
};

TEST_F(Pins, AreKeptByMachineInOpenSshsFormat) {
  EXPECT_THAT(*hosts.pinned("i-0a"), IsEmpty());
  ASSERT_TRUE(hosts.pin("i-0a", {kKey + " root@ip-172-31-0-4"}));
  ASSERT_TRUE(hosts.pin("i-0b", {kOther, kKey}));
  EXPECT_THAT(*hosts.pinned("i-0a"), ElementsAre(kKey));
  EXPECT_THAT(*hosts.pinned("i-0b"), ElementsAre(kOther, kKey));
  EXPECT_THAT(*read_file(folder.known_hosts()),
              HasSubstr("\ni-0a " + kKey + "\ni-0b " + kOther + "\ni-0b " + kKey + "\n"));
  struct stat status{};
  ASSERT_EQ(::stat(folder.known_hosts().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, kPrivateFile);
}

TEST_F(Pins, AreReplacedAsAWhole) {
  ASSERT_TRUE(hosts.pin("i-0a", {kKey, kOther}));
  ASSERT_TRUE(hosts.pin("i-0a", {kOther}));
  EXPECT_THAT(*hosts.pinned("i-0a"), ElementsAre(kOther));
}

TEST_F(Pins, TellTheMachineFromAnother) {
  EXPECT_EQ(hosts.check("i-0a", kKey).error().code(), Code::kNotFound);
  ASSERT_TRUE(hosts.pin("i-0a", {kKey}));
  EXPECT_TRUE(hosts.check("i-0a", kKey));
  EXPECT_EQ(hosts.check("i-0a", kOther).error().code(), Code::kUntrusted);
  EXPECT_EQ(hosts.check("i-0b", kKey).error().code(), Code::kNotFound);
}

TEST_F(Pins, OfOtherMachinesCanBeForgotten) {
  ASSERT_TRUE(hosts.forget_all_but("i-0a"));
  EXPECT_FALSE(file_exists(folder.known_hosts()));
  ASSERT_TRUE(hosts.pin("i-0a", {kKey}));
  ASSERT_TRUE(hosts.pin("i-0b", {kOther}));
  ASSERT_TRUE(hosts.forget_all_but("i-0b"));
  EXPECT_THAT(*hosts.pinned("i-0a"), IsEmpty());
  EXPECT_THAT(*hosts.pinned("i-0b"), ElementsAre(kOther));
  ASSERT_TRUE(hosts.forget_all_but(""));
  EXPECT_THAT(*hosts.pinned("i-0b"), IsEmpty());
}

TEST_F(Pins, RefuseWhatWouldSayMoreThanOneMachinesKey) {
  for (const auto* alias : {"", "*", "i-0a,i-0b", "@revoked", "i 0a", "i-0a\n*", "|1|x", "!i-0a", "-F"})
    EXPECT_FALSE(hosts.pin(alias, {kKey})) << alias;
  EXPECT_FALSE(hosts.pin("i-0a", {}));
  EXPECT_FALSE(hosts.pin("i-0a", {kKey, "ssh-ed25519 AAAA"}));
  EXPECT_FALSE(file_exists(folder.known_hosts()));
}

TEST_F(Pins, ThatWereDamagedAreNoPins) {
  ASSERT_TRUE(hosts.pin("i-0a", {kKey}));
  const auto text = *read_file(folder.known_hosts());
  ASSERT_TRUE(write_file(folder.known_hosts(), text.substr(0, text.size() - 9), kPrivateFile));
  EXPECT_EQ(hosts.pinned("i-0a").error().code(), Code::kCorrupt);
}

TEST_F(Pins, StandInAnSshConfigWithItsPathsQuoted) {
  ASSERT_TRUE(hosts.write_ssh_config({"lighthouse", "203.0.113.9", 22, "ec2-user", "i-0a"}));
  const auto text = *read_file(folder.ssh_config());
  EXPECT_THAT(text, HasSubstr("/a cluster's 100%% \\\"own\\\"/.tombolo/known_hosts\"\n"));
  EXPECT_THAT(text, HasSubstr("  HostName 203.0.113.9\n"));
  EXPECT_THAT(text, HasSubstr("  HostKeyAlias i-0a\n"));
  EXPECT_TRUE(hosts.write_ssh_config({"lighthouse", "2001:db8::1", 22, "ec2-user", "i-0a"}));
}

TEST_F(Pins, LetNobodyWriteIntoTheSshConfig) {
  const std::string bad = "x\n  ProxyCommand evil";
  EXPECT_FALSE(hosts.write_ssh_config({bad, "203.0.113.9", 22, "ec2-user", "i-0a"}));
  EXPECT_FALSE(hosts.write_ssh_config({"lighthouse", bad, 22, "ec2-user", "i-0a"}));
  EXPECT_FALSE(hosts.write_ssh_config({"lighthouse", "::1\n ProxyCommand evil", 22, "ec2-user", "i-0a"}));
  EXPECT_FALSE(hosts.write_ssh_config({"lighthouse", "203.0.113.9", 22, bad, "i-0a"}));
  EXPECT_FALSE(hosts.write_ssh_config({"lighthouse", "203.0.113.9", 22, "ec2-user", bad}));
  const KnownHosts strange(*StateFolder::make(temp / "${HOME}/.tombolo"));
  EXPECT_FALSE(strange.write_ssh_config({"lighthouse", "203.0.113.9", 22, "ec2-user", "i-0a"}));
}

}  // namespace
}  // namespace tombolo::store
