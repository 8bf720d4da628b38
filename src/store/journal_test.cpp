#include "store/journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <thread>

#include "base/files.hpp"
#include "base/temp_folder.hpp"

namespace tombolo::store {
namespace {

using codec::Json;
using testing::HasSubstr;

const Time kNow = *parse_time("2026-11-26T01:10:52Z");

Entry entry(std::string address, std::string event, Json body = {}) {
  return {0, kNow + 123ns, "run-1", std::move(address), std::move(event), std::move(body)};
}

class JournalFile : public testing::Test {
 protected:
  TempFolder temp;
  std::string path = temp / "journal.db";

  std::unique_ptr<Journal> open() {
    auto journal = Journal::open(path);
    EXPECT_TRUE(journal) << (journal ? "" : journal.error().text());
    return journal ? std::move(*journal) : nullptr;
  }
  void start_anew() {
    for (const auto* end : {"", "-wal", "-shm"}) std::filesystem::remove(path + end);
  }
  Error refusal() {
    auto journal = Journal::open(path);
    return journal ? Error(Code::kInternal, "it was opened") : journal.error();
  }
  void sql(const char* statements) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database, statements, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
    sqlite3_close(database);
  }
};

TEST_F(JournalFile, WhatWasAppendedIsThereAfterReopening) {
  {
    auto journal = open();
    EXPECT_EQ(*journal->append(entry("aws.instance/lighthouse", "intent", {{"token", "t1"}}),
                               {{"aws.instance/lighthouse", Json{{"state", "pending"}}}}),
              1);
    EXPECT_EQ(*journal->append(entry("", "run.end")), 2);
  }
  auto journal = open();
  const auto entries = journal->entries();
  ASSERT_TRUE(entries) << entries.error().text();
  ASSERT_EQ(entries->size(), 2u);
  const auto& first = entries->front();
  EXPECT_EQ(first.sequence, 1);
  EXPECT_EQ(first.at, kNow + 123ns);
  EXPECT_EQ(first.run, "run-1");
  EXPECT_EQ(first.address, "aws.instance/lighthouse");
  EXPECT_EQ(first.event, "intent");
  EXPECT_EQ(first.body, (Json{{"token", "t1"}}));
  EXPECT_EQ(journal->records()->at("aws.instance/lighthouse"), (Json{{"state", "pending"}}));
}

TEST_F(JournalFile, TheLastChangeOfARecordCounts) {
  auto journal = open();
  ASSERT_TRUE(journal->append(entry("a", "x"), {{"a", Json(1)}, {"b", Json(2)}}));
  ASSERT_TRUE(journal->append(entry("a", "y"), {{"a", Json(3)}, {"b", std::nullopt}, {"never", std::nullopt}}));
  EXPECT_EQ(*journal->records(), (std::map<std::string, Json>{{"a", Json(3)}}));
}

TEST_F(JournalFile, EntriesComeInPages) {
  auto journal = open();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(journal->append(entry("a", "x", Json(i))));
  EXPECT_EQ(journal->entries(0, 2)->back().sequence, 2);
  EXPECT_EQ(journal->entries(3, 9)->front().sequence, 4);
  EXPECT_TRUE(journal->entries(5)->empty());
}

TEST_F(JournalFile, ItsFilesAreForTheOwnerOnly) {
  const auto before = ::umask(0);
  auto journal = open();
  ::umask(before);
  ASSERT_TRUE(journal->append(entry("a", "x")));
  for (const auto& file : std::filesystem::directory_iterator(temp.path()))
    EXPECT_EQ(file.status().permissions(), std::filesystem::perms(0600)) << file.path();
}

TEST_F(JournalFile, AWiderFileIsTightened) {
  open();
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  open();
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0600));
}

