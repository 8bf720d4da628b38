#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>

#include "base/files.hpp"
#include "cli/commands.hpp"
#include "cli/parse.hpp"
#include "cli/report.hpp"
#include "cli/test_support.hpp"
#include "spec/schema.hpp"

namespace tombolo::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A folder of its own, and the three commands about the cluster file run in it.
class ClusterFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "tombolo-init-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  // `answers`: what a person types; none: nobody is there.
  Exit run(std::vector<std::string> words, const std::string& answers = "", const std::string& file = "tombolo.yaml") {
    screen_ = std::make_unique<testing::Screen>();
    screen_->in.str(answers);
    screen_->console.interactive = !answers.empty();
    screen_->console.json = std::find(words.begin(), words.end(), "json") != words.end();
    words.insert(words.end(), {"-f", path(file)});
    auto parsed = parse(words, command_table());
    if (!parsed) return report(screen_->console, parsed.error());
    const Environment env;
    Invocation call{parsed->args, screen_->console, env, {}};
    auto exit = parsed->command->run(call);
    return exit ? *exit : report(screen_->console, exit.error());
  }
  std::string out() const { return screen_->out.str(); }
  std::string err() const { return screen_->err.str(); }

  std::filesystem::path folder_;
  std::unique_ptr<testing::Screen> screen_;
};

TEST_F(ClusterFile, InitWithDefaultsWritesAFileThatIsGood) {
  EXPECT_EQ(run({"init", "--yes"}), Exit::kDone) << err();
  EXPECT_THAT(out(), HasSubstr("tombolo validate"));
  const auto text = read_file(path("tombolo.yaml")).value();
  EXPECT_THAT(text, ::testing::StartsWith("# yaml-language-server: $schema=tombolo.schema.json\n"));
  EXPECT_THAT(text, HasSubstr("caName: talos-homelab-mesh"));
  EXPECT_EQ(read_file(path("tombolo.schema.json")).value(), spec::schema_text());
  EXPECT_EQ(run({"validate"}), Exit::kDone) << err();
  EXPECT_THAT(out(), HasSubstr("is good: cluster homelab in us-west-2, 3 members, 1 worker pool"));
  EXPECT_THAT(out(), HasSubstr("MTU: 1500 on the Internet, 1300 in the mesh, 1250 for pods."));
}

