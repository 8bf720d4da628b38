#include "base/files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <thread>

#include "base/temp_folder.hpp"

namespace tombolo {
namespace {

using testing::HasSubstr;

unsigned mode_of(const std::string& path) {
  struct stat found{};
  return ::stat(path.c_str(), &found) == 0 ? found.st_mode & 07777 : 0;
}

std::size_t files_in(const std::string& folder) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}

class Files : public testing::Test {
 protected:
  TempFolder temp;
};

TEST_F(Files, WhatWasWrittenIsRead) {
  const std::string content("line\n\0binary", 12);
  ASSERT_TRUE(write_file(temp / "a", content, kPublicFile));
  EXPECT_EQ(*read_file(temp / "a"), content);
  ASSERT_TRUE(write_file(temp / "a", "", kPublicFile));
  EXPECT_EQ(*read_file(temp / "a"), "");
  EXPECT_EQ(files_in(temp.path()), 1u) << "no temporary is left";
}

TEST_F(Files, PermissionsAreWhatWasAskedWhateverTheUmask) {
  for (const mode_t umask : {0, 077}) {
    const auto before = ::umask(umask);
    EXPECT_TRUE(write_file(temp / "private", "x", kPrivateFile));
    EXPECT_TRUE(write_file(temp / "public", "x", kPublicFile));
    ::umask(before);
    EXPECT_EQ(mode_of(temp / "private"), 0600u);
    EXPECT_EQ(mode_of(temp / "public"), 0644u);
  }
}

TEST_F(Files, AReaderSeesTheOldOrTheNewButNeverHalf) {
  const std::string old_content(100'000, 'a'), new_content(100'000, 'b');
  ASSERT_TRUE(write_file(temp / "a", old_content, kPrivateFile));
  std::atomic<bool> done = false;
  std::jthread writer([&] {
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(write_file(temp / "a", i % 2 ? old_content : new_content, kPrivateFile));
    done = true;
  });
  while (!done) {
    const auto seen = read_file(temp / "a");
    ASSERT_TRUE(seen);
    ASSERT_TRUE(*seen == old_content || *seen == new_content);
  }
}

TEST_F(Files, CreateNeverReplaces) {
  ASSERT_TRUE(create_file(temp / "key", "first", kPrivateFile));
  EXPECT_EQ(create_file(temp / "key", "second", kPrivateFile).error().code(), Code::kDuplicate);
  EXPECT_EQ(*read_file(temp / "key"), "first");
  ASSERT_EQ(::symlink("/nowhere", (temp / "link").c_str()), 0);
  EXPECT_EQ(create_file(temp / "link", "x", kPrivateFile).error().code(), Code::kDuplicate)
      << "not even a dangling link";
  EXPECT_EQ(files_in(temp.path()), 2u);
}

TEST_F(Files, OneOfManyCreatorsWins) {
  std::atomic<int> winners = 0;
  {
    std::vector<std::jthread> creators;
    for (int i = 0; i < 8; ++i)
      creators.emplace_back(
          [&, i] { winners += create_file(temp / "key", std::to_string(i), kPrivateFile).has_value(); });
  }
  EXPECT_EQ(winners, 1);
  EXPECT_EQ(files_in(temp.path()), 1u);
}

TEST_F(Files, ReadingSaysWhatIsWrong) {
  EXPECT_EQ(read_file(temp / "absent").error().code(), Code::kNotFound);
  EXPECT_EQ(read_file(temp / "absent/below").error().code(), Code::kNotFound);
  EXPECT_EQ(read_file(temp.path()).error().code(), Code::kIo) << "a folder";
  ASSERT_TRUE(write_file(temp / "a", "12345", kPublicFile));
  EXPECT_EQ(read_file(temp / "a", 4).error().code(), Code::kBadInput);
  EXPECT_EQ(*read_file(temp / "a", 5), "12345");
  EXPECT_EQ(read_file("/dev/zero", 10'000).error().code(), Code::kBadInput) << "endless";
}

TEST_F(Files, FilesThatDoNotKnowTheirSizeAreReadToo) {
  EXPECT_THAT(*read_file("/proc/self/status"), HasSubstr("Pid:"));
}

TEST_F(Files, AFullDiskIsNamedAndTheOldFileStays) {
  ASSERT_TRUE(write_file(temp / "a", "old", kPrivateFile));
  const auto before_signal = ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit tight{1000, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &tight);
  const auto written = write_file(temp / "a", std::string(5000, 'x'), kPrivateFile);
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, before_signal);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code(), Code::kIo);
  EXPECT_THAT(written.error().text(), HasSubstr(temp / "a"));
  EXPECT_THAT(written.error().hint(), HasSubstr("ulimit"));
  EXPECT_EQ(*read_file(temp / "a"), "old");
  EXPECT_EQ(files_in(temp.path()), 1u);
}

TEST_F(Files, AnAbsentFolderIsNamed) {
  const auto written = write_file(temp / "absent/a", "x", kPrivateFile);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code(), Code::kIo);
  EXPECT_THAT(written.error().text(), HasSubstr(temp / "absent"));
}

