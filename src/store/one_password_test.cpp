// The 1Password backup against a stand-in for `op`: a program that takes only what the 1Password CLI 2 reference documents for
// `document create|edit|get|list`, and refuses in the words of the real one. The real one needs an account.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "base/temp_folder.hpp"
#include "store/secret_backup.hpp"

namespace tombolo::store {
namespace {

using testing::HasSubstr;

// Documents lie beside the program, one folder each: title, vault, content. Every call is written down in `calls`.
constexpr const char* kStandIn = R"sh(#!/bin/sh
home=$(dirname "$0")
printf '%s\n' "$*" >> "$home/calls"
refuse() { printf '[ERROR] 2026/11/26 01:10:52 %s\n' "$1" >&2; exit 1; }
[ -e "$home/says" ] && { cat "$home/says" >&2; exit 1; }
[ "$1" = document ] || refuse "unknown command \"$1\" for \"op\""
action=$2; shift 2
item= source= title= vault= format= file_name=
while [ $# -gt 0 ]; do
  case "$action $1" in
    "create --title") title=$2; shift 2 ;;
    "create --file-name" | "edit --file-name") file_name=$2; shift 2 ;;
    *" --vault") vault=$2; shift 2 ;;
    "list --format") format=$2; shift 2 ;;
    *" --"*) refuse "unknown flag: $1" ;;
    "create "*) source=$1; shift ;;
    "edit "*) if [ -z "$item" ]; then item=$1; else source=$1; fi; shift ;;
    "get "*) item=$1; shift ;;
    *) refuse "accepts at most 0 arg(s)" ;;
  esac
done
case "$vault" in ''|Homelab|Private) ;; *) refuse "\"$vault\" isn't a vault in this account. Specify the vault with its ID or name." ;; esac
found=
for d in "$home"/docs/*/; do
  [ -d "$d" ] || continue
  [ -z "$vault" ] || [ "$(cat "$d/vault")" = "$vault" ] || continue
  if [ "$(cat "$d/title")" = "$item" ] || [ "$(basename "$d")" = "$item" ]; then
    [ -z "$found" ] || refuse "More than one item matches \"$item\". Try again and specify the item by its ID:"
    found=$d
  fi
done
no_item() {
  if [ -n "$vault" ]; then refuse "\"$item\" isn't an item in the \"$vault\" vault. Specify the item with its UUID, name, or domain."; fi
  refuse "\"$item\" isn't an item. Specify the item with its UUID, name, or domain."
}
case "$action" in
  create)
    [ "$source" = - ] || refuse "expected a file or -"
    id=doc$(ls "$home/docs" | wc -l)
    mkdir "$home/docs/$id"
    printf '%s' "$title" > "$home/docs/$id/title"
    printf '%s' "${vault:-Private}" > "$home/docs/$id/vault"
    cat > "$home/docs/$id/content"
    printf '{"uuid":"%s","createdAt":"2026-11-26T01:10:52Z"}\n' "$id" ;;
  edit)
    [ -n "$found" ] || no_item
    [ "$source" = - ] || refuse "expected a file or -"
    cat > "$found/content" ;;
  get) [ -n "$found" ] || no_item; cat "$found/content" ;;
  list)
    [ "$format" = json ] || refuse "the stand-in only lists as JSON"
    separator='['
    for d in "$home"/docs/*/; do
      [ -d "$d" ] || continue
      [ -z "$vault" ] || [ "$(cat "$d/vault")" = "$vault" ] || continue
      printf '%s{"id":"%s","title":"%s","version":1,"vault":{"id":"v","name":"%s"}}' "$separator" "$(basename "$d")" "$(cat "$d/title")" "$(cat "$d/vault")"
      separator=,
    done
    [ "$separator" = '[' ] && printf '['
    printf ']\n' ;;
  *) refuse "unknown command \"$action\" for \"op document\"" ;;
esac
)sh";

class OnePassword : public testing::Test {
 protected:
  OnePassword() {
    EXPECT_TRUE(write_file(temp / "op", kStandIn, 0700));
    EXPECT_TRUE(make_private_folder(temp / "docs"));
  }
  std::unique_ptr<SecretBackup> backup(const std::string& vault = "Homelab") {
    return make_one_password_backup({vault, temp / "op"});
  }
  std::string calls() { return read_file(temp / "calls").value(); }
  Error refusal_when_it_says(const std::string& text) {
    EXPECT_TRUE(write_file(temp / "says", text, 0600));
    const auto answer = backup()->fetch(kCaKeyBackupName, {});
    EXPECT_FALSE(answer);
    return answer ? Error(Code::kInternal, "") : answer.error();
  }

  TempFolder temp;
  const Secret<Bytes> key{to_bytes("-----BEGIN NEBULA ED25519 PRIVATE KEY-----\nc2VjcmV0\n")};
};

