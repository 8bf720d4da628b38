#include "cli/report.hpp"

#include <gtest/gtest.h>

#include "cli/test_support.hpp"

namespace tombolo::cli {
namespace {

Error refused_group() {
  return Error(Code::kDuplicate, "the security group tombolo-home is somebody else's")
      .from({.code = "InvalidGroup.Duplicate", .http_status = 400, .request_id = "7a62c49f"})
      .context("creating aws.security-group/lighthouse")
      .context("bringing the cluster home up")
      .hint("Rename it in the AWS console, or choose another name:\n  name: home2\nin the cluster file.");
}

TEST(Report, SaysWhatThenWhereThenTheRemoteThenWhatToDo) {
  testing::Screen screen;
  EXPECT_EQ(report(screen.console, refused_group()), Exit::kFailed);
  EXPECT_EQ(screen.out.str(), "");
  EXPECT_EQ(screen.err.str(),
            "error: the security group tombolo-home is somebody else's\n"
            "  while creating aws.security-group/lighthouse\n"
            "  while bringing the cluster home up\n"
            "  the answer was: InvalidGroup.Duplicate, HTTP 400, request 7a62c49f\n"
            "  Rename it in the AWS console, or choose another name:\n"
            "    name: home2\n"
            "  in the cluster file.\n");
}

TEST(Report, IsOneLineOfJsonForPrograms) {
  testing::Screen screen;
  screen.console.json = true;
  report(screen.console, refused_group());
  EXPECT_EQ(screen.out.str(), "");
  EXPECT_EQ(screen.err.str(),
            R"({"error":{"code":"duplicate","message":"the security group tombolo-home is somebody else's",)"
            R"("context":["bringing the cluster home up","creating aws.security-group/lighthouse"],)"
            R"("remote":{"code":"InvalidGroup.Duplicate","httpStatus":400,"requestId":"7a62c49f"},)"
            R"("hint":"Rename it in the AWS console, or choose another name:\n  name: home2\nin the cluster file."}})"
            "\n");
}

TEST(Report, TheExitCodeFollowsFromTheCode) {
  for (int code = 0; code <= static_cast<int>(Code::kInternal); ++code) {
    const auto expected = static_cast<Code>(code) == Code::kBadInput    ? Exit::kBadInput
                          : static_cast<Code>(code) == Code::kCancelled ? Exit::kCancelled
                                                                        : Exit::kFailed;
    EXPECT_EQ(exit_of(static_cast<Code>(code)), expected) << name(static_cast<Code>(code));
  }
}

TEST(Report, ColoursOnlyTheFirstWordAndOnlyWhenAsked) {
  const Error error(Code::kIo, "the disk is full");
  EXPECT_EQ(error_text(error, false), "error: the disk is full\n");
  EXPECT_EQ(error_text(error, true), "\x1b[31merror:\x1b[0m the disk is full\n");
  EXPECT_EQ(error_text(Error(Code::kCancelled, "stopped"), false), "cancelled: stopped\n");
}

TEST(Report, WhatARemoteWroteCannotDriveTheTerminal) {
  EXPECT_EQ(error_text(Error(Code::kTransient, "bad \x1b[2J answer"), false), "error: bad  [2J answer\n");
}

TEST(Report, DiagnosticsAreErrorsOrWarnings) {
  Diagnostics warning;
  warning.add({Severity::kWarning, "t.yaml", {2, 3}, 4, "", "odd", "look"});
  testing::Screen screen;
  EXPECT_EQ(report(screen.console, warning, "a: 1\nb: four\n"), Exit::kDone);
  EXPECT_EQ(screen.err.str(), warning.render("a: 1\nb: four\n"));

  testing::Screen silent;
  silent.console.json = true;
  EXPECT_EQ(report(silent.console, Diagnostics(), ""), Exit::kDone);
  EXPECT_EQ(silent.err.str(), "");

  auto faulty = warning;
  faulty.add({Severity::kError, "t.yaml", {}, 1, "mesh", "missing", ""});
  testing::Screen json;
  json.console.json = true;
  EXPECT_EQ(report(json.console, faulty, ""), Exit::kBadInput);
  EXPECT_EQ(
      json.err.str(),
      R"({"diagnostics":[{"severity":"warning","file":"t.yaml","line":2,"column":3,"length":4,"message":"odd","hint":"look"},)"
      R"({"severity":"error","file":"t.yaml","path":"mesh","message":"missing"}]})"
      "\n");
}

}  // namespace
}  // namespace tombolo::cli
