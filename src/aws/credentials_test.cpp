#include "aws/credentials.hpp"

#include <sys/stat.h>

#include "aws/credential_sources.hpp"
#include "aws/sigv4.hpp"
#include "aws/test_support.hpp"
#include "base/files.hpp"
#include "base/temp_folder.hpp"

namespace tombolo::aws {
namespace {

using ::testing::HasSubstr;

// A home folder with AWS files in it, and the network as a script.
class Chain : public ::testing::Test {
 protected:
  Chain() {
    options.environment.variables = {
        {"HOME", home.path()}, {"AWS_EC2_METADATA_DISABLED", "true"}, {"PATH", "/usr/bin:/bin"}};
  }

  void config(const std::string& text) { put("config", text); }
  void credentials(const std::string& text) { put("credentials", text); }
  void set(const std::string& name, const std::string& value) { options.environment.variables[name] = value; }
  Result<Credentials> find() { return CredentialStore::chain(clock, aws, options)->current({}); }

  // A program in the home folder.
  std::string program(const std::string& name, const std::string& script) {
    EXPECT_TRUE(write_file(home / name, "#!/bin/sh\n" + script, 0700));
    return home / name;
  }
  void answer_assume_role(const std::string& call, const std::string& key) {
    aws.then(
        200,
        fmt::format(
            "<{0}Response><{0}Result><Credentials><AccessKeyId>{1}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
            "<SessionToken>t</SessionToken><Expiration>2026-11-26T13:00:00Z</Expiration></Credentials></{0}Result></"
            "{0}Response>",
            call, key));
  }
  // The error must be one of credentials and say all of `words`.
  void refused(std::initializer_list<const char*> words) {
    const auto found = find();
    ASSERT_FALSE(found) << "found " << found->source;
    EXPECT_EQ(found.error().code(), Code::kCredentials) << found.error().text();
    for (const char* word : words) EXPECT_THAT(found.error().text() + "\n" + found.error().hint(), HasSubstr(word));
  }

  TempFolder home;
  VirtualClock clock{noon()};
  Script aws;
  ChainOptions options;

 private:
  void put(const std::string& name, const std::string& text) {
    ASSERT_TRUE(make_private_folder(home / ".aws"));
    ASSERT_TRUE(write_file(home / ".aws/" + name, text, kPrivateFile));
  }
};

TEST_F(Chain, TheEnvironmentComesFirst) {
  credentials("[default]\naws_access_key_id=FILE\naws_secret_access_key=s\n");
  set("AWS_ACCESS_KEY_ID", "ENV");
  set("AWS_SECRET_ACCESS_KEY", "secret");
  set("AWS_SESSION_TOKEN", "token");
  const auto found = find();
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->access_key, "ENV");
  EXPECT_EQ(found->session_token.expose(), "token");
}

TEST_F(Chain, AProfileAskedForComesBeforeTheEnvironmentButAwsProfileDoesNot) {
  credentials("[work]\naws_access_key_id=WORK\naws_secret_access_key=s\n");
  set("AWS_ACCESS_KEY_ID", "ENV");
  set("AWS_SECRET_ACCESS_KEY", "secret");
  set("AWS_PROFILE", "work");
  EXPECT_EQ(find()->access_key, "ENV");
  options.profile = "work";
  EXPECT_EQ(find()->access_key, "WORK");
}

TEST_F(Chain, HalfASetOfKeysIsSaid) {
  set("AWS_ACCESS_KEY_ID", "ENV");
  refused({"AWS_SECRET_ACCESS_KEY is not"});
  options.environment.variables.erase("AWS_ACCESS_KEY_ID");
  credentials("[default]\naws_access_key_id=A\n");
  refused({"aws_secret_access_key"});
}

TEST_F(Chain, NothingAnywhereListsWhatWasTriedAndWhatToDo) {
  refused({"AWS_ACCESS_KEY_ID", "profile \"default\"", "instance role", "aws configure"});
}

TEST_F(Chain, AnUnknownProfileNamesTheKnownOnes) {
  config("[profile work]\nregion=eu-west-1\n");
  set("AWS_PROFILE", "wrok");
  refused({"wrok", "work"});
}

TEST_F(Chain, KeysOfTheProfileInEitherFile) {
  config("[default]\naws_access_key_id=CONFIG\naws_secret_access_key=s\n");
  EXPECT_EQ(find()->access_key, "CONFIG");
  credentials("[default]\naws_access_key_id=FILE\naws_secret_access_key=s\naws_session_token=t\n");
  EXPECT_EQ(find()->access_key, "FILE");
  EXPECT_EQ(find()->source, "profile default");
}

TEST_F(Chain, CredentialProcessIsRunWithoutAShell) {
  const std::string tool = program("get keys",
                                   "echo "
                                   "'{\"Version\":1,\"AccessKeyId\":\"'\"$1\"'\",\"SecretAccessKey\":\"s\","
                                   "\"SessionToken\":\"t\",\"Expiration\":\"2026-11-26T13:00:00Z\"}'\n");
  config("[default]\ncredential_process = \"" + tool + "\" '$HOME;x'\n");
  const auto found = find();
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->access_key, "$HOME;x");
  EXPECT_EQ(*found->expires, noon() + 1h);
}

