#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/files.hpp"
#include "base/temp_folder.hpp"
#include "store/secret_backup.hpp"

namespace tombolo::store {
namespace {

class FileBackup : public testing::Test {
 protected:
  std::unique_ptr<SecretBackup> backup(std::string passphrase = "correct horse") {
    return make_file_backup(path,
                            [this, passphrase](bool confirm) -> Result<Secret<std::string>> {
                              (confirm ? chosen : asked) += 1;
                              return Secret<std::string>(passphrase);
                            },
                            {64, 1, 1});
  }
  TempFolder temp;
  std::string path = temp / "ca-key.backup";
  int asked = 0, chosen = 0;
  const Secret<Bytes> key{to_bytes("the key\n")};
};

TEST_F(FileBackup, GivesBackWhatItWasGiven) {
  EXPECT_FALSE(*backup()->exists("key", {}));
  EXPECT_EQ(backup()->fetch("key", {}).error().code(), Code::kNotFound);
  ASSERT_TRUE(backup()->store("key", key, {}));
  EXPECT_TRUE(*backup()->exists("key", {}));
  EXPECT_EQ(backup()->fetch("key", {})->expose(), key.expose());
  EXPECT_EQ(chosen, 1) << "a new passphrase is typed twice";
  EXPECT_EQ(asked, 1) << "and nobody is asked for one when there is nothing to open";
  struct stat found{};
  ASSERT_EQ(::stat(path.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600u);
}

TEST_F(FileBackup, AnotherPassphraseIsRefusedWithTheFilesName) {
  ASSERT_TRUE(backup()->store("key", key, {}));
  const auto wrong = backup("other")->fetch("key", {});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code(), Code::kUntrusted);
  EXPECT_THAT(wrong.error().text(), testing::HasSubstr(path));
}

TEST_F(FileBackup, ALongPathAsNameIsNoObstacle) {
  ASSERT_TRUE(backup()->store(std::string(400, 'd') + "/ca-key.backup", key, {}));
  EXPECT_EQ(parse_envelope(as_bytes(*read_file(path)))->name, "ca-key.backup");
}

TEST_F(FileBackup, SomethingElseIsRefusedBeforeAnybodyIsAsked) {
  ASSERT_TRUE(write_file(path, "PEM or so", kPrivateFile));
  EXPECT_EQ(backup()->fetch("key", {}).error().code(), Code::kCorrupt);
  EXPECT_EQ(asked, 0);
}

TEST_F(FileBackup, WithNobodyToAskItSaysSo) {
  const auto refused = make_file_backup(path, {})->store("key", key, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kBadInput);
  EXPECT_THAT(refused.error().hint(), testing::HasSubstr("TOMBOLO_BACKUP_PASSPHRASE"));
}

TEST(SameKeyText, IgnoresTheLastLineEndOnly) {
  const auto same = [](const char* a, const char* b) {
    return same_key_text(Secret<Bytes>(to_bytes(a)), Secret<Bytes>(to_bytes(b)));
  };
  EXPECT_TRUE(same("key\n", "key"));
  EXPECT_TRUE(same("key\n", "key\r\n"));
  EXPECT_FALSE(same("key\n", "key2\n"));
  EXPECT_FALSE(same("a\nb", "a b"));
}

}  // namespace
}  // namespace tombolo::store
