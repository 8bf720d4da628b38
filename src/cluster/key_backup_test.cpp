#include "cluster/key_backup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "base/temp_folder.hpp"
#include "nebula/layout.hpp"

namespace tombolo::cluster {
namespace {

using testing::HasSubstr;

constexpr crypto::Argon2Cost kQuick{64, 1, 1};
constexpr const char* kName = "nebula-ca-key";

nebula::Authority authority(const std::string& name) {
  return nebula::Authority::create({.name = name, .validity = std::chrono::hours(87600)},
                                   nebula::SigningKey::generate())
      .value();
}

class KeyBackup : public testing::Test {
 protected:
  TempFolder temp;
  store::StateFolder folder = store::StateFolder::make(temp / ".tombolo").value();
  nebula::Layout layout{folder.path()};
  nebula::Authority home = authority("talos-homelab-mesh");
  nebula::Authority stranger = authority("somebody-else");
  std::unique_ptr<store::SecretBackup> place = store::make_file_backup(
      temp / "backup", [](bool) -> Result<Secret<std::string>> { return Secret<std::string>("passphrase"); }, kQuick);

  void keep_here(const nebula::Authority& ca) {
    EXPECT_TRUE(folder.create("nebula/home-ca.key", ca.key().to_pem().expose()));
    EXPECT_TRUE(folder.create("nebula/home-ca.crt", ca.certificate().to_pem()));
  }
  void keep_there(const nebula::Authority& ca) {
    EXPECT_TRUE(place->store(kName, Secret<Bytes>(to_bytes(ca.key().to_pem().expose())), {}));
  }
  void lose(const std::string& path) { EXPECT_TRUE(remove_file(path)); }
};

TEST_F(KeyBackup, ALostKeyComesBack) {
  keep_here(home);
  EXPECT_EQ(*back_up_ca_key(folder, *place, kName, false, {}), Kept::kNew);
  EXPECT_EQ(*back_up_ca_key(folder, *place, kName, false, {}), Kept::kAlready);
  lose(layout.home_ca_key());
  const auto restored = restore_ca_key(folder, *place, {kName}, {});
  ASSERT_TRUE(restored) << restored.error().text();
  EXPECT_EQ(restored->key, Kept::kNew);
  EXPECT_EQ(restored->authority.details().name, "talos-homelab-mesh");
  EXPECT_EQ(*read_file(layout.home_ca_key()), home.key().to_pem().expose());
  EXPECT_EQ(restore_ca_key(folder, *place, {kName}, {})->key, Kept::kAlready) << "a second time changes nothing";
}

TEST_F(KeyBackup, AnotherKeyInThePlaceIsKeptUnlessSaidOtherwise) {
  keep_there(stranger);
  keep_here(home);
  const auto refused = back_up_ca_key(folder, *place, kName, false, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kConflict);
  EXPECT_THAT(refused.error().hint(), HasSubstr("--replace"));
  EXPECT_EQ(*back_up_ca_key(folder, *place, kName, true, {}), Kept::kReplaced);
  EXPECT_EQ(as_text(place->fetch(kName, {})->expose()), home.key().to_pem().expose());
}

TEST_F(KeyBackup, ANewFolderNeedsTheCertificateToo) {
  keep_there(home);
  const auto refused = restore_ca_key(folder, *place, {kName}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kNotFound);
  EXPECT_THAT(refused.error().hint(), HasSubstr("--ca-crt"));
  EXPECT_FALSE(file_exists(layout.home_ca_key()));

  const auto restored = restore_ca_key(folder, *place, {kName, home.certificate().to_pem()}, {});
  ASSERT_TRUE(restored) << restored.error().text();
  EXPECT_EQ(restored->certificate, Kept::kNew);
  EXPECT_EQ(*read_file(layout.home_ca_certificate()), home.certificate().to_pem());
}

TEST_F(KeyBackup, AKeyThatIsHereAndDiffersIsNeverOverwritten) {
  keep_there(stranger);
  keep_here(home);
  const auto refused = restore_ca_key(folder, *place, {kName}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kConflict);
  EXPECT_EQ(*read_file(layout.home_ca_key()), home.key().to_pem().expose());
}

TEST_F(KeyBackup, AKeyOfAnotherAuthorityIsNotRestored) {
  keep_there(stranger);
  keep_here(home);
  lose(layout.home_ca_key());
  const auto refused = restore_ca_key(folder, *place, {kName}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kUntrusted);
  EXPECT_THAT(refused.error().text(), HasSubstr("does not belong to the authority \"talos-homelab-mesh\""));
  EXPECT_FALSE(file_exists(layout.home_ca_key()));
}

TEST_F(KeyBackup, ACertificateThatIsHereAndDiffersFromTheOneGivenIsAConflict) {
  keep_there(home);
  keep_here(home);
  EXPECT_EQ(restore_ca_key(folder, *place, {kName, stranger.certificate().to_pem()}, {}).error().code(),
            Code::kConflict);
}

TEST_F(KeyBackup, AnEncryptedKeyIsKeptAsItIsAndCheckedWithItsPassphrase) {
  const auto encrypted = home.key().to_encrypted_pem(nebula::Passphrase("inner"), kQuick).value();
  ASSERT_TRUE(folder.create("nebula/home-ca.key", encrypted));
  ASSERT_TRUE(folder.create("nebula/home-ca.crt", home.certificate().to_pem()));
  EXPECT_EQ(*back_up_ca_key(folder, *place, kName, false, {}), Kept::kNew) << "needs no passphrase";
  lose(layout.home_ca_key());
  EXPECT_EQ(restore_ca_key(folder, *place, {kName}, {}).error().code(), Code::kBadInput) << "nobody to ask";
  const auto ask = [](bool) -> Result<Secret<std::string>> { return Secret<std::string>("inner"); };
  ASSERT_TRUE(restore_ca_key(folder, *place, {kName, {}, ask}, {}));
  EXPECT_EQ(*read_file(layout.home_ca_key()), encrypted);
}

TEST_F(KeyBackup, AKeyBesideAnotherAuthoritysCertificateIsNotBackedUp) {
  ASSERT_TRUE(folder.create("nebula/home-ca.key", stranger.key().to_pem().expose()));
  ASSERT_TRUE(folder.create("nebula/home-ca.crt", home.certificate().to_pem()));
  const auto refused = back_up_ca_key(folder, *place, kName, false, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kUntrusted);
  EXPECT_FALSE(refused.error().hint().empty());
  EXPECT_FALSE(*place->exists(kName, {}));
}

TEST_F(KeyBackup, WhatIsNoKeyIsNeitherKeptNorRestored) {
  ASSERT_TRUE(folder.create("nebula/home-ca.key", home.certificate().to_pem()));
  EXPECT_EQ(back_up_ca_key(folder, *place, kName, false, {}).error().code(), Code::kUntrusted);
  ASSERT_TRUE(folder.create("nebula/home-ca.crt", home.certificate().to_pem()));
  lose(layout.home_ca_key());
  ASSERT_TRUE(place->store(kName, Secret<Bytes>(to_bytes("a shopping list")), {}));
  EXPECT_EQ(restore_ca_key(folder, *place, {kName}, {}).error().code(), Code::kUntrusted);
  EXPECT_FALSE(file_exists(layout.home_ca_key()));
}

TEST_F(KeyBackup, WithoutAnyKeyTheWaysToOneAreNamed) {
  const auto refused = back_up_ca_key(folder, *place, kName, false, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kNotFound);
  EXPECT_THAT(refused.error().hint(), HasSubstr("tombolo secrets restore"));
}

}  // namespace
}  // namespace tombolo::cluster