TEST_F(Chain, AFailingCredentialProcessIsToldInItsOwnWords) {
  config("[default]\ncredential_process = " + program("fails", "echo 'the vault is locked' >&2; exit 3\n") + "\n");
  refused({"status 3", "the vault is locked"});
  config("[default]\ncredential_process = " + program("odd", "echo '{\"Version\":2}'\n") + "\n");
  refused({"another version"});
  config("[default]\ncredential_process = /no/such/program\n");
  refused({"/no/such/program"});
}

TEST_F(Chain, ARoleIsAssumedWithTheKeysOfItsSource) {
  config(
      "[profile base]\n[profile admin]\nrole_arn=arn:aws:iam::1:role/admin\nsource_profile=base\nexternal_id=e "
      "1\nduration_seconds=900\n");
  credentials("[base]\naws_access_key_id=BASE\naws_secret_access_key=s\n");
  options.profile = "admin";
  options.region = "eu-west-1";
  answer_assume_role("AssumeRole", "ROLE");
  const auto found = find();
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->access_key, "ROLE");
  EXPECT_EQ(*found->expires, noon() + 1h);
  EXPECT_EQ(aws.requests.at(0).url, "https://sts.eu-west-1.amazonaws.com/");
  EXPECT_EQ(read_signature(aws.requests.at(0))->access_key, "BASE");
  const auto form = aws.form(0);
  EXPECT_EQ(codec::field(form, "Action"), "AssumeRole");
  EXPECT_EQ(codec::field(form, "RoleArn"), "arn:aws:iam::1:role/admin");
  EXPECT_EQ(codec::field(form, "ExternalId"), "e 1");
  EXPECT_EQ(codec::field(form, "DurationSeconds"), "900");
}

TEST_F(Chain, RolesMayStandOnRolesButNotInACircle) {
  config("[profile a]\nrole_arn=r:a\nsource_profile=b\n[profile b]\nrole_arn=r:b\nsource_profile=c\n");
  credentials("[c]\naws_access_key_id=C\naws_secret_access_key=s\n");
  options.profile = "a";
  answer_assume_role("AssumeRole", "B");
  answer_assume_role("AssumeRole", "A");
  EXPECT_EQ(find()->access_key, "A");
  EXPECT_EQ(read_signature(aws.requests.at(1))->access_key, "B");
  config("[profile a]\nrole_arn=r:a\nsource_profile=b\n[profile b]\nrole_arn=r:b\nsource_profile=a\n");
  refused({"detour"});
}

TEST_F(Chain, AProfileMayAssumeARoleWithItsOwnKeys) {
  config("[profile a]\nrole_arn=r:a\nsource_profile=a\n");
  credentials("[a]\naws_access_key_id=OWN\naws_secret_access_key=s\n");
  options.profile = "a";
  answer_assume_role("AssumeRole", "ROLE");
  EXPECT_EQ(find()->access_key, "ROLE");
  EXPECT_EQ(read_signature(aws.requests.at(0))->access_key, "OWN");
}

TEST_F(Chain, ARoleWithoutASourceOrWithMfaIsExplained) {
  config("[default]\nrole_arn=r:a\n");
  refused({"source_profile"});
  config(
      "[default]\nrole_arn=r:a\nsource_profile=b\nmfa_serial=arn:aws:iam::1:mfa/me\n[profile "
      "b]\naws_access_key_id=B\naws_secret_access_key=s\n");
  refused({"MFA", "export-credentials"});
}

TEST_F(Chain, CredentialSourceEnvironmentLendsItsKeys) {
  config("[profile a]\nrole_arn=r:a\ncredential_source=Environment\n");
  set("AWS_ACCESS_KEY_ID", "ENV");
  set("AWS_SECRET_ACCESS_KEY", "secret");
  options.profile = "a";
  answer_assume_role("AssumeRole", "ROLE");
  EXPECT_EQ(find()->access_key, "ROLE");
  EXPECT_EQ(read_signature(aws.requests.at(0))->access_key, "ENV");
}

TEST_F(Chain, AWebIdentityIsExchangedUnsigned) {
  ASSERT_TRUE(write_file(home / "token", "ey.token\n", kPrivateFile));
  set("AWS_WEB_IDENTITY_TOKEN_FILE", home / "token");
  set("AWS_ROLE_ARN", "arn:aws:iam::1:role/ci");
  answer_assume_role("AssumeRoleWithWebIdentity", "WEB");
  const auto found = find();
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->access_key, "WEB");
  EXPECT_EQ(net::header(aws.requests.at(0).headers, "authorization"), "");
  EXPECT_EQ(codec::field(aws.form(0), "WebIdentityToken"), "ey.token");
}

