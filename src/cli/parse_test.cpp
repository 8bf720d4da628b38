#include "cli/parse.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/test_support.hpp"

namespace tombolo::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ParseTest : public ::testing::Test {
 protected:
  Parsed parsed(const std::vector<std::string>& words) {
    auto result = parse(words, table_);
    EXPECT_TRUE(result) << (result ? "" : result.error().text());
    return result ? *result : Parsed{};
  }

  std::string refused(const std::vector<std::string>& words) {
    auto result = parse(words, table_);
    EXPECT_FALSE(result);
    if (result) return "";
    EXPECT_EQ(result.error().code(), Code::kBadInput);
    EXPECT_FALSE(result.error().hint().empty());
    return result.error().sentence();
  }

  CommandTable table_ = testing::table_of(testing::sample_commands());
};

TEST_F(ParseTest, FindsCommandsOfOneAndTwoWords) {
  EXPECT_EQ(parsed({"up"}).command->path, "up");
  EXPECT_EQ(parsed({"cert", "sign"}).command->path, "cert sign");
}

TEST_F(ParseTest, GlobalOptionsStandBeforeOrAfterTheCommand) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"-f", "up", "up"}, {"--file=up", "up"}, {"up", "-f", "up"}, {"up", "-fup"}, {"up", "-f=up"}}) {
    const auto result = parsed(words);
    EXPECT_EQ(result.command->path, "up");
    EXPECT_EQ(result.args.value("--file"), "up");
  }
  EXPECT_EQ(parsed({"-o", "json", "cert", "--sim", "sign"}).command->path, "cert sign");
}

TEST_F(ParseTest, FallbacksAreValuesButNotSaid) {
  const auto quiet = parsed({"cert", "sign"}).args;
  EXPECT_EQ(quiet.value("--duration"), "8760h");
  EXPECT_FALSE(quiet.given("--duration"));
  EXPECT_EQ(quiet.value("--file"), "tombolo.yaml");
  EXPECT_EQ(quiet.value("--output"), "text");
  EXPECT_EQ(quiet.value("--name"), "");
  const auto said = parsed({"cert", "sign", "--duration", "24h"}).args;
  EXPECT_EQ(said.value("--duration"), "24h");
  EXPECT_TRUE(said.given("--duration"));
}

TEST_F(ParseTest, AliasesArriveUnderTheFirstLongName) {
  EXPECT_THAT(parsed({"cert", "sign", "--ip", "10.42.0.1/16", "--networks", "fd00::1/64"}).args.values("--networks"),
              ElementsAre("10.42.0.1/16", "fd00::1/64"));
  EXPECT_TRUE(parsed({"up", "-y"}).args.flag("--yes"));
  EXPECT_FALSE(parsed({"up"}).args.flag("--yes"));
}

TEST_F(ParseTest, LongNamesAreTakenWithOneDashAsNebulaCertTakesThem) {
  const auto args = parsed({"cert", "sign", "-name", "home", "-ip=10.42.0.2/16"}).args;
  EXPECT_EQ(args.value("--name"), "home");
  EXPECT_THAT(args.values("--networks"), ElementsAre("10.42.0.2/16"));
}

TEST_F(ParseTest, AfterTwoDashesEverythingIsAnArgument) {
  EXPECT_THAT(parsed({"cert", "print", "a.crt", "--", "--sim", "-x"}).args.arguments(),
              ElementsAre("a.crt", "--sim", "-x"));
  EXPECT_THAT(parsed({"cert", "print", "-"}).args.arguments(), ElementsAre("-"));
  EXPECT_THAT(parsed({"cert", "print", "[a,b]", ""}).args.arguments(), ElementsAre("[a,b]", ""));
}

TEST_F(ParseTest, BehindACommandOfForeignWordsNothingIsOurs) {
  auto commands = testing::sample_commands();
  Command kubectl;
  kubectl.path = "kubectl";
  kubectl.arguments = {{"ARGUMENT", "", false, true, {}}};
  kubectl.foreign_words = true;
  commands.push_back(kubectl);
  table_ = testing::table_of(commands);
  const auto got = parsed({"-f", "other.yaml", "kubectl", "get", "-o", "json", "--help", "--", "-f", "x"});
  EXPECT_EQ(got.request, Request::kRun);
  EXPECT_EQ(got.args.value("--file"), "other.yaml");
  EXPECT_THAT(got.args.arguments(), ElementsAre("get", "-o", "json", "--help", "--", "-f", "x"));
}

TEST_F(ParseTest, NearestNamesAreSuggested) {
  EXPECT_EQ(refused({"donw"}), "there is no command \"donw\"; did you mean down?");
  EXPECT_EQ(refused({"cert", "sing"}), "there is no command \"cert sing\"; did you mean sign?");
  EXPECT_EQ(refused({"up", "--recreat", "mesh"}), "there is no option --recreat; did you mean --recreate?");
  EXPECT_EQ(refused({"up", "--recreate", "lighthose"}),
            "--recreate is lighthouse or mesh, not \"lighthose\"; did you mean lighthouse?");
  EXPECT_EQ(refused({"up", "--xylophone"}), "there is no option --xylophone");
  EXPECT_EQ(refused({"up", "-x"}), "there is no option -x");
  EXPECT_EQ(refused({"up", "-o", "yaml"}), "-o is text or json, not \"yaml\"");
}