TEST_F(JournalFile, ManyThreadsAppendWithoutLosingAnEntry) {
  auto journal = open();
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t)
      threads.emplace_back([&journal, t] {
        for (int i = 0; i < 25; ++i)
          EXPECT_TRUE(
              journal->append(entry(fmt::format("a/{}", t), "x", Json(i)), {{fmt::format("a/{}", t), Json(i)}}));
      });
  }
  EXPECT_EQ(journal->entries(0, 1000)->size(), 200u);
  const auto records = *journal->records();
  EXPECT_EQ(records.size(), 8u);
  for (const auto& [address, last] : records) EXPECT_EQ(last, Json(24)) << address;
}

TEST_F(JournalFile, HooksStandAroundEveryWriteAndMayThrowThroughIt) {
  auto journal = open();
  std::vector<std::pair<Moment, std::int64_t>> seen;
  journal->on_write([&](Moment moment, const Entry& e) {
    seen.emplace_back(moment, e.sequence);
    if (e.event == "crash" && moment == Moment::kBeforeWrite) throw std::runtime_error("before");
    if (e.event == "lost" && moment == Moment::kAfterWrite) throw std::runtime_error("after");
  });
  ASSERT_TRUE(journal->append(entry("a", "fine")));
  EXPECT_EQ(seen, (std::vector<std::pair<Moment, std::int64_t>>{{Moment::kBeforeWrite, 0}, {Moment::kAfterWrite, 1}}));
  EXPECT_THROW((void)journal->append(entry("a", "crash")), std::runtime_error);
  EXPECT_THROW((void)journal->append(entry("a", "lost")), std::runtime_error);
  ASSERT_TRUE(journal->append(entry("a", "fine")));
  const auto entries = *journal->entries();
  ASSERT_EQ(entries.size(), 3u) << "the one before is not there, the one after is";
  EXPECT_EQ(entries[1].event, "lost");
}

// A reader

TEST_F(JournalFile, AReaderMakesNothing) {
  EXPECT_EQ(Journal::open_read_only(path).error().code(), Code::kNotFound);
  EXPECT_FALSE(file_exists(path));
  { ASSERT_TRUE(open()->append(entry("a", "x"), {{"a", Json(1)}})); }
  const auto files = [&] {
    std::vector<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(temp.path())) names.push_back(file.path().filename());
    return names;
  };
  const auto before = files();
  auto reader = Journal::open_read_only(path);
  ASSERT_TRUE(reader) << reader.error().text();
  EXPECT_EQ((*reader)->records()->size(), 1u);
  EXPECT_EQ((*reader)->entries()->size(), 1u);
  EXPECT_EQ(files(), before);
  EXPECT_EQ((*reader)->append(entry("a", "y")).error().code(), Code::kInternal);
}

TEST_F(JournalFile, AReaderFollowsAWriter) {
  auto writer = open();
  auto reader = Journal::open_read_only(path);
  ASSERT_TRUE(reader) << reader.error().text();
  EXPECT_TRUE((*reader)->records()->empty());
  for (int i = 1; i <= 3; ++i) {
    ASSERT_TRUE(writer->append(entry("a", "x"), {{"a", Json(i)}}));
    EXPECT_EQ((*reader)->records()->at("a"), Json(i));
  }
  writer.reset();
  EXPECT_EQ((*reader)->entries()->size(), 3u);
  writer = open();
  ASSERT_TRUE(writer->append(entry("a", "x")));
  EXPECT_EQ((*reader)->entries()->size(), 4u);
}

// Bad weather

TEST_F(JournalFile, BytesOfSomethingElseAreRefusedWithAWayOut) {
  ASSERT_TRUE(write_file(path, std::string(5000, 'x'), 0600));
  const auto error = refusal();
  EXPECT_EQ(error.code(), Code::kCorrupt);
  EXPECT_THAT(error.text(), HasSubstr(path + " is damaged (it is not a SQLite database)"));
  EXPECT_THAT(error.hint(), HasSubstr(fmt::format("mv {0} {0}.damaged", path)));
  EXPECT_EQ(read_file(path)->size(), 5000u) << "nothing was changed";
}

