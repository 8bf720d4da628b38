#include "cluster/tree.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/files.hpp"

namespace tombolo::cluster {
namespace {

namespace fs = std::filesystem;

TEST(PlaceInRepository, IsCountedFromTheRepositoryAroundTheFolder) {
  const auto top = fs::path(testing::TempDir()) / "place_in_repository";
  fs::create_directories(top / "home/.git");
  EXPECT_EQ(place_in_repository((top / "home/clusters/home/homelab").string()), "./clusters/home/homelab");
  EXPECT_EQ(place_in_repository((top / "home/clusters/../x/").string()), "./x");
  EXPECT_EQ(place_in_repository((top / "home").string()), ".");
  fs::remove_all(top);
}

TEST(PlaceInRepository, WithoutARepositoryIsTheFolderAsItIsWritten) {
  const auto before = fs::current_path();
  const auto nowhere = fs::path(testing::TempDir()) / "no_repository";
  fs::create_directories(nowhere);
  fs::current_path(nowhere);
  EXPECT_EQ(place_in_repository("clusters/home/homelab/"), "./clusters/home/homelab");
  EXPECT_EQ(place_in_repository("../elsewhere"), "./elsewhere");
  EXPECT_EQ(place_in_repository((nowhere / "tree").string()), "./tree");
  fs::current_path(before);
  fs::remove_all(nowhere);
}

}  // namespace
}  // namespace tombolo::cluster
