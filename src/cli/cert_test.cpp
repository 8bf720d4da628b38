#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/files.hpp"
#include "base/ids.hpp"
#include "cli/cert_support.hpp"
#include "cli/commands.hpp"
#include "cli/run.hpp"
#include "cli/test_support.hpp"

namespace tombolo::cli {
namespace {

using ::testing::HasSubstr;

TEST(Durations, AreGosAndDaysAndNeverNothing) {
  EXPECT_EQ(parse_duration("8760h").value(), std::chrono::hours(8760));
  EXPECT_EQ(parse_duration("1h30m5s").value(), std::chrono::seconds(5405));
  EXPECT_EQ(parse_duration("3650d").value(), std::chrono::hours(87600));
  for (const char* wrong :
       {"", "0s", "5", "h", "-1h", "1.5h", "1w", "99999999999999999999h", "9999999h", "1 h", "1h "}) {
    EXPECT_EQ(parse_duration(wrong).error().code(), Code::kBadInput) << wrong;
  }
}

TEST(Lists, AreTrimmedAndKeepTheirOrder) {
  EXPECT_EQ(split_list(" b, a ,,c,"), (std::vector<std::string>{"b", "a", "c"}));
  EXPECT_TRUE(split_list("").empty());
  EXPECT_FALSE(parse_networks("10.42.0.1/16,nonsense"));
}

// A folder of its own, and the commands as the shell would call them.
class Cert : public ::testing::Test {
 protected:
  Cert() { std::filesystem::create_directory(folder_); }
  ~Cert() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  Exit cert(std::vector<std::string> words, const std::string& input = "", const std::string& passphrase = "") {
    words.insert(words.begin(), {"--state", path("state"), "cert"});
    testing::Screen screen;
    screen.in.str(input);
    Environment environment;
    if (!passphrase.empty()) environment.variables["NEBULA_CA_PASSPHRASE"] = passphrase;
    const auto exit = run(words, command_table(), screen.console, environment, {});
    out_ = screen.out.str();
    err_ = screen.err.str();
    return exit;
  }
  Exit make_ca(std::vector<std::string> more = {}, const std::string& passphrase = "") {
    std::vector<std::string> words{"ca", "--name", "mesh", "--out-crt", path("ca.crt"), "--out-key", path("ca.key")};
    words.insert(words.end(), more.begin(), more.end());
    return cert(words, "", passphrase);
  }
  std::vector<std::string> sign_words(const std::string& name) const {
    return {"sign",
            "--name",
            name,
            "--networks",
            "10.42.0.1/16",
            "--ca-crt",
            path("ca.crt"),
            "--ca-key",
            path("ca.key"),
            "--out-crt",
            path(name + ".crt"),
            "--out-key",
            path(name + ".key")};
  }

  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / ("tombolo-cert-" + random_id(8));
  std::string out_;
  std::string err_;
};

TEST_F(Cert, NothingIsEverOverwrittenAndKeysArePrivate) {
  ASSERT_EQ(make_ca(), Exit::kDone) << err_;
  const auto key = read_file(path("ca.key")).value();
  EXPECT_EQ(std::filesystem::status(path("ca.key")).permissions(), std::filesystem::perms(0600));
  EXPECT_EQ(make_ca(), Exit::kFailed);
  EXPECT_THAT(err_, HasSubstr("never overwritten"));
  EXPECT_EQ(read_file(path("ca.key")).value(), key);

  ASSERT_EQ(cert(sign_words("host")), Exit::kDone) << err_;
  std::filesystem::remove(path("host.crt"));
  EXPECT_EQ(cert(sign_words("host")), Exit::kFailed) << "the key is there still";
  EXPECT_FALSE(file_exists(path("host.crt"))) << "a pair is written whole or not at all";
}

TEST_F(Cert, SaysWhatIsMissingAndWhatNebulaForbids) {
  EXPECT_EQ(cert({"sign", "--name", "host"}), Exit::kFailed);
  ASSERT_EQ(make_ca({"--groups", "ops"}), Exit::kDone) << err_;
  auto words = sign_words("host");
  words.insert(words.end(), {"--groups", "db"});
  EXPECT_EQ(cert(words), Exit::kBadInput);
  EXPECT_THAT(err_, HasSubstr("may not issue the group \"db\""));
  EXPECT_FALSE(file_exists(path("host.key"))) << "a refused certificate leaves no key behind";
  EXPECT_EQ(cert({"ca", "--name", "x", "--curve", "P256"}), Exit::kBadInput);
}

TEST_F(Cert, PrintReadsStandardInputAndVerifyTellsAKeyThatIsAnothers) {
  ASSERT_EQ(make_ca(), Exit::kDone) << err_;
  ASSERT_EQ(cert(sign_words("a")), Exit::kDone) << err_;
  ASSERT_EQ(cert(sign_words("b")), Exit::kDone) << err_;
  EXPECT_EQ(cert({"print", "-o", "json", "-"}, read_file(path("a.crt")).value()), Exit::kDone) << err_;
  EXPECT_EQ(codec::text_at(codec::parse_json(out_).value(), "0.details.name"), "a");
  EXPECT_EQ(cert({"verify", "--ca", path("ca.crt"), path("a.crt"), "--key", path("a.key")}), Exit::kDone) << err_;
  EXPECT_EQ(cert({"verify", "--ca", path("ca.crt"), path("a.crt"), "--key", path("b.key")}), Exit::kFailed);
  EXPECT_THAT(err_, HasSubstr("does not belong to the certificate of \"a\""));
}

TEST_F(Cert, AnEncryptedAuthorityNeedsItsPassphrase) {
  const std::vector<std::string> cheap{"--encrypt", "--argon-memory", "64", "--argon-parallelism", "1"};
  EXPECT_EQ(make_ca(cheap), Exit::kBadInput) << "nobody can be asked";
  EXPECT_FALSE(file_exists(path("ca.crt")));
  ASSERT_EQ(make_ca(cheap, "correct horse"), Exit::kDone) << err_;
  EXPECT_EQ(cert(sign_words("a")), Exit::kBadInput);
  EXPECT_EQ(cert(sign_words("a"), "", "wrong"), Exit::kFailed);
  EXPECT_EQ(cert(sign_words("a"), "", "correct horse"), Exit::kDone) << err_;
}

TEST_F(Cert, WhatTheImportedAuthorityIssuesIsInTheLedger) {
  ASSERT_EQ(make_ca(), Exit::kDone) << err_;
  ASSERT_EQ(cert(sign_words("lighthouse")), Exit::kDone) << err_;
  ASSERT_EQ(cert({"import", folder_.string(), "-o", "json"}), Exit::kDone) << err_;
  EXPECT_EQ(codec::find(codec::parse_json(out_).value(), "files")->as_array().size(), 4u);
  ASSERT_EQ(cert({"sign", "--name", "laptop", "--networks", "10.42.9.1/16", "--out-crt", path("l.crt"), "--out-key",
                  path("l.key")}),
            Exit::kDone)
      << err_;
  const auto ledger = read_ledger(store::StateFolder(path("state"))).value();
  EXPECT_EQ(ledger.entries().size(), 3u);
  EXPECT_EQ(ledger.valid(now(), "laptop").size(), 1u);
  EXPECT_EQ(cert({"verify", path("l.crt")}), Exit::kDone) << err_;

  auto revoking = ledger;
  ASSERT_TRUE(revoking.revoke(ledger.valid(now(), "laptop")[0]->fingerprint, now()));
  ASSERT_TRUE(write_ledger(store::StateFolder(path("state")), revoking));
  EXPECT_EQ(cert({"verify", path("l.crt")}), Exit::kFailed);
  EXPECT_THAT(err_, HasSubstr("blocklist"));
}

TEST_F(Cert, ASecondAuthorityIsNotTakenOver) {
  ASSERT_EQ(make_ca(), Exit::kDone) << err_;
  ASSERT_EQ(cert({"import", folder_.string()}), Exit::kDone) << err_;
  const auto kept = read_file(path("state/nebula/home-ca.crt")).value();
  std::filesystem::remove(path("ca.crt"));
  std::filesystem::remove(path("ca.key"));
  ASSERT_EQ(make_ca(), Exit::kDone) << err_;
  EXPECT_EQ(cert({"import", folder_.string()}), Exit::kFailed);
  EXPECT_THAT(err_, HasSubstr("Nothing was taken over"));
  EXPECT_EQ(read_file(path("state/nebula/home-ca.crt")).value(), kept);
}

}  // namespace
}  // namespace tombolo::cli