TEST_F(Chain, SsoProfilesGoThroughTheAwsCli) {
  config("[profile corp]\nsso_session=corp\nsso_account_id=1\nsso_role_name=r\n");
  options.profile = "corp";
  options.external_program =
      program("aws",
              "[ \"$*\" = 'configure export-credentials --profile corp --format process' ] || exit 9\n"
              "echo '{\"Version\":1,\"AccessKeyId\":\"SSO\",\"SecretAccessKey\":\"s\",\"SessionToken\":\"t\"}'\n");
  EXPECT_EQ(find()->access_key, "SSO");
  options.external_program =
      program("aws-without-login", "echo 'Error loading SSO Token: Token for corp does not exist' >&2; exit 255\n");
  refused({"Token for corp does not exist", "aws sso login --profile corp"});
  options.external_program = program("aws-v1", "echo 'Invalid choice' >&2; exit 2\n");
  refused({"version 1", "version 2"});
  options.external_program = home / "no-aws";
  refused({"not installed"});
}

TEST_F(Chain, AContainerHandsOutKeys) {
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:99/creds");
  set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Bearer x");
  aws.then(200, R"({"AccessKeyId":"C","SecretAccessKey":"s","Token":"t","Expiration":"2026-11-26T18:00:00Z"})");
  const auto found = find();
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->access_key, "C");
  EXPECT_EQ(net::header(aws.requests.at(0).headers, "authorization"), "Bearer x");
}

TEST_F(Chain, AContainersTokenIsNotSentToStrangersInTheClear) {
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/creds");
  refused({"http://example.com/creds"});
  EXPECT_TRUE(aws.requests.empty());
}

TEST_F(Chain, AnInstanceAsksItsMetadataServiceWithAToken) {
  options.environment.variables.erase("AWS_EC2_METADATA_DISABLED");
  aws.then(200, "TOKEN")
      .then(200, "my-role\n")
      .then(
          200,
          R"({"Code":"Success","AccessKeyId":"I","SecretAccessKey":"s","Token":"t","Expiration":"2026-11-26T18:00:00Z"})");
  const auto found = find();
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->access_key, "I");
  EXPECT_EQ(aws.requests.at(0).method, "PUT");
  EXPECT_EQ(aws.requests.at(0).url, "http://169.254.169.254/latest/api/token");
  EXPECT_EQ(aws.requests.at(2).url, "http://169.254.169.254/latest/meta-data/iam/security-credentials/my-role");
  EXPECT_EQ(net::header(aws.requests.at(2).headers, "x-aws-ec2-metadata-token"), "TOKEN");
}

TEST_F(Chain, OutsideEc2TheMetadataServiceIsSimplyAbsent) {
  options.environment.variables.erase("AWS_EC2_METADATA_DISABLED");
  aws.then(Code::kUnreachable);
  refused({"no AWS credentials were found"});
}

TEST_F(Chain, ManyThreadsFetchOnce) {
  set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
  aws.then([&](const net::Request&) -> Result<net::Response> {
    clock.sleep_for(2s, {});  // a slow answer, during which the others come and wait
    return net::Response{200, {}, R"({"AccessKeyId":"C","SecretAccessKey":"s","Token":"t"})"};
  });
  const auto store = CredentialStore::chain(clock, aws, options);
  std::mutex mutex;
  int done = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 5; ++i)
    threads.push_back(clock.start([&](const std::stop_token& stop) {
      EXPECT_TRUE(store->current(stop));
      {
        std::lock_guard guard(mutex);
        ++done;
      }
      clock.notify();
    }));
  std::unique_lock lock(mutex);
  EXPECT_TRUE(clock.wait(lock, noon() + 1h, {}, [&] { return done == 5; }));
  lock.unlock();
  EXPECT_EQ(aws.requests.size(), 1u);
}

TEST(Command, IsSplitAsAShellWould) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(*split_command("a  b"), (Words{"a", "b"}));
  EXPECT_EQ(*split_command("'a b' \"c \\\" d\" e\\ f"), (Words{"a b", "c \" d", "e f"}));
  EXPECT_EQ(*split_command("x='' \"\" y"), (Words{"x=", "", "y"}));
  EXPECT_EQ(*split_command("  "), Words{});
  EXPECT_FALSE(split_command("a 'b"));
}

TEST(Credentials, SecretsDoNotPrint) {
  const Credentials keys = some_keys();
  EXPECT_EQ(fmt::format("{}", keys.secret_key), "***");
}

}  // namespace
}  // namespace tombolo::aws