TEST_F(ClusterFile, FlagsTakeThePlaceOfDefaults) {
  EXPECT_EQ(run({"init", "--yes", "--name", "lab2", "--region", "eu-central-1", "--mesh-cidr", "10.200.0.0/16",
                 "--worker-types", "g5.xlarge,g6.xlarge", "--backup", "ssm", "--backup-target", "/tombolo/ca"}),
            Exit::kDone)
      << err();
  const auto text = read_file(path("tombolo.yaml")).value();
  for (const auto* part :
       {"name: lab2", "region: eu-central-1", "cidr: 10.200.0.0/16", "address: 10.200.1.1", "range: 10.200.2.0/24",
        "instanceTypes: [g5.xlarge, g6.xlarge]", "backup: ssm", "target: /tombolo/ca"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST_F(ClusterFile, AnExistingFileIsLeftAloneWithoutForce) {
  ASSERT_TRUE(write_file(path("tombolo.yaml"), "mine\n", kPublicFile));
  EXPECT_EQ(run({"init", "--yes"}), Exit::kBadInput);
  EXPECT_THAT(err(), HasSubstr("is there already"));
  EXPECT_EQ(read_file(path("tombolo.yaml")).value(), "mine\n");
  EXPECT_FALSE(file_exists(path("tombolo.schema.json")));
  EXPECT_EQ(run({"init", "--yes", "--force"}), Exit::kDone);
  EXPECT_THAT(read_file(path("tombolo.yaml")).value(), Not(HasSubstr("mine")));
}

TEST_F(ClusterFile, WithoutATerminalOrYesNothingIsWritten) {
  EXPECT_EQ(run({"init"}), Exit::kBadInput);
  EXPECT_THAT(err(), HasSubstr("--yes"));
  EXPECT_FALSE(file_exists(path("tombolo.yaml")));
}

TEST_F(ClusterFile, AnswersAreAskedAgainUntilTheyAreGood) {
  const std::string answers = "Home Lab\nlab3\n\n\n\n\n\n\n\n\n\n1password\n\n";
  EXPECT_EQ(run({"init"}, answers), Exit::kDone) << err();
  EXPECT_THAT(err(), HasSubstr("metadata.name \"Home Lab\" is not a name"));
  const auto text = read_file(path("tombolo.yaml")).value();
  EXPECT_THAT(text, HasSubstr("name: lab3\n"));
  EXPECT_THAT(text, HasSubstr("backup: 1password\n"));
  EXPECT_THAT(text, HasSubstr("target: nebula-ca-key\n"));
}

TEST_F(ClusterFile, AnswersThatEndEarlyWriteNothing) {
  EXPECT_EQ(run({"init"}, "lab3\n"), Exit::kCancelled);
  EXPECT_FALSE(file_exists(path("tombolo.yaml")));
}

TEST_F(ClusterFile, ValuesThatCollideAreShownAndNotWritten) {
  EXPECT_EQ(run({"init", "--yes", "--mesh-cidr", "10.52.0.0/16"}), Exit::kBadInput);
  EXPECT_THAT(err(), HasSubstr("cloud.kubernetes.podCIDR 10.52.0.0/16 overlaps mesh.cidr 10.52.0.0/16"));
  EXPECT_FALSE(file_exists(path("tombolo.yaml")));
}

TEST_F(ClusterFile, BadFlagsSayWhatTheFieldWants) {
  EXPECT_EQ(run({"init", "--yes", "--lan-cidr", "192.168.1.54/24"}), Exit::kBadInput);
  EXPECT_THAT(err(), HasSubstr("the network is 192.168.1.0/24"));
  EXPECT_THAT(err(), HasSubstr("--lan-cidr"));
}

TEST_F(ClusterFile, ValidateTellsFaultsAndExitsWithThree) {
  ASSERT_TRUE(write_file(path("tombolo.yaml"),
                         "apiVersion: tombolo/v1\nkind: HybridCluster\nmetadata: {name: a}\nregoin: x\n", kPublicFile));
  EXPECT_EQ(run({"validate"}), Exit::kBadInput);
  EXPECT_THAT(err(), HasSubstr(":4:1: unknown key \"regoin\""));
  EXPECT_THAT(err(), HasSubstr("Did you mean region?"));
  EXPECT_EQ(out(), "");
}

TEST_F(ClusterFile, ValidateSpeaksJson) {
  ASSERT_TRUE(write_file(path("tombolo.yaml"),
                         "apiVersion: tombolo/v1\nkind: HybridCluster\nmetadata: {name: a}\nregoin: x\n", kPublicFile));
  EXPECT_EQ(run({"validate", "-o", "json"}), Exit::kBadInput);
  const auto bad = codec::parse_json(out()).value();
  EXPECT_FALSE(codec::bool_at(bad, "valid", true));
  EXPECT_EQ(codec::number_at(bad, "diagnostics.0.line"), 4);
  EXPECT_EQ(run({"init", "--yes", "--force"}), Exit::kDone);
  EXPECT_EQ(run({"validate", "-o", "json"}), Exit::kDone);
  const auto good = codec::parse_json(out()).value();
  EXPECT_TRUE(codec::bool_at(good, "valid"));
  EXPECT_EQ(codec::number_at(good, "mtu.pods"), 1250);
  EXPECT_EQ(codec::text_at(good, "cluster.metadata.name"), "homelab");
}

TEST_F(ClusterFile, WithoutAFileValidateSaysHowToMakeOne) {
  EXPECT_EQ(run({"validate"}), Exit::kBadInput);
  EXPECT_THAT(err(), HasSubstr("tombolo init"));
}

TEST_F(ClusterFile, SchemaPrintsTheSchema) {
  EXPECT_EQ(run({"schema"}), Exit::kDone);
  EXPECT_EQ(out(), spec::schema_text());
}

}  // namespace
}  // namespace tombolo::cli
