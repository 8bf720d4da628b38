#include <gtest/gtest.h>

#include <filesystem>

#include "aws/ec2.hpp"
#include "base/files.hpp"
#include "base/ids.hpp"
#include "sim/memory.hpp"

namespace tombolo::sim {
namespace {

class Memory : public testing::Test {
 protected:
  Memory() : path_((std::filesystem::temp_directory_path() / ("tombolo-memory-" + random_id(6))).string()) {}
  ~Memory() override { std::filesystem::remove(path_); }

  static std::string allocate(LastingSite& lasting) {
    aws::Credentials keys;
    keys.access_key = kAccessKeyId;
    keys.secret_key = Secret<std::string>(std::string(kSecretAccessKey));
    aws::ClientConfig config;
    config.environment = {};
    config.region = "us-west-2";
    aws::Client client(lasting.clock(), lasting.site(), aws::CredentialStore::fixed(lasting.clock(), keys), config);
    return aws::Ec2(client).allocate_address({}, {})->ip;
  }

  std::string path_;
};

TEST_F(Memory, TheWorldOfTheLastRunIsThereInTheNext) {
  std::string first;
  Time end;
  {
    auto lasting = LastingSite::open(path_, Time(1'800'000'000s));
    ASSERT_TRUE(lasting);
    first = allocate(**lasting);
    end = (*lasting)->clock().now();
  }
  auto lasting = LastingSite::open(path_, Time(0s));
  ASSERT_TRUE(lasting);
  ASSERT_EQ((*lasting)->site().addresses().size(), 1u);
  EXPECT_EQ((*lasting)->site().addresses()[0].public_ip, first);
  EXPECT_NE(allocate(**lasting), first);
  EXPECT_GE((*lasting)->clock().now() + 1s, end);
}

TEST_F(Memory, AHalfWrittenLastLineIsACallThatWasNotCarriedOut) {
  { (void)allocate(**LastingSite::open(path_, Time(1'800'000'000s))); }
  auto text = *read_file(path_);
  ASSERT_TRUE(write_file(path_, text.substr(0, text.size() - 5), kPrivateFile));
  auto lasting = LastingSite::open(path_, Time(0s));
  ASSERT_TRUE(lasting);
  EXPECT_TRUE((*lasting)->site().addresses().empty());
}

TEST_F(Memory, AnotherFileIsRefused) {
  ASSERT_TRUE(write_file(path_, "hello\n", kPrivateFile));
  const auto lasting = LastingSite::open(path_, Time(0s));
  ASSERT_FALSE(lasting);
  EXPECT_EQ(lasting.error().code(), Code::kCorrupt);
}

}  // namespace
}  // namespace tombolo::sim