TEST_F(OnePassword, KeepsTheKeyUnderTheRecipesName) {
  ASSERT_FALSE(*backup()->exists(kCaKeyBackupName, {}));
  const auto stored = backup()->store(kCaKeyBackupName, key, {});
  ASSERT_TRUE(stored) << stored.error().text();
  EXPECT_TRUE(*backup()->exists(kCaKeyBackupName, {}));
  EXPECT_EQ(backup()->fetch(kCaKeyBackupName, {})->expose(), key.expose());
  EXPECT_THAT(calls(),
              HasSubstr("document create - --title nebula-ca-key --file-name nebula-ca-key.key --vault Homelab\n"));
  EXPECT_THAT(backup()->place(kCaKeyBackupName), "the 1Password document nebula-ca-key in the vault Homelab");
}

TEST_F(OnePassword, TheKeyIsNeverAnArgument) {
  ASSERT_TRUE(backup()->store(kCaKeyBackupName, key, {}));
  ASSERT_TRUE(backup()->store(kCaKeyBackupName, key, {}));
  ASSERT_TRUE(backup()->fetch(kCaKeyBackupName, {}));
  EXPECT_THAT(calls(), testing::Not(HasSubstr("c2VjcmV0")));
}

TEST_F(OnePassword, AnotherKeyReplacesTheDocumentAndMakesNoSecondOne) {
  ASSERT_TRUE(backup()->store(kCaKeyBackupName, key, {}));
  ASSERT_TRUE(backup()->store(kCaKeyBackupName, Secret<Bytes>(to_bytes("another")), {}));
  EXPECT_EQ(as_text(backup()->fetch(kCaKeyBackupName, {})->expose()), "another");
}

TEST_F(OnePassword, WithoutAVaultTheAccountsDefaultIsUsed) {
  ASSERT_TRUE(backup("")->store(kCaKeyBackupName, key, {}));
  EXPECT_EQ(*read_file(temp / "docs/doc0/vault"), "Private");
  EXPECT_FALSE(*backup("Homelab")->exists(kCaKeyBackupName, {}));
}

TEST_F(OnePassword, AnAbsentDocumentIsNotFoundInEitherWording) {
  for (const auto* vault : {"", "Homelab"}) {
    const auto absent = backup(vault)->fetch(kCaKeyBackupName, {});
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().code(), Code::kNotFound);
    EXPECT_THAT(absent.error().hint(), HasSubstr("tombolo secrets backup"));
  }
}

TEST_F(OnePassword, SeveralOfOneNameAreForAHumanToSort) {
  ASSERT_TRUE(backup("Homelab")->store(kCaKeyBackupName, key, {}));
  ASSERT_TRUE(backup("Private")->store(kCaKeyBackupName, key, {}));
  EXPECT_EQ(backup("")->fetch(kCaKeyBackupName, {}).error().code(), Code::kConflict);
  EXPECT_EQ(backup("")->store(kCaKeyBackupName, key, {}).error().code(), Code::kConflict);
}

TEST_F(OnePassword, AnAbsentVaultIsNamed) {
  const auto refused = backup("Attic")->store(kCaKeyBackupName, key, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kBadInput);
  EXPECT_THAT(refused.error().text(), HasSubstr("\"Attic\" isn't a vault in this account"));
  EXPECT_THAT(refused.error().hint(), HasSubstr("op vault list"));
}

TEST_F(OnePassword, AnAbsentProgramIsNamedWithOtherPlaces) {
  const auto refused = make_one_password_backup({"", temp / "no-op"})->fetch(kCaKeyBackupName, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kUnsupported);
  EXPECT_THAT(refused.error().hint(), HasSubstr("version 2"));
}

TEST_F(OnePassword, NotSignedInSaysHowToSignIn) {
  for (const auto* text :
       {"[ERROR] 2026/11/26 01:10:52 You are not currently signed in. Please run `op signin --help` for instructions\n",
        "No accounts configured for use with 1Password CLI.\n",
        "[ERROR] 2026/11/26 01:10:52 no account found for filter my\n",
        "[ERROR] 2026/11/26 01:10:52 authorization prompt dismissed, please try again\n"}) {
    const auto error = refusal_when_it_says(text);
    EXPECT_EQ(error.code(), Code::kCredentials) << text;
    EXPECT_THAT(error.hint(), HasSubstr("op signin"));
    EXPECT_THAT(error.text(), testing::Not(HasSubstr("[ERROR]")));
  }
}

TEST_F(OnePassword, VersionOneIsRecognised) {
  EXPECT_EQ(refusal_when_it_says("[ERROR] 2026/11/26 01:10:52 unknown command \"document\" for \"op\"\n").code(),
            Code::kUnsupported);
}

TEST_F(OnePassword, WhatNobodyForesawIsSaidInItsOwnWords) {
  const auto error = refusal_when_it_says("[ERROR] 2026/11/26 01:10:52 (429) Too Many Requests\nmore\n");
  EXPECT_EQ(error.code(), Code::kIo);
  EXPECT_EQ(error.text(), "op: (429) Too Many Requests");
  EXPECT_THAT(refusal_when_it_says("").text(), HasSubstr("status 1"));
}

}  // namespace
}  // namespace tombolo::store
