#include "nebula/import.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nebula/authority.hpp"
#include "nebula/vectors.hpp"

namespace tombolo::nebula {
namespace {

using test::kNow;
using test::vector_of;
using testing::HasSubstr;

FoundFile file(std::string name, std::string content) {
  return {std::move(name), Secret<std::string>(std::move(content))};
}

Result<Passphrase> nobody() { return fail(Code::kInternal, "nobody is to be asked here"); }

std::vector<FoundFile> folder(const char* ca = "old-ca.crt", const char* host = "old-h1.crt") {
  return {file("ca.crt", vector_of(ca).text("pem")), file("ca.key", vector_of(ca).text("key_pem")),
          file("host1.crt", vector_of(host).text("pem")), file("host1.key", vector_of(host).text("key_pem"))};
}

TEST(ImportFolder, TakesOverEveryKindOfPair) {
  for (const auto& [host, ca] : test::issuers()) {
    const auto found = read_folder(folder(ca.c_str(), host.c_str()), kNow, nobody);
    ASSERT_TRUE(found) << found.error().text();
    EXPECT_EQ(found->authority_pem, vector_of(ca).text("pem"));
    EXPECT_EQ(found->authority_key_pem.expose(), vector_of(ca).text("key_pem"));
    ASSERT_EQ(found->members.size(), 1u);
    EXPECT_EQ(found->members[0].name, vector_of(host).text("name"));
    EXPECT_EQ(found->members[0].certificate_pem, vector_of(host).text("pem"));
    EXPECT_EQ(found->members[0].key_pem->expose(), vector_of(host).text("key_pem"));
    EXPECT_TRUE(found->left_out.empty());
  }
}

TEST(ImportFolder, KeepsAnEncryptedKeyEncryptedAndAsksForItsPassphraseToCheckIt) {
  const auto& v = vector_of("e-ca.crt");
  const std::vector<FoundFile> files = {file("ca.crt", v.text("pem")), file("ca.key", v.text("key_pem"))};
  const auto found = read_folder(files, kNow, [&] { return Result<Passphrase>(Passphrase(v.text("passphrase"))); });
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->authority_key_pem.expose(), v.text("key_pem"));
  const auto wrong = read_folder(files, kNow, [] { return Result<Passphrase>(Passphrase(std::string("no"))); });
  EXPECT_EQ(wrong.error().code(), Code::kUntrusted);
}

TEST(ImportFolder, RefusesMixedUpPairsAndNamesTheFiles) {
  const auto why = [](const std::function<void(std::vector<FoundFile>&)>& change) {
    auto files = folder();
    change(files);
    const auto found = read_folder(files, kNow, nobody);
    return found ? std::string() : found.error().text();
  };
  EXPECT_EQ(why([](auto&) {}), "");
  EXPECT_THAT(why([](auto& f) { f[1] = file("ca.key", vector_of("n1-ca.crt").text("key_pem")); }),
              HasSubstr("ca.crt and ca.key"));
  EXPECT_THAT(why([](auto& f) { f[3] = file("host1.key", vector_of("n1-h1.crt").text("key_pem")); }),
              HasSubstr("host1.crt and host1.key"));
  EXPECT_THAT(why([](auto& f) { f[2] = file("host1.crt", vector_of("n1-h1.crt").text("pem")); }),
              HasSubstr("host1.crt: its issuer"));
  EXPECT_THAT(why([](auto& f) { f[0] = file("ca.crt", vector_of("old-h1.crt").text("pem")); }),
              HasSubstr("member's certificate"));
  EXPECT_THAT(why([](auto& f) { f[3] = file("host1.key", vector_of("old-ca.crt").text("key_pem")); }),
              HasSubstr("host1.key: here must be a member's"));
  EXPECT_THAT(why([](auto& f) { f[2] = file("host1.crt", "rubbish"); }),
              HasSubstr("host1.crt: here is no Nebula certificate"));
  EXPECT_THAT(why([](auto& f) { f.erase(f.begin() + 1); }), HasSubstr("no ca.key"));
  EXPECT_THAT(why([](auto& f) { f.push_back(file("copy.crt", vector_of("old-h1.crt").text("pem"))); }),
              HasSubstr("both certificates of \"host1\""));
}

TEST(ImportFolder, LeavesOutWhatIsExpiredOrForeignAndSaysSo) {
  auto files = folder();
  files.push_back(file("notes.txt", "buy milk"));
  files.push_back(file("lonely.key", vector_of("n1-h1.crt").text("key_pem")));
  const auto ca = Authority::open(vector_of("old-ca.crt").certificate(), vector_of("old-ca.crt").signing_key()).value();
  const auto past = ca.issue({.name = "past",
                              .public_key = MemberKey::generate().public_key(),
                              .networks = {codec::Cidr::parse("10.42.0.7/16").value()},
                              .not_before = kNow - std::chrono::hours(2),
                              .not_after = kNow - std::chrono::hours(1)});
  files.push_back(file("past.crt", past.value().to_pem()));
  const auto found = read_folder(files, kNow, nobody).value();
  EXPECT_EQ(found.members.size(), 1u);
  EXPECT_THAT(found.left_out, testing::UnorderedElementsAre(HasSubstr("notes.txt"), HasSubstr("lonely.key"),
                                                            HasSubstr("past.crt: expired")));
}

TEST(ImportFolder, RefusesAnExpiredAuthority) {
  const auto late = vector_of("old-ca.crt").details().not_after + std::chrono::seconds(1);
  EXPECT_THAT(read_folder(folder(), late, nobody).error().text(), HasSubstr("expired"));
}

TEST(ImportFolder, TakesACertificateWhoseKeyIsElsewhere) {
  auto files = folder();
  files.pop_back();
  const auto found = read_folder(files, kNow, nobody).value();
  ASSERT_EQ(found.members.size(), 1u);
  EXPECT_FALSE(found.members[0].key_pem);
}

}  // namespace
}  // namespace tombolo::nebula
