#include "kube/channels.hpp"

#include <gmock/gmock.h>

namespace tombolo::kube {
namespace {

TEST(Frame, IsAByteAndData) {
  EXPECT_EQ(frame(3, "abc"),
            "\x03"
            "abc");
  EXPECT_EQ(read_frame("\x01 x")->channel, 1);
  EXPECT_EQ(read_frame(std::string(1, '\xff'))->channel, 255);
  EXPECT_FALSE(read_frame(""));
}

// Recorded from a kubelet 1.35.4, by way of its API server.
TEST(ExitStatus, IsReadAsAKubeletWritesIt) {
  EXPECT_EQ(exit_status(R"({"metadata":{},"status":"Success"})", "running x"), 0);
  EXPECT_EQ(
      exit_status(
          R"({"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code: exit status 3",)"
          R"("reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"3"}]}})",
          "running x"),
      3);
  const auto absent = exit_status(
      R"({"metadata":{},"status":"Failure","message":"error executing command in container: exec: \"nosuch\": executable file not found in $PATH","reason":"InternalError","code":500})",
      "running x");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code(), Code::kNotFound);
  EXPECT_EQ(exit_status("half a", "running x").error().code(), Code::kCorrupt);
  EXPECT_EQ(exit_status("{}", "running x").error().code(), Code::kCorrupt);
}

}  // namespace
}  // namespace tombolo::kube
