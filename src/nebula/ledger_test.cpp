#include "nebula/ledger.hpp"

#include <gtest/gtest.h>

#include "codec/json.hpp"
#include "nebula/print.hpp"
#include "nebula/vectors.hpp"

namespace tombolo::nebula {
namespace {

using std::chrono::seconds;
using test::kNow;
using test::vector_of;
using test::vectors;

Ledger full() {
  Ledger ledger;
  for (const auto& [name, vector] : vectors()) ledger.add(vector.certificate());
  return ledger;
}

TEST(Ledger, ComesBackFromItsTextAndWritesTheSameText) {
  auto ledger = full();
  ASSERT_TRUE(ledger.revoke(vector_of("old-h1.crt").certificate().fingerprint(), kNow));
  const auto text = ledger.to_text();
  const auto back = Ledger::parse(text).value();
  EXPECT_EQ(back.to_text(), text);
  ASSERT_EQ(back.entries().size(), 13u);
  const auto* entry = back.find(vector_of("n2-h1.crt").certificate().fingerprint());
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(*entry, *ledger.find(entry->fingerprint));
  EXPECT_EQ(entry->networks, vector_of("n2-h1.crt").details().networks);
}

TEST(Ledger, HoldsNoPrivateKey) {
  for (const auto& [name, vector] : vectors()) {
    EXPECT_EQ(full().to_text().find(vector.text("key_pem").substr(40, 40)), std::string::npos) << name;
  }
}

TEST(Ledger, AddingTwiceKeepsTheRevocation) {
  auto ledger = full();
  const auto fingerprint = vector_of("old-h1.crt").certificate().fingerprint();
  ASSERT_TRUE(ledger.revoke(fingerprint, kNow));
  ASSERT_TRUE(ledger.revoke(fingerprint, kNow + seconds(5)));
  ledger.add(vector_of("old-h1.crt").certificate());
  EXPECT_EQ(ledger.find(fingerprint)->revoked_at, kNow);
  EXPECT_EQ(ledger.revoked(), std::vector{fingerprint});
  EXPECT_EQ(ledger.revoke(Fingerprint(std::string(64, '0')), kNow).error().code(), Code::kNotFound);
}

TEST(Ledger, KnowsWhatIsValid) {
  auto ledger = full();
  EXPECT_EQ(ledger.valid(kNow).size(), 13u);
  EXPECT_EQ(ledger.valid(kNow, "h1").size(), 2u);
  const Seconds after_the_short_ones{seconds(1830000000)};
  EXPECT_EQ(ledger.valid(after_the_short_ones).size(), 7u);
  ASSERT_TRUE(ledger.revoke(vector_of("n1-h1.crt").certificate().fingerprint(), kNow));
  EXPECT_EQ(ledger.valid(kNow, "h1").size(), 1u);
  EXPECT_TRUE(ledger.valid(vector_of("old-ca.crt").details().not_before - seconds(1)).empty());
}

TEST(Ledger, NothingIsAnEmptyLedgerAndDamageIsNot) {
  EXPECT_TRUE(Ledger::parse("").value().entries().empty());
  const auto text = full().to_text();
  const auto damaged = [&](const std::string& from, const std::string& to) {
    auto copy = text;
    const auto at = copy.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return Ledger::parse(copy.replace(at, from.size(), to));
  };
  for (const auto& got : {Ledger::parse("{}"), Ledger::parse("[]"), Ledger::parse(text.substr(0, text.size() / 2)),
                          damaged("10.42.0.0/16", "10.42.0.0/99"), damaged("\"notAfter\": \"2", "\"notAfter\": \"x"),
                          damaged("\"version\": 1", "\"version\": 3"), damaged("CURVE25519", "CURVE448")}) {
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), Code::kCorrupt) << got.error().sentence();
  }
  EXPECT_EQ(damaged("\"format\": 1", "\"format\": 2").error().code(), Code::kUnsupported);
}

TEST(Print, JsonHasOneShapeForBothVersions) {
  for (const auto& [label, vector] : vectors()) {
    const auto json = to_json(vector.certificate());
    EXPECT_EQ(codec::text_at(json, "fingerprint"), vector.text("fingerprint"));
    EXPECT_EQ(codec::number_at(json, "version"), codec::number_at(vector.json, "version"));
    EXPECT_EQ(codec::text_at(json, "details.name"), vector.text("name"));
    EXPECT_EQ(codec::text_at(json, "details.issuer"), vector.text("issuer"));
    EXPECT_EQ(codec::text_at(json, "details.publicKey"), vector.text("public_key"));
    EXPECT_EQ(codec::text_at(json, "publicKey"), vector.text("public_key"));
    EXPECT_EQ(codec::text_at(json, "curve"), vector.curve() == Curve::kP256 ? "P256" : "CURVE25519");
    for (const char* list : {"details.networks", "details.unsafeNetworks", "details.groups"}) {
      ASSERT_NE(codec::find(json, list), nullptr) << list;
      EXPECT_TRUE(codec::find(json, list)->is_array()) << list;
    }
  }
}

TEST(Print, TextIsNebulasBlock) {
  EXPECT_EQ(
      to_text(vector_of("old-h1.crt").certificate()),
      "NebulaCertificate {\n\tDetails {\n\t\tVersion: 1\n\t\tName: host1\n\t\tNetworks: [\n\t\t\t10.42.0.1/16\n\t\t]\n"
      "\t\tUnsafe networks: [\n\t\t\t192.168.1.0/24\n\t\t]\n\t\tGroups: [\n\t\t\t\"servers\"\n\t\t]\n"
      "\t\tNot before: 2026-11-22T06:02:25Z\n\t\tNot after: 2036-11-19T06:02:24Z\n\t\tIs CA: false\n"
      "\t\tIssuer: 237d8cb291589348b4f03b0082a0c28326decf95f0a2f9c72711972051cbd571\n"
      "\t\tPublic key: d70efbcdb284d90d729ef7d213e7d0c0ac10ee913fa4f87ceb83d0c096d34404\n\t\tCurve: CURVE25519\n\t}\n"
      "\tFingerprint: 4e0d2d475e0420959ff6bb296eb0c0613fd3f9fd50596c5fe0f5b7f529dda24d\n"
      "\tSignature: "
      "f44d1bc7877782cc080f8f40f3ae69153da0763a8e69b2244495a37fbf273b73a4813d4a1d580e416edb345d21799d04dc9bece44b195642"
      "d512e1e9c2c0410b\n}\n");
}

TEST(Print, TextGivesATerminalNoControlCharacters) {
  auto details = vector_of("old-h1.crt").details();
  details.name = "a\x1b[2Jb\x07\xc2\x9b";
  details.groups = {"\x1b]0;"};
  const auto text = to_text(Certificate::assemble(details, Bytes(64, 1)).value());
  EXPECT_NE(text.find("Name: a?[2Jb??\n"), std::string::npos) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace tombolo::nebula