TEST_F(JournalFile, AnotherProgramsDatabaseIsLeftAlone) {
  sql("CREATE TABLE bookmarks(url TEXT); PRAGMA user_version = 7");
  const auto before = *read_file(path);
  const auto error = refusal();
  EXPECT_EQ(error.code(), Code::kCorrupt);
  EXPECT_THAT(error.text(), HasSubstr("another program"));
  EXPECT_EQ(*read_file(path), before);
}

TEST_F(JournalFile, ALaterFormatAsksForALaterVersion) {
  open();
  sql("PRAGMA user_version = 2");
  EXPECT_EQ(refusal().code(), Code::kUnsupported);
  EXPECT_THAT(refusal().hint(), HasSubstr("later version"));
  EXPECT_EQ(Journal::open_read_only(path).error().code(), Code::kUnsupported);
}

TEST_F(JournalFile, AnEmptyFileIsANewJournal) {
  ASSERT_TRUE(write_file(path, "", 0600));
  EXPECT_EQ(Journal::open_read_only(path).error().code(), Code::kNotFound);
  EXPECT_TRUE(open()->append(entry("a", "x")));
}

TEST_F(JournalFile, ATruncatedFileIsDamage) {
  {
    auto journal = open();
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(journal->append(entry("a", "x", Json(std::string(200, 'b')))));
  }
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  EXPECT_EQ(refusal().code(), Code::kCorrupt);
}

TEST_F(JournalFile, ARowThatWasChangedOrTakenAwayIsDamage) {
  const auto damage = [&](const char* statements) {
    start_anew();
    {
      auto journal = open();
      for (int i = 0; i < 3; ++i)
        EXPECT_TRUE(journal->append(entry("a", "x", Json(i)), {{fmt::format("a/{}", i), Json(i)}}));
    }
    sql(statements);
    auto journal = Journal::open(path);
    if (!journal) return journal.error().code();
    auto records = (*journal)->records();
    if (!records) return records.error().code();
    auto entries = (*journal)->entries();
    return entries ? Code::kInternal : entries.error().code();
  };
  EXPECT_EQ(damage("UPDATE entries SET event = 'y' WHERE sequence = 2"), Code::kCorrupt);
  EXPECT_EQ(damage("DELETE FROM entries WHERE sequence = 2"), Code::kCorrupt);
  EXPECT_EQ(damage("DELETE FROM entries WHERE sequence = 3"), Code::kCorrupt);
  EXPECT_EQ(damage("UPDATE records SET body = '7' WHERE address = 'a/1'"), Code::kCorrupt);
  EXPECT_EQ(damage("DELETE FROM records WHERE address = 'a/1'"), Code::kCorrupt);
  EXPECT_EQ(damage("DELETE FROM head"), Code::kCorrupt);
  EXPECT_EQ(damage("DROP TABLE records"), Code::kCorrupt);
}

TEST_F(JournalFile, AFolderInItsPlaceIsAnIoError) {
  ASSERT_EQ(::mkdir(path.c_str(), 0700), 0);
  EXPECT_EQ(refusal().code(), Code::kIo);
  EXPECT_FALSE(refusal().hint().empty());
}

TEST_F(JournalFile, AnAbsentFolderIsAnIoError) {
  path = temp / "absent/journal.db";
  EXPECT_EQ(refusal().code(), Code::kIo);
}

// A limit on file sizes stands for a full disk: the write in the middle fails, whichever it is.
TEST_F(JournalFile, AFullDiskLosesNothingAndIsGoneOnFromWhenThereIsRoom) {
  auto journal = open();
  const auto before_signal = ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  std::int64_t written = 0;
  int refused = 0;
  for (rlim_t kib = 8; kib < 200; kib += 7) {
    const rlimit tight{kib << 10, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &tight);
    auto answer = journal->append(entry("a", "x", Json(std::string(3000, 'b'))), {{"a", Json(written + 1)}});
    ::setrlimit(RLIMIT_FSIZE, &before);
    if (answer) {
      written = *answer;
    } else {
      EXPECT_EQ(answer.error().code(), Code::kIo) << answer.error().text();
      EXPECT_FALSE(answer.error().hint().empty());
      ++refused;
    }
    ASSERT_EQ(static_cast<std::int64_t>(journal->entries()->size()), written);
    answer = journal->append(entry("a", "room again"), {{"a", Json(written + 1)}});
    ASSERT_TRUE(answer) << answer.error().text();
    written = *answer;
  }
  ::signal(SIGXFSZ, before_signal);
  EXPECT_GT(refused, 0);
  journal.reset();
  journal = open();
  EXPECT_EQ(static_cast<std::int64_t>(journal->entries()->size()), written);
  EXPECT_EQ(journal->records()->at("a"), Json(written));
}

