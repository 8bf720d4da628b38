#include "codec/ssh_public.hpp"

#include <gtest/gtest.h>

#include "codec/base64.hpp"

namespace tombolo::codec {
namespace {

// Made with OpenSSH 9.2: ssh-keygen -t ed25519, -t ecdsa, -t rsa -b 2048 and 1024.
constexpr const char* kEd25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBdBgOKfCQcDzcBRLYZ2SxYIXImXeRoZgqGf2W+4cU/9";
constexpr const char* kEcdsa =
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBNEcGHNeNhli8buNVXBnRWmdlBWB"
    "5x5viN1hHGbVuWOPCV1sRY35dl9h8/+r0Z8uKseJLhUyFkYQrFsuiCFLDew=";
constexpr const char* kRsa =
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDWRpxVQali8ymq8ifS+8tFR8emY+wOEyYavsY7eTNORrQpIugL++LC4UHbdeu+"
    "SPPMJP+FnWhJ26CUgRFpNbsOQy0yrsQ3G+ihcBxF0yyplJinlbTU0PbdeblhlMNAXtI81tSeBPCnbTphRW6mkxUEeMav2/RrkW+d"
    "Ozao4Tcch6K+mx2ovf3AAjHWQzkuDhiPVU/RChBuTPhv1jYrBqkBAZZUs76A/FhoQqIhi9KJ7AA92ZnFvy6/c8yRWG0s33zG6PhY"
    "hHwdOr5J0rcZmD8HhUCcWNMIwTlh8vH9pzAo0OQoUcjhRO+AJG5DYFpq7r0nXJkSjxII/QzrTd8+OmO/";
constexpr const char* kShortRsa =
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC2zDm391EtwJ91+1i81h8rAhLV3h301Po9IL8wKxqZ1lafw6v7p1oq15bTJ4AQ"
    "B0g8DzKZvVcKG3OWW7jtCG0gVygQR+4uUwJJJCWro/gyaSlQR6BarOobT+qFb0M/XDUGOS6An5f5MVqsL/dYxpWev4zelzrXarTb"
    "0e7oLIYV5Q==";

TEST(SshPublic, ReadsEveryTypeWithAndWithoutComment) {
  for (const std::string key : {kEd25519, kEcdsa, kRsa}) {
    for (const auto* end : {"", " root@ip-172-31-4-7", "\r", "\n", " a b c"}) {
      const auto parsed = parse_ssh_public(key + end);
      ASSERT_TRUE(parsed) << key << end;
      EXPECT_EQ(parsed->line(), key);
    }
  }
}

TEST(SshPublic, RefusesWhatIsNoWholeKey) {
  const std::string key = kEd25519;
  for (const auto& line :
       {std::string(), std::string("ssh-ed25519"), std::string("ssh-ed25519 "), std::string("ssh-ed25519 AAAA"),
        key.substr(0, key.size() - 4), key + "AAAA", "ssh-rsa " + key.substr(12), " " + key, std::string(kShortRsa)})
    EXPECT_FALSE(parse_ssh_public(line)) << line;
}

TEST(SshPublic, RefusesEveryPrefixAndEveryLongerBlob) {
  for (const std::string_view key : {kEd25519, kEcdsa, kRsa}) {
    auto blob = *decode_base64(key.substr(key.find(' ') + 1));
    for (std::size_t n = 0; n < blob.size(); ++n) EXPECT_FALSE(parse_ssh_public_blob(ByteView(blob).first(n)));
    blob.push_back(0);
    EXPECT_FALSE(parse_ssh_public_blob(blob));
  }
}

TEST(SshPublic, RefusesOtherTypes) {
  for (const std::string type : {"ssh-dss", "ecdsa-sha2-nistp384", "ssh-ed25519-cert-v01@openssh.com"}) {
    Bytes blob{0, 0, 0, static_cast<Byte>(type.size())};
    blob.insert(blob.end(), type.begin(), type.end());
    blob.insert(blob.end(), {0, 0, 0, 1, 7});
    EXPECT_FALSE(parse_ssh_public(type + " " + encode_base64(blob)));
  }
}

}  // namespace
}  // namespace tombolo::codec
