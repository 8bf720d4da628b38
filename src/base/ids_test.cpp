#include "base/ids.hpp"

#include <gtest/gtest.h>

#include <set>

namespace tombolo {
namespace {

TEST(RandomId, IsHexOfTheAskedLength) {
  EXPECT_EQ(random_id(16).size(), 32u);
  EXPECT_EQ(random_id(0), "");
  EXPECT_EQ(random_id(300).find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(RandomId, IsAnotherOneEachTime) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random_id(8));
  EXPECT_EQ(seen.size(), 1000u);
}

}  // namespace
}  // namespace tombolo
