#include "liqo/installation.hpp"

#include <gmock/gmock.h>

namespace tombolo::liqo {
namespace {

using testing::HasSubstr;

TEST(VersionSkew, IsNothingWithinAMinor) {
  EXPECT_EQ(version_skew("v1.2.0", "v1.2.0"), "");
  EXPECT_EQ(version_skew("v1.2.0", "v1.2.3"), "");
  EXPECT_EQ(version_skew("", "v1.2.0"), "") << "not known yet";
}

TEST(VersionSkew, OfOneMinorIsToldAndOfMoreRefused) {
  EXPECT_THAT(version_skew("v1.1.2", "v1.2.0"), HasSubstr("one minor apart"));
  EXPECT_THAT(version_skew("v1.0.3", "v1.2.0"), HasSubstr("do not fit together"));
  EXPECT_THAT(version_skew("v2.0.0", "v1.2.0"), HasSubstr("do not fit together"));
  EXPECT_THAT(version_skew("latest", "v1.2.0"), HasSubstr("do not fit together"));
}

}  // namespace
}  // namespace tombolo::liqo
