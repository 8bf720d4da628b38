#include <gtest/gtest.h>

#include "net/shell.hpp"

namespace tombolo::net {
namespace {

// `ssh-keygen -lf` (OpenSSH 9.2) says the fingerprint.
const std::string kLine = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBdBgOKfCQcDzcBRLYZ2SxYIXImXeRoZgqGf2W+4cU/9";
constexpr std::string_view kFingerprint = "SHA256:pEfEviYAs2r8V7PojrKkV4KhDaCBIzIXZZ2VFFjSiOE";

TEST(HostKey, IsReadAndPrintedAsOpenSshDoes) {
  const auto key = HostKey::parse(kLine + " root@ip-172-31-0-4");
  ASSERT_TRUE(key);
  EXPECT_EQ(key->type, "ssh-ed25519");
  EXPECT_EQ(key->line(), kLine);
  EXPECT_EQ(key->fingerprint(), kFingerprint);
}

TEST(HostKey, OfAnotherKindIsNone) {
  for (const auto& line :
       {std::string("ssh-dss AAAA"), kLine.substr(0, 50), "ssh-rsa" + kLine.substr(11), std::string()}) {
    const auto key = HostKey::parse(line);
    ASSERT_FALSE(key) << line;
    EXPECT_EQ(key.error().code(), Code::kBadInput);
  }
}

}  // namespace
}  // namespace tombolo::net
