#include "crypto/ssh_key.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/files.hpp"
#include "base/ids.hpp"
#include "base/subprocess.hpp"

namespace tombolo::crypto {
namespace {

SshKey sample(std::string comment = "tombolo@home") { return {Ed25519Key::generate(), std::move(comment)}; }

TEST(SshKey, ComesBackFromItsText) {
  // Every length of the comment, so that every length of the padding.
  for (std::size_t size = 0; size < 20; ++size) {
    const auto pair = sample(std::string(size, 'c'));
    const auto back = parse_openssh_private_key(openssh_private_key(pair).expose());
    ASSERT_TRUE(back) << back.error().text();
    EXPECT_EQ(back->key.public_key(), pair.key.public_key());
    EXPECT_EQ(back->comment, pair.comment);
  }
}

TEST(SshKey, RefusesEveryChangedCharacterThatCouldMatter) {
  const auto pair = sample();
  const auto text = openssh_private_key(pair).expose();
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    const auto got = parse_openssh_private_key(changed);
    // Only the comment and the two check numbers are free, and the numbers must stay equal.
    EXPECT_TRUE(!got || got->key.public_key() == pair.key.public_key()) << i;
  }
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(parse_openssh_private_key(text.substr(0, size))) << size;
}

TEST(SshKey, SaysWhatIsWrongWithOthers) {
  EXPECT_EQ(parse_openssh_private_key("").error().code(), Code::kCorrupt);
  EXPECT_EQ(parse_openssh_private_key("-----BEGIN RSA PRIVATE KEY-----\n").error().code(), Code::kCorrupt);
}

// The user's own OpenSSH says the same of our keys, and we of its.
class WithSshKeygen : public testing::Test {
 protected:
  void SetUp() override {
    Subprocess asking;
    asking.argv = {"ssh-keygen", "-?"};
    if (!run(asking, {})) GTEST_SKIP() << "ssh-keygen is not installed";
    folder_ = std::filesystem::temp_directory_path() / ("tombolo-ssh-" + random_id(8));
    std::filesystem::create_directory(folder_);
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }
  std::string path(const char* name) const { return (folder_ / name).string(); }
  std::string keygen(std::vector<std::string> words) {
    words.insert(words.begin(), "ssh-keygen");
    Subprocess command;
    command.argv = std::move(words);
    const auto result = run(command, {});
    EXPECT_TRUE(result && result->status == 0) << (result ? result->err : result.error().text());
    return result ? result->out.substr(0, result->out.find('\n')) : "";
  }

 private:
  std::filesystem::path folder_;
};

TEST_F(WithSshKeygen, ItReadsOurPrivateKeyAndNamesTheSameFingerprint) {
  const auto pair = sample();
  ASSERT_TRUE(create_file(path("key"), openssh_private_key(pair).expose(), kPrivateFile));
  EXPECT_EQ(keygen({"-y", "-f", path("key")}), openssh_public_line(pair.key.public_key(), pair.comment));
  ASSERT_TRUE(create_file(path("line"), openssh_public_line(pair.key.public_key(), pair.comment) + "\n", kPublicFile));
  EXPECT_EQ(keygen({"-l", "-f", path("line")}),
            "256 " + openssh_fingerprint(pair.key.public_key()) + " tombolo@home (ED25519)");
}

TEST_F(WithSshKeygen, WeReadItsPrivateKeyAndRefuseAnEncryptedOrAnotherKind) {
  keygen({"-q", "-t", "ed25519", "-N", "", "-C", "theirs", "-f", path("plain")});
  const auto text = read_file(path("plain")).value();
  const auto pair = parse_openssh_private_key(text).value();
  EXPECT_EQ(openssh_public_line(pair.key.public_key(), pair.comment) + "\n", read_file(path("plain.pub")).value());

  keygen({"-q", "-t", "ed25519", "-N", "secret words", "-f", path("locked")});
  EXPECT_EQ(parse_openssh_private_key(read_file(path("locked")).value()).error().code(), Code::kUnsupported);
  keygen({"-q", "-t", "ecdsa", "-N", "", "-f", path("ecdsa")});
  EXPECT_EQ(parse_openssh_private_key(read_file(path("ecdsa")).value()).error().code(), Code::kUnsupported);
}

}  // namespace
}  // namespace tombolo::crypto