TEST_F(ParseTest, AMisspeltOptionBeforeTheCommandIsNamedAndNotItsValue) {
  EXPECT_EQ(refused({"--fil", "x", "up"}),
            "--fil x: before the command only the options of every command may stand; did you mean --file?");
  EXPECT_EQ(refused({"--recreate", "mesh", "up"}),
            "--recreate mesh: before the command only the options of every command may stand");
  EXPECT_EQ(refused({"--sim", "upp"}), "there is no command \"upp\"; did you mean up?");
}

TEST_F(ParseTest, AValueIsNeverTakenFromWhatWasMeantAsSomethingElse) {
  EXPECT_THAT(refused({"down", "--state", "--sim"}), StartsWith("--state needs a value, but --sim follows it"));
  EXPECT_EQ(refused({"down", "--state=", "--sim"}), "the value of --state is empty");
  EXPECT_EQ(refused({"down", "--state", ""}), "the value of --state is empty");
  EXPECT_EQ(refused({"down", "--state"}), "--state needs a value: --state DIR");
  EXPECT_EQ(refused({"down", "--state", "a", "--state", "b"}), "--state is given more than once");
  EXPECT_EQ(refused({"up", "--yes=no"}), "--yes takes no value");
  EXPECT_EQ(parsed({"down", "--state=--sim"}).args.value("--state"), "--sim");
}

TEST_F(ParseTest, ShortOptionsMayBeJoined) {
  const auto args = parsed({"up", "-yo", "json"}).args;
  EXPECT_TRUE(args.flag("--yes"));
  EXPECT_EQ(args.value("--output"), "json");
  EXPECT_EQ(parsed({"up", "-yojson"}).args.value("--output"), "json");
}

TEST_F(ParseTest, ArgumentsAreCountedAndChecked) {
  EXPECT_EQ(refused({"cert", "print"}), "FILE is missing");
  EXPECT_EQ(refused({"up", "now"}), "\"now\" is one argument too many");
  EXPECT_EQ(refused({"completion", "bash", "zsh"}), "\"zsh\" is one argument too many");
  EXPECT_EQ(refused({"completion", "bsh"}), "SHELL is bash or zsh, not \"bsh\"; did you mean bash?");
  EXPECT_EQ(parsed({"completion", "bash"}).args.argument(0), "bash");
  EXPECT_EQ(parsed({"completion", "bash"}).args.argument(1), "");
}

TEST_F(ParseTest, HelpIsAnsweredWhateverElseIsWrong) {
  EXPECT_EQ(parsed({"--help"}).request, Request::kHelp);
  EXPECT_EQ(parsed({"help"}).request, Request::kHelp);
  EXPECT_EQ(parsed({"up", "--nonsense", "-h"}).request, Request::kHelp);
  EXPECT_EQ(parsed({"help", "cert", "sign"}).command->path, "cert sign");
  const auto group = parsed({"cert", "--help"});
  EXPECT_EQ(group.request, Request::kHelp);
  EXPECT_EQ(group.command, nullptr);
  EXPECT_EQ(group.group, "cert");
}

TEST_F(ParseTest, NoCommandIsAMistakeToBeHelpedWith) {
  EXPECT_EQ(parsed({}).request, Request::kUsage);
  EXPECT_EQ(parsed({"--sim"}).request, Request::kUsage);
  EXPECT_EQ(parsed({"cert"}).request, Request::kUsage);
  EXPECT_EQ(parsed({"--version"}).command->path, "version");
}

TEST_F(ParseTest, TheWishForJsonIsKnownBeforeParsing) {
  EXPECT_TRUE(preferences({"up", "-o", "json", "--bad"}).json);
  EXPECT_TRUE(preferences({"-ojson"}).json);
  EXPECT_TRUE(preferences({"--output=json"}).json);
  EXPECT_FALSE(preferences({"up", "--", "-o", "json"}).json);
  EXPECT_TRUE(preferences({"up", "--no-color"}).no_color);
}

TEST(Invocation, StateLiesBesideTheClusterFileUnlessSaid) {
  testing::Screen screen;
  const Environment env;
  Arguments args;
  const Invocation call{.args = args, .console = screen.console, .env = env, .stop = {}};
  EXPECT_EQ(call.file(), "tombolo.yaml");
  EXPECT_EQ(call.state_dir(), ".tombolo");
  args.options["--file"] = {"/home/me/lab/cluster.yaml"};
  EXPECT_EQ(call.state_dir(), "/home/me/lab/.tombolo");
  args.said["--sim"] = true;
  EXPECT_EQ(call.state_dir(), "/home/me/lab/.tombolo-sim");
  args.options["--state"] = {"/var/lib/tombolo"};
  EXPECT_EQ(call.state_dir(), "/var/lib/tombolo");
}

}  // namespace
}  // namespace tombolo::cli
