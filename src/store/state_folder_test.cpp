#include "store/state_folder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/files.hpp"
#include "base/temp_folder.hpp"

namespace tombolo::store {
namespace {

unsigned mode_of(const std::string& path) {
  struct stat found{};
  return ::stat(path.c_str(), &found) == 0 ? found.st_mode & 07777 : 0;
}

TEST(StateFolder, IsPrivateAndStaysOutOfGit) {
  TempFolder temp;
  const auto folder = StateFolder::make(temp / ".tombolo");
  ASSERT_TRUE(folder) << folder.error().text();
  EXPECT_EQ(mode_of(folder->path()), 0700u);
  EXPECT_NE(read_file(folder->path() + "/.gitignore")->find("\n*\n"), std::string::npos);
  EXPECT_TRUE(StateFolder::make(folder->path())) << "a second time changes nothing";
}

TEST(StateFolder, AWiderFolderIsTightened) {
  TempFolder temp;
  ASSERT_EQ(::mkdir((temp / "wide").c_str(), 0755), 0);
  ASSERT_TRUE(StateFolder::make(temp / "wide"));
  EXPECT_EQ(mode_of(temp / "wide"), 0700u);
}

TEST(StateFolder, FilesInsideAreForTheOwnerOnly) {
  TempFolder temp;
  const auto folder = StateFolder::make(temp / "state");
  ASSERT_TRUE(folder->create("nebula/members/home/host.key", "key"));
  EXPECT_EQ(mode_of(temp / "state/nebula/members"), 0700u);
  EXPECT_EQ(mode_of(temp / "state/nebula/members/home/host.key"), 0600u);
}

TEST(StateFolder, AKeyIsNeverOverwritten) {
  TempFolder temp;
  const auto folder = StateFolder::make(temp / "state");
  ASSERT_TRUE(folder->create("nebula/home-ca.key", "first"));
  const auto second = folder->create("nebula/home-ca.key", "second");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::kDuplicate);
  EXPECT_EQ(*read_file(temp / "state/nebula/home-ca.key"), "first");
}

TEST(UserData, IsFoundByItsHash) {
  TempFolder temp;
  const auto folder = StateFolder::make(temp / "state");
  const auto hash = folder->keep_user_data("abc");
  ASSERT_TRUE(hash);
  EXPECT_EQ(*hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(mode_of(folder->user_data(*hash)), 0600u);
  EXPECT_EQ(*folder->read_user_data(*hash), "abc");
  EXPECT_EQ(*folder->keep_user_data("abc"), *hash);
}

TEST(UserData, ChangedContentIsRefused) {
  TempFolder temp;
  const auto folder = StateFolder::make(temp / "state");
  const auto hash = folder->keep_user_data("abc");
  ASSERT_TRUE(write_file(folder->user_data(*hash), "abd", kPrivateFile));
  EXPECT_EQ(folder->read_user_data(*hash).error().code(), Code::kCorrupt);
  EXPECT_EQ(folder->read_user_data("00").error().code(), Code::kNotFound);
}

}  // namespace
}  // namespace tombolo::store