TEST_F(Files, RemovingWhatIsAbsentIsSuccess) {
  ASSERT_TRUE(write_file(temp / "a", "x", kPrivateFile));
  EXPECT_TRUE(remove_file(temp / "a"));
  EXPECT_FALSE(file_exists(temp / "a"));
  EXPECT_TRUE(remove_file(temp / "a"));
}

TEST_F(Files, PrivateFoldersComeWithTheirParents) {
  const auto before = ::umask(0);
  EXPECT_TRUE(make_private_folder(temp / "a/b/c/"));
  ::umask(before);
  EXPECT_EQ(mode_of(temp / "a"), 0700u);
  EXPECT_EQ(mode_of(temp / "a/b/c"), 0700u);
}

TEST_F(Files, OnlyTheLastFolderIsTightened) {
  std::filesystem::create_directories(temp / "open/wide");
  ::chmod((temp / "open").c_str(), 0755);
  ::chmod((temp / "open/wide").c_str(), 0775);
  EXPECT_TRUE(make_private_folder(temp / "open/wide"));
  EXPECT_EQ(mode_of(temp / "open"), 0755u);
  EXPECT_EQ(mode_of(temp / "open/wide"), 0700u);
}

TEST_F(Files, ASharedFolderIsRefusedAndLeftAsItIs) {
  ::chmod(temp.path().c_str(), 01777);
  EXPECT_EQ(make_private_folder(temp.path()).error().code(), Code::kBadInput);
  EXPECT_EQ(mode_of(temp.path()), 01777u);
}

TEST_F(Files, AFileWhereAFolderShouldBeIsNamed) {
  ASSERT_TRUE(write_file(temp / "a", "x", kPublicFile));
  EXPECT_EQ(make_private_folder(temp / "a").error().code(), Code::kIo);
  EXPECT_EQ(make_private_folder(temp / "a/b").error().code(), Code::kIo);
}

TEST_F(Files, ALockIsHeldOnceAndFreedByItsEnd) {
  {
    auto first = FileLock::acquire(temp / "lock");
    ASSERT_TRUE(first);
    const auto second = FileLock::acquire(temp / "lock");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), Code::kLocked);
    EXPECT_THAT(second.error().text(), HasSubstr("pid " + std::to_string(::getpid())));
    const FileLock moved(std::move(*first));
    EXPECT_FALSE(FileLock::acquire(temp / "lock"));
  }
  EXPECT_TRUE(FileLock::acquire(temp / "lock"));
  EXPECT_EQ(mode_of(temp / "lock"), 0600u);
}

TEST_F(Files, ALockIsNotInheritedByPrograms) {
  auto held = FileLock::acquire(temp / "lock");
  ASSERT_TRUE(held);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[0], 0);
    ::close(ends[1]);
    ::execlp("cat", "cat", nullptr);
    ::_exit(1);
  }
  ::close(ends[0]);
  // The child holds the lock too until it has become the other program.
  std::error_code ignored;
  while (std::filesystem::read_symlink("/proc/" + std::to_string(child) + "/exe", ignored) ==
         std::filesystem::read_symlink("/proc/self/exe"))
    std::this_thread::yield();
  { FileLock drop(std::move(*held)); }
  EXPECT_TRUE(FileLock::acquire(temp / "lock"));
  ::close(ends[1]);
  ::waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace tombolo