TEST_F(JournalFile, AWriterElsewhereIsWaitedForAndThenNamed) {
  auto journal = open();
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const auto refused = journal->append(entry("a", "x"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kLocked);
  sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr);
  sqlite3_close(other);
  EXPECT_TRUE(journal->append(entry("a", "x"))) << "and goes on when the other has ended";
}

// Whatever is appended, and however often the journal is closed in between, it says what a plain list would say.
RC_GTEST_FIXTURE_PROP(JournalFile, EqualsItsModel, ()) {
  std::vector<std::string> bodies;
  std::map<std::string, Json> records;
  auto journal = open();
  const auto steps = *rc::gen::inRange(1, 30);
  for (int i = 0; i < steps; ++i) {
    if (*rc::gen::weightedElement<bool>({{1, true}, {5, false}})) journal.reset(), journal = open();
    // Any bytes may come as text in JSON; these are what UTF-8 allows.
    const Json body{{"n", i}, {"text", *rc::gen::container<std::string>(rc::gen::inRange<char>(0, 127))}};
    std::vector<RecordChange> changes;
    for (int c = *rc::gen::inRange(0, 4); c > 0; --c) {
      const auto address = fmt::format("kind/{}", *rc::gen::inRange(0, 5));
      if (*rc::gen::arbitrary<bool>()) {
        changes.push_back({address, body});
        records.insert_or_assign(address, body);
      } else {
        changes.push_back({address, std::nullopt});
        records.erase(address);
      }
    }
    RC_ASSERT(journal->append(entry("kind/0", "x", body), changes).value() == i + 1);
    bodies.push_back(codec::to_text(body));
    RC_ASSERT(journal->records().value() == records);
  }
  std::vector<std::string> read;
  const auto entries = journal->entries().value();
  for (const auto& e : entries) read.push_back(codec::to_text(e.body));
  RC_ASSERT(read == bodies);
}

// One byte of the file is anything else: then the journal refuses, or says what it said before. Never another story.
RC_GTEST_FIXTURE_PROP(JournalFile, DamageIsAnErrorAndNeverAnotherStory, ()) {
  std::map<std::string, Json> records;
  std::vector<std::string> bodies;
  {
    auto journal = open();
    for (int i = 0; i < 40; ++i) {
      const auto address = fmt::format("kind/{}", i % 7);
      records.insert_or_assign(address, Json{{"i", i}});
      bodies.push_back(codec::to_text(records.at(address)));
      journal->append(entry(address, "x", records.at(address)), {{address, records.at(address)}}).value();
    }
  }
  auto bytes = read_file(path).value();
  const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
  bytes[at] = *rc::gen::arbitrary<char>();
  RC_ASSERT(write_file(path, bytes, 0600).has_value());
  const auto same_story = [&](Result<std::unique_ptr<Journal>> journal) {
    if (!journal) return;
    if (auto read = (*journal)->records()) RC_ASSERT(*read == records);
    if (auto read = (*journal)->entries()) {
      std::vector<std::string> found;
      for (const auto& e : *read) found.push_back(codec::to_text(e.body));
      RC_ASSERT(found == bodies);
    }
  };
  same_story(Journal::open_read_only(path));
  same_story(Journal::open(path));
}

}  // namespace
}  // namespace tombolo::store
