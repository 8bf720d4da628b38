// The journal against kill -9: whatever append() has answered for is there afterwards, whole and in order.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "base/descriptor.hpp"
#include "base/temp_folder.hpp"
#include "store/journal.hpp"

namespace tombolo::store {
namespace {

constexpr int kRounds = 60;

// Appends for ever, and tells every sequence number that append() has answered with.
[[noreturn]] void append_for_ever(const std::string& path, int tell) {
  auto journal = Journal::open(path);
  while (journal) {
    const auto body = codec::Json{{"padding", std::string(300, 'x')}};
    const auto sequence = (*journal)->append({0, Time{}, "run", "a", "x", body}, {{"a", body}, {"b", codec::Json(1)}});
    if (!sequence || ::write(tell, &*sequence, sizeof(*sequence)) != sizeof(*sequence)) break;
  }
  ::_exit(1);
}

TEST(JournalKill, WhatWasAcknowledgedSurvives) {
  TempFolder temp;
  const auto path = temp / "journal.db";
  std::mt19937 random(20261126);
  std::int64_t acknowledged = 0;
  for (int round = 0; round < kRounds; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    Descriptor hear(ends[0]), tell(ends[1]);
    const pid_t child = ::fork();
    if (child == 0) append_for_ever(path, tell.get());
    tell.close();
    // Somewhere in the next appends, at a moment that the scheduler chooses.
    for (auto left = std::uniform_int_distribution<int>(0, 40)(random); left > 0; --left)
      ASSERT_EQ(::read(hear.get(), &acknowledged, sizeof(acknowledged)), static_cast<ssize_t>(sizeof(acknowledged)));
    ::kill(child, SIGKILL);
    while (::read(hear.get(), &acknowledged, sizeof(acknowledged)) > 0) {}
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself";

    // A reader first, on the log that the dead writer left; then the next writer.
    if (auto reader = Journal::open_read_only(path)) {
      const auto seen = (*reader)->entries(0, 1u << 20);
      ASSERT_TRUE(seen) << seen.error().text();
      ASSERT_GE(static_cast<std::int64_t>(seen->size()), acknowledged);
    } else {
      ASSERT_EQ(reader.error().code(), Code::kNotFound) << reader.error().text();
      ASSERT_EQ(acknowledged, 0);
    }
    auto journal = Journal::open(path);
    ASSERT_TRUE(journal) << journal.error().text();
    const auto entries = (*journal)->entries(0, 1u << 20);
    ASSERT_TRUE(entries) << entries.error().text();
    // One more may be there: written, and killed before it could answer.
    ASSERT_GE(static_cast<std::int64_t>(entries->size()), acknowledged);
    ASSERT_LE(static_cast<std::int64_t>(entries->size()), acknowledged + 1);
    acknowledged = static_cast<std::int64_t>(entries->size());
    ASSERT_EQ((*journal)->records().value().size(), acknowledged ? 2u : 0u);
  }
  EXPECT_GT(acknowledged, kRounds);
}

}  // namespace
}  // namespace tombolo::store
