#include "cloudinit/artefacts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace tombolo::cloudinit {
namespace {

using ::testing::HasSubstr;

TEST(Artefacts, TheTableIsWellFormed) {
  std::set<std::string> seen;
  for (const auto& a : pinned_artefacts()) {
    EXPECT_TRUE(a.url.starts_with("https://")) << a.url;
    EXPECT_EQ(a.sha256.size(), 64u) << a.name << " " << a.version;
    EXPECT_EQ(a.sha256.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_TRUE(seen.insert(a.sha256).second) << "one hash for two files: " << a.url;
    EXPECT_TRUE(seen.insert(a.url).second) << a.url;
    EXPECT_EQ(find_artefact(a.name, a.version, a.architecture)->sha256, a.sha256);
  }
}

TEST(Artefacts, VendorsAddresses) {
  EXPECT_EQ(find_artefact("nebula", "1.11.2", Architecture::kArm64)->url,
            "https://github.com/slackhq/nebula/releases/download/v1.11.2/nebula-linux-arm64.tar.gz");
  EXPECT_EQ(find_artefact("k3s", "v1.36.4+k3s1", Architecture::kArm64)->url,
            "https://github.com/k3s-io/k3s/releases/download/v1.36.4+k3s1/k3s-arm64");
  EXPECT_EQ(find_artefact("helm", "4.3.0", Architecture::kAmd64)->url,
            "https://get.helm.sh/helm-v4.3.0-linux-amd64.tar.gz");
}

TEST(Artefacts, AMirrorReplacesSchemeAndHostAndKeepsThePath) {
  EXPECT_EQ(*mirrored("https://github.com/a/b.tar.gz", "http://10.0.0.9:8080/files/"),
            "http://10.0.0.9:8080/files/a/b.tar.gz");
  EXPECT_EQ(*mirrored("https://github.com/a/b.tar.gz", "file:///srv/mirror"), "file:///srv/mirror/a/b.tar.gz");
  EXPECT_EQ(find_artefact("helm", "4.3.0", Architecture::kAmd64, {"https://m.lan", {}})->url,
            "https://m.lan/helm-v4.3.0-linux-amd64.tar.gz");
  for (auto bad : {"m.lan/files", "ftp://m.lan", "http://m.lan/?a=b", "http://m.lan/'x'", "http://m.lan/a b",
                   "https://m.lan/$(id)"})
    EXPECT_FALSE(mirrored("https://github.com/a", bad)) << bad;
}

TEST(Artefacts, AnUnknownVersionNeedsAnExplicitHash) {
  const auto unknown = find_artefact("nebula", "1.12.0", Architecture::kAmd64);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code(), Code::kBadInput);
  EXPECT_THAT(unknown.error().hint(), HasSubstr("1.11.2"));

  const std::string hash(64, 'a');
  const auto given = find_artefact("nebula", "1.12.0", Architecture::kAmd64, {"", {{"nebula", hash}}});
  ASSERT_TRUE(given);
  EXPECT_EQ(given->sha256, hash);
  EXPECT_THAT(given->url, HasSubstr("v1.12.0"));
}

TEST(Artefacts, AnExplicitHashReplacesThePin) {
  const std::string hash(64, 'b');
  EXPECT_EQ(find_artefact("nebula", "1.11.2", Architecture::kAmd64, {"", {{"nebula", hash}}})->sha256, hash);
  EXPECT_FALSE(find_artefact("nebula", "1.11.2", Architecture::kAmd64, {"", {{"nebula", "abc"}}}));
}

TEST(Artefacts, NamesVersionsAndArchitecturesAreChecked) {
  EXPECT_FALSE(find_artefact("nebulla", "1.11.2", Architecture::kAmd64));
  EXPECT_FALSE(
      find_artefact("nebula", "1.11.2';reboot;'", Architecture::kAmd64, {"", {{"nebula", std::string(64, 'a')}}}));
  EXPECT_EQ(*parse_architecture("x86_64"), Architecture::kAmd64);
  EXPECT_EQ(*parse_architecture("aarch64"), Architecture::kArm64);
  EXPECT_FALSE(parse_architecture("riscv64"));
}

}  // namespace
}  // namespace tombolo::cloudinit
