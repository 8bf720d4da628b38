#include "cloudinit/host_proof.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "base/subprocess.hpp"
#include "base/temp_folder.hpp"

namespace tombolo::cloudinit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBdBgOKfCQcDzcBRLYZ2SxYIXImXeRoZgqGf2W+4cU/9";
const std::string kOther = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
const Secret<std::string> kToken(std::string("5a1d0f5be0a5c0b7c2a6a9d0a7f1f0a45a1d0f5be0a5c0b7c2a6a9d0a7f1f0a4"));
const Secret<std::string> kOtherToken(std::string("another"));

std::string sentence(const Result<>& result) {
  if (result) return "accepted";
  EXPECT_EQ(result.error().code(), Code::kUntrusted);
  EXPECT_FALSE(result.error().hint().empty());
  return result.error().sentence();
}

TEST(HostProof, AcceptsTheKeyThatWasProven) {
  const auto banner = host_proof_banner(kToken, {kOther, kKey});
  for (const auto& text : {banner, "Welcome!\n" + banner, banner + "Go away.", "\r\n" + banner + "\r\n"})
    EXPECT_TRUE(check_banner(kToken, kKey, text)) << text;
  EXPECT_TRUE(check_banner(kToken, kKey + " root@ip-172-31-0-4", banner));
}

TEST(HostProof, TellsThreeRefusalsApart) {
  EXPECT_THAT(sentence(check_banner(kToken, kKey, "")), HasSubstr("does not prove"));
  EXPECT_THAT(sentence(check_banner(kToken, kKey, "Welcome!\n")), HasSubstr("does not prove"));
  EXPECT_THAT(sentence(check_banner(kToken, kKey, host_proof_banner(kToken, {kOther}))),
              HasSubstr("not the machine's own"));
  EXPECT_THAT(sentence(check_banner(kToken, kKey, host_proof_banner(kOtherToken, {kKey}))),
              HasSubstr("another machine's token"));
}

TEST(HostProof, NeedsTheWholeProofOfTheShownType) {
  const auto banner = host_proof_banner(kToken, {kKey});
  for (std::size_t n = 0; n < banner.find('\n'); ++n) EXPECT_FALSE(check_banner(kToken, kKey, banner.substr(0, n)));
  for (std::size_t n = 0; n < banner.find('\n'); ++n) {
    auto changed = banner;
    changed[n] = static_cast<char>(changed[n] ^ 1);
    EXPECT_FALSE(check_banner(kToken, kKey, changed)) << n;
  }
  auto renamed = banner;
  renamed.replace(renamed.find("ssh-ed25519"), 11, "ssh-rsa");
  EXPECT_FALSE(check_banner(kToken, kKey, renamed));
}

TEST(HostProof, IsNeverGivenToNoKeyOrByNoToken) {
  EXPECT_EQ(check_banner(kToken, "ssh-ed25519 AAAA", host_proof_banner(kToken, {kKey})).error().code(),
            Code::kBadInput);
  const Secret<std::string> none;
  EXPECT_EQ(check_banner(none, kKey, host_proof_banner(none, {kKey})).error().code(), Code::kInternal);
}

// The machine's side is another program in another language: it must say what our own function says, once.
TEST(HostProof, ScriptShowsTheBannerAndForgetsTheToken) {
  const TempFolder folder;
  const auto run_script = [&] {
    Subprocess script;
    script.argv = {"python3", folder / "script", folder / "token", folder / "banner", folder.path()};
    return run(script, {});
  };
  ASSERT_TRUE(write_file(folder / "script", host_proof_script(), 0700));
  ASSERT_TRUE(write_file(folder / "token", kToken.expose() + "\n", kPrivateFile));
  auto done = run_script();
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_NE(done->status, 0);  // no keys yet: the token is kept
  EXPECT_TRUE(file_exists(folder / "token"));

  ASSERT_TRUE(write_file(folder / "ssh_host_ed25519_key.pub", kKey + " root@machine\n", kPublicFile));
  ASSERT_TRUE(write_file(folder / "ssh_host_dsa_key.pub", "ssh-dss AAAA root@machine\n", kPublicFile));
  done = run_script();
  ASSERT_TRUE(done && done->status == 0) << done->err;
  EXPECT_FALSE(file_exists(folder / "token"));
  EXPECT_EQ(*read_file(folder / "banner"), host_proof_banner(kToken, {kKey}));

  done = run_script();
  ASSERT_TRUE(done && done->status == 0) << done->err;
  EXPECT_EQ(*read_file(folder / "banner"), host_proof_banner(kToken, {kKey}));
}

std::string block(const std::string& lines) {
  return "-----BEGIN SSH HOST KEY KEYS-----\r\n" + lines + "-----END SSH HOST KEY KEYS-----\r\n";
}

TEST(ConsoleKeys, AreReadThroughPrefixesAndNoise) {
  EXPECT_THAT(console_host_keys("[    2.1] random: crng init done\r\n" +
                                block(kKey + " root@ip\r\n" + kOther + " root@ip\r\n")),
              ElementsAre(kKey, kOther));
  EXPECT_THAT(console_host_keys("ci-info: -----BEGIN SSH HOST KEY KEYS-----\nci-info: " + kKey +
                                " root@ip\n[    9.1] EXT4-fs mounted\n<14>Nov 26 07:00:00 ec2: " + kOther +
                                "\nci-info: -----END SSH HOST KEY KEYS-----\n"),
              ElementsAre(kKey, kOther));
}

TEST(ConsoleKeys, ComeFromTheNewestWholeBlock) {
  EXPECT_THAT(console_host_keys(block(kKey + "\r\n") + "reboot\r\n" + block(kOther + "\r\n")), ElementsAre(kOther));
  const auto cut = block(kOther + "\r\n").substr(0, 120);
  EXPECT_THAT(console_host_keys(block(kKey + "\r\n") + cut), ElementsAre(kKey));
  EXPECT_THAT(console_host_keys(cut), IsEmpty());
  EXPECT_THAT(console_host_keys(cut + "\r\n" + block(kKey + "\r\n")),
              ElementsAre(kKey));  // the machine was reset in the middle
}

TEST(ConsoleKeys, LeaveOutWhatIsNoWholeKey) {
  EXPECT_THAT(console_host_keys(kKey + "\n"), IsEmpty());  // outside of a block: a user's key, a log line
  EXPECT_THAT(console_host_keys(block("ssh-ed25519 AAAAC3Nza\r\n" + kKey.substr(0, 40) +
                                      "[    3.4] noise\r\nssh-dss AAAA\r\n" + kKey + "\r\n")),
              ElementsAre(kKey));
}

}  // namespace
}  // namespace tombolo::cloudinit
